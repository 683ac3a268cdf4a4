#include "tests/support/postgres.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/db/pqxx_compat.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"

namespace muster {
namespace {

constexpr int kStartTries = 5;  // each with another port
constexpr absl::Duration kStartLimit = absl::Seconds(60);
constexpr absl::Duration kStopLimit = absl::Seconds(30);

// PostgreSQL refuses to run as root.
std::string ServerUser() { return geteuid() == 0 ? "postgres" : ""; }

// Debian keeps the server's programs off the PATH, a folder for each version.
std::string ServerProgram(const std::string& name) {
  std::string best;
  int best_version = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    int version = std::atoi(entry.path().filename().c_str());
    std::string candidate = entry.path() / "bin" / name;
    if (version > best_version && access(candidate.c_str(), X_OK) == 0) {
      best = candidate;
      best_version = version;
    }
  }
  if (best.empty()) throw std::runtime_error(name + " is not installed (package postgresql)");
  return best;
}

std::string MakeFolder(const std::string& parent) {
  const std::filesystem::path above =
      parent.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(parent);
  std::string name = above / "muster-postgres-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  if (!ServerUser().empty()) {
    const passwd* user = getpwnam(ServerUser().c_str());
    if (user == nullptr || chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw std::runtime_error("cannot give the folder to user " + ServerUser());
    }
  }
  return name;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::ifstream list(absl::StrCat("/proc/", parent, "/task/", parent, "/children"));
  for (pid_t pid; list >> pid;) children.push_back(pid);
  return children;
}

}  // namespace

PrivatePostgres::PrivatePostgres(PostgresOptions options)
    : options_(std::move(options)), folder_(MakeFolder(options_.parent)) {
  InitCluster();
  Start();
}

PrivatePostgres::~PrivatePostgres() {
  Stop("immediate");
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PrivatePostgres::InitCluster() {
  ProcessOptions as_server;
  as_server.user = ServerUser();
  as_server.working_dir = folder_;
  Process init(ServerProgram("initdb"),
               {"-D", folder_ + "/data", "-U", "postgres", "-A", "trust", "--no-sync",
                "--no-instructions", "-E", "UTF8", "--locale=C"},
               as_server);
  if (init.Wait(kStartLimit) != 0) throw std::runtime_error("initdb: " + init.Stderr());
}

bool PrivatePostgres::TryStart() {
  ProcessOptions as_server;
  as_server.user = ServerUser();
  as_server.working_dir = folder_;
  as_server.death_signal = SIGQUIT;  // an immediate shutdown, which takes the backends along
  std::vector<std::string> settings = {"listen_addresses=127.0.0.1",
                                       absl::StrCat("port=", port_),
                                       "unix_socket_directories=" + folder_,
                                       options_.fsync ? "fsync=on" : "fsync=off",
                                       "max_connections=200",
                                       "shared_buffers=64MB",
                                       "log_min_messages=warning"};
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  std::vector<std::string> args = {"-D", folder_ + "/data"};
  for (const std::string& setting : settings) {
    args.push_back("-c");
    args.push_back(setting);
  }
  server_ = std::make_unique<Process>(ServerProgram("postgres"), args, as_server);
  auto answers = [this] {
    if (!server_->running()) return true;
    try {
      return pqxx::connection(Url()).is_open();
    } catch (const std::exception&) {
      return false;
    }
  };
  return Eventually(answers, kStartLimit) && server_->running();
}

void PrivatePostgres::Start() {
  std::lock_guard lock(mutex_);
  if (server_ != nullptr && server_->running()) return;
  bool keep_port = port_ != 0;
  std::string log;
  for (int i = 0; i < kStartTries; ++i) {
    if (!keep_port) port_ = FreePort();
    if (TryStart()) return;
    log = server_->Stderr();
    server_ = nullptr;
  }
  throw std::runtime_error("PostgreSQL does not start: " + log);
}

void PrivatePostgres::Stop(const std::string& mode) {
  std::lock_guard lock(mutex_);
  if (server_ == nullptr) return;
  SignalAll(SIGCONT);  // a paused server would not hear the next one
  server_->Signal(mode == "immediate" ? SIGQUIT : SIGINT);
  server_->Wait(kStopLimit);
  server_ = nullptr;  // kills what is still there
}

void PrivatePostgres::Restart(const std::string& mode) {
  Stop(mode);
  Start();
}

void PrivatePostgres::SignalAll(int signal) {
  server_->Signal(signal);
  for (pid_t child : ChildrenOf(server_->pid())) kill(child, signal);
}

void PrivatePostgres::Pause() {
  std::lock_guard lock(mutex_);
  SignalAll(SIGSTOP);
}

void PrivatePostgres::Resume() {
  std::lock_guard lock(mutex_);
  SignalAll(SIGCONT);
}

std::string PrivatePostgres::Url(const std::string& database) const {
  return absl::StrCat("postgresql://postgres@127.0.0.1:", port_, "/", database);
}

std::string PrivatePostgres::CreateDatabase() {
  std::string name;
  {
    std::lock_guard lock(mutex_);
    name = absl::StrCat("test_", ++databases_);
  }
  pqxx::connection connection(Url());
  pqxx::nontransaction(connection).exec("CREATE DATABASE " + name);
  return Url(name);
}

int PrivatePostgres::pid() const {
  std::lock_guard lock(mutex_);
  return server_ == nullptr ? -1 : server_->pid();
}

std::string PrivatePostgres::Log() const {
  std::lock_guard lock(mutex_);
  return server_ == nullptr ? "" : server_->Stderr();
}

PrivatePostgres& SharedPostgres() {
  static PrivatePostgres postgres;
  return postgres;
}

}  // namespace muster
