#include "tests/support/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "absl/time/clock.h"

extern char** environ;

namespace muster {
namespace {

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; run ctest");
  return value;
}

struct Pipe {
  Pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    read = fds[0];
    write = fds[1];
  }
  int read, write;
};

// All that the child needs, made before fork: between fork and exec nothing may allocate.
struct Plan {
  std::vector<std::string> strings;
  std::vector<char*> argv, envp;
  const char* program;
  const char* working_dir;
  bool change_user = false;
  passwd user{};
  pid_t parent;
  int death_signal;
  int in, out, err, report;
};

// Runs in the child. Reports errno through the pipe when it fails; success closes the pipe.
[[noreturn]] void BecomeProgram(Plan& plan) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  bool good = dup2(plan.in, 0) >= 0 && dup2(plan.out, 1) >= 0 && dup2(plan.err, 2) >= 0;
  if (good && plan.change_user) {
    good = setgroups(0, nullptr) == 0 && setgid(plan.user.pw_gid) == 0 &&
           setuid(plan.user.pw_uid) == 0;
  }
  // After setuid, which clears it.
  good = good && prctl(PR_SET_PDEATHSIG, plan.death_signal) == 0 && getppid() == plan.parent;
  good = good && (*plan.working_dir == '\0' || chdir(plan.working_dir) == 0);
  if (good) execve(plan.program, plan.argv.data(), plan.envp.data());
  int error = errno;
  (void)!write(plan.report, &error, sizeof(error));
  _exit(127);
}

// PR_SET_PDEATHSIG goes by the parent's thread, not its process: so all children have one parent
// thread that lives as long as the process.
class Nursery {
 public:
  Nursery() {
    std::thread([this] { Run(); }).detach();
  }

  pid_t Fork(Plan& plan) {
    std::lock_guard one_at_a_time(callers_);
    std::unique_lock lock(mutex_);
    plan_ = &plan;
    changed_.notify_all();
    changed_.wait(lock, [this] { return plan_ == nullptr; });
    return child_;
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return plan_ != nullptr; });
      child_ = fork();
      if (child_ == 0) BecomeProgram(*plan_);
      plan_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex callers_, mutex_;
  std::condition_variable changed_;
  Plan* plan_ = nullptr;
  pid_t child_ = -1;
};

pid_t ForkFromNursery(Plan& plan) {
  static Nursery* nursery = new Nursery;
  return nursery->Fork(plan);
}

void FillEnvironment(const ProcessOptions& options, std::vector<std::string>& out) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    if (options.env.count(text.substr(0, text.find('='))) == 0) out.push_back(std::move(text));
  }
  for (const auto& [name, value] : options.env) out.push_back(name + "=" + value);
}

void WriteAll(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

std::optional<std::string> FindLine(const std::string& text, const std::string& part) {
  size_t at = text.find(part);
  if (at == std::string::npos) return std::nullopt;
  size_t end = text.find('\n', at);
  if (end == std::string::npos) return std::nullopt;  // not whole yet
  size_t begin = text.rfind('\n', at);
  begin = begin == std::string::npos ? 0 : begin + 1;
  return text.substr(begin, end - begin);
}

}  // namespace

std::string BinDir() { return FromEnvironment("MUSTER_TEST_BIN"); }
std::string SourceDir() { return FromEnvironment("MUSTER_SOURCE_DIR"); }

Process::Process(const std::string& program, const std::vector<std::string>& args,
                 const ProcessOptions& options) {
  signal(SIGPIPE, SIG_IGN);  // a child that is gone shows in Wait, not by killing the test
  std::vector<std::string> arguments = {program}, environment;
  arguments.insert(arguments.end(), args.begin(), args.end());
  FillEnvironment(options, environment);
  Plan plan;
  for (std::string& text : arguments) plan.argv.push_back(text.data());
  for (std::string& text : environment) plan.envp.push_back(text.data());
  plan.argv.push_back(nullptr);
  plan.envp.push_back(nullptr);
  plan.program = program.c_str();
  plan.working_dir = options.working_dir.c_str();
  if (!options.user.empty()) {
    const passwd* user = getpwnam(options.user.c_str());
    if (user == nullptr) throw std::runtime_error("no such user: " + options.user);
    plan.user = *user;
    plan.change_user = true;
  }
  Pipe in, out, err, report;
  plan.parent = getpid();
  plan.death_signal = options.death_signal;
  plan.in = in.read;
  plan.out = out.write;
  plan.err = err.write;
  plan.report = report.write;
  pid_ = ForkFromNursery(plan);
  for (int fd : {in.read, out.write, err.write, report.write}) close(fd);
  int error = pid_ < 0 ? EAGAIN : 0;
  if (pid_ > 0) (void)!read(report.read, &error, sizeof(error));
  close(report.read);
  if (error != 0) {
    for (int fd : {in.write, out.read, err.read}) close(fd);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    throw std::runtime_error("cannot run " + program + ": " + std::strerror(error));
  }
  stdin_fd_ = in.write;
  reader_ = std::thread([this, o = out.read, e = err.read] { ReadOutput(o, e); });
  if (!options.input.empty()) Write(options.input);
  if (!options.keep_stdin_open) CloseStdin();
}

Process::~Process() {
  if (running()) {
    kill(pid_, SIGCONT);
    kill(pid_, SIGKILL);
    Reap(/*block=*/true);
  }
  CloseStdin();
  reader_.join();
}

void Process::ReadOutput(int out_fd, int err_fd) {
  pollfd fds[2] = {{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}};
  std::string* sinks[2] = {&out_, &err_};
  char buffer[16384];
  // A grandchild may keep the pipes open after the child has ended: hence the time-out.
  constexpr int kLookMillis = 50;
  int open = 2;
  while (open > 0) {
    int ready = poll(fds, 2, kLookMillis);
    if (ready == 0) {
      std::lock_guard lock(mutex_);
      if (exit_code_.has_value()) break;
      continue;
    }
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      ssize_t n = read(fds[i].fd, buffer, sizeof(buffer));
      if (n <= 0) {
        close(fds[i].fd);
        fds[i].fd = -1;
        --open;
        continue;
      }
      std::lock_guard lock(mutex_);
      sinks[i]->append(buffer, static_cast<size_t>(n));
      changed_.notify_all();
    }
  }
  for (pollfd& entry : fds) {
    if (entry.fd >= 0) close(entry.fd);
  }
  std::lock_guard lock(mutex_);
  ended_output_ = true;
  changed_.notify_all();
}

bool Process::Reap(bool block) {
  std::lock_guard lock(mutex_);
  if (exit_code_.has_value()) return true;
  int status = 0;
  pid_t result;
  do {
    result = waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (result < 0 && errno == EINTR);
  if (result == 0) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

bool Process::running() { return !Reap(/*block=*/false); }

void Process::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

std::optional<int> Process::Wait(absl::Duration limit) {
  absl::Time give_up = absl::Now() + limit;
  constexpr absl::Duration kPause = absl::Milliseconds(2);
  while (!Reap(/*block=*/false)) {
    if (absl::Now() >= give_up) return std::nullopt;
    absl::SleepFor(kPause);
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_output_; });  // all of its output is there
  return exit_code_;
}

std::optional<std::string> Process::WaitForLine(const std::string& part, absl::Duration limit) {
  absl::Time give_up = absl::Now() + limit;
  std::unique_lock lock(mutex_);
  while (true) {
    if (auto line = FindLine(err_, part)) return line;
    if (auto line = FindLine(out_, part)) return line;
    absl::Duration left = give_up - absl::Now();
    if (ended_output_ || left <= absl::ZeroDuration()) return std::nullopt;
    changed_.wait_for(lock, absl::ToChronoMicroseconds(left));
  }
}

void Process::Write(const std::string& text) {
  if (stdin_fd_ >= 0) WriteAll(stdin_fd_, text);
}

void Process::CloseStdin() {
  if (stdin_fd_ >= 0) close(stdin_fd_);
  stdin_fd_ = -1;
}

std::string Process::Stdout() const {
  std::lock_guard lock(mutex_);
  return out_;
}

std::string Process::Stderr() const {
  std::lock_guard lock(mutex_);
  return err_;
}

}  // namespace muster
