// A PostgreSQL of the test's own: a cluster in a temporary folder, on a free port of 127.0.0.1.
//
// One cluster a test program, one database a test case:
//
//   std::string url = SharedPostgres().CreateDatabase();   // "postgresql://postgres@127.0.0.1:..."
//
// A test that stops or restarts the server makes a PrivatePostgres of its own. It ends with the
// object, and with the process.
//
// Threading: thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster {

class Process;

struct PostgresOptions {
  bool fsync = false;                      // true where the test is about what survives a crash
  std::vector<std::string> settings = {};  // "max_connections=200", on top of the defaults
  std::string parent = "";                 // of its folder; the temporary folder if empty
};

class PrivatePostgres {
 public:
  // Throws std::runtime_error, with the server's log, when it does not come up.
  explicit PrivatePostgres(PostgresOptions options = {});
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  // A new, empty database, and the url that leads to it. The server must be running.
  std::string CreateDatabase();
  std::string Url(const std::string& database = "postgres") const;
  int port() const { return port_; }
  // Of the server's first process, while it runs.
  int pid() const;
  const std::string& folder() const { return folder_; }

  // "fast": sessions are cut, what is committed is written. "immediate": as if it had crashed.
  void Stop(const std::string& mode = "fast");
  // On the same port as before, also after it died by itself; returns when it takes connections.
  void Start();
  void Restart(const std::string& mode = "fast");

  // Stalls the server: sockets stay open, nobody answers. Until Resume.
  void Pause();
  void Resume();

  std::string Log() const;

 private:
  void InitCluster();
  bool TryStart();
  void SignalAll(int signal);

  const PostgresOptions options_;
  mutable std::mutex mutex_;
  std::string folder_;
  int port_ = 0;
  int databases_ = 0;
  std::unique_ptr<Process> server_;
};

// One for the whole test program, made at first use.
PrivatePostgres& SharedPostgres();

}  // namespace muster
