// A program run by a test: its output by lines, signals, its end.
//
//   Process server(BinDir() + "/muster-intake", {"--listen=127.0.0.1:0"});
//   std::optional<std::string> line = server.WaitForLine("\"msg\":\"listening\"");
//   server.Signal(SIGTERM);
//   REQUIRE(server.Wait() == 0);
//
// The child dies with this process (PR_SET_PDEATHSIG), so that a test that crashes leaves nothing
// behind.
//
// Threading: thread-safe, apart from construction and destruction.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace muster {

// Where the build puts programs (MUSTER_TEST_BIN, which ctest sets).
std::string BinDir();
// The root of the source tree (MUSTER_SOURCE_DIR).
std::string SourceDir();

struct ProcessOptions {
  std::map<std::string, std::string> env;  // added to this process's own
  std::string working_dir;                 // "" is this process's
  std::string user;                        // run as this user; needs root
  std::string input;                       // what it reads from stdin; then end of file
  bool keep_stdin_open = false;            // for Write(); otherwise stdin ends after `input`
  int death_signal = 9;                    // what it gets when this process ends
};

class Process {
 public:
  static constexpr absl::Duration kWait = absl::Seconds(20);

  // Throws std::runtime_error when the program cannot be started.
  Process(const std::string& program, const std::vector<std::string>& args,
          const ProcessOptions& options = {});
  // Kills it if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void Signal(int signal);
  // The exit code, 128 + signal when a signal ended it; nothing when it still runs after `limit`.
  std::optional<int> Wait(absl::Duration limit = kWait);
  // The first line of stderr or stdout that contains `part`, from line `from` on, as soon as there
  // is one; nothing when the program ends or `limit` passes without.
  std::optional<std::string> WaitForLine(const std::string& part, absl::Duration limit = kWait);

  void Write(const std::string& text);
  void CloseStdin();

  // What it has written so far.
  std::string Stdout() const;
  std::string Stderr() const;

 private:
  void ReadOutput(int out_fd, int err_fd);
  bool Reap(bool block);

  pid_t pid_ = -1;
  int stdin_fd_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_, err_;
  bool ended_output_ = false;
  std::optional<int> exit_code_;
  std::thread reader_;
};

}  // namespace muster
