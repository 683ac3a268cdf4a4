#include "services/cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "absl/time/clock.h"

namespace muster::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;
// The handler writes to it, so that a poll on the other end wakes up.
int wake_pipe[2] = {-1, -1};
termios saved_terminal;

void OnSignal(int number) {
  if (interrupted != 0) _exit(128 + number);
  interrupted = 1;
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = write(wake_pipe[1], &byte, 1);
}

int PollMillis(absl::Duration wait) {
  return static_cast<int>(std::min<int64_t>(absl::ToInt64Milliseconds(wait), 1 << 30));
}

}  // namespace

void CatchInterrupts() {
  if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

void WaitForInterrupt(absl::Duration duration) {
  pollfd wake = {wake_pipe[0], POLLIN, 0};
  if (!Interrupted()) poll(&wake, 1, PollMillis(duration));
}

void ClearScreen() {
  if (StdoutIsTerminal()) fputs("\033[H\033[2J", stdout);
}

bool StdoutIsTerminal() { return isatty(STDOUT_FILENO) != 0; }
bool StdinIsTerminal() { return isatty(STDIN_FILENO) != 0; }

Keys::Keys() {
  if (!StdinIsTerminal() || tcgetattr(STDIN_FILENO, &saved_terminal) != 0) return;
  termios raw = saved_terminal;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

Keys::~Keys() {
  if (raw_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
}

std::optional<char> Keys::Next(absl::Duration wait) {
  pollfd ends[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_pipe[0], POLLIN, 0}};
  if (ended_) ends[0].fd = -1;
  if (Interrupted() || poll(ends, 2, PollMillis(wait)) <= 0) return std::nullopt;
  if ((ends[0].revents & (POLLIN | POLLHUP)) == 0) return std::nullopt;
  char key = 0;
  if (read(STDIN_FILENO, &key, 1) <= 0) {
    ended_ = true;
    return std::nullopt;
  }
  if (key == '\n' && !raw_) return std::nullopt;
  return key;
}

}  // namespace muster::cli
