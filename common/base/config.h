// Configuration of a program: flags before environment before file, and --help, --version,
// --config FILE and --check-config for all of them.
//
// Threading: used by main alone, before anything starts.
//
//   struct IntakeConfig { std::string listen = "127.0.0.1:7401"; absl::Duration drain = ...; };
//   IntakeConfig config;
//   ConfigParser parser({.program = "muster-intake", .description = "Tickets and queues",
//                        .env_prefix = "MUSTER_INTAKE_"});
//   parser.Add("listen", &config.listen, "address to listen on");
//   parser.Add("database-url", &config.url, "PostgreSQL", {.env = "MUSTER_DATABASE_URL",
//                                                          .secret = true});
//   parser.Add("batch", &config.batch, "most mutations a commit", {.min = 1, .max = 1000});
//   if (std::optional<int> code = parser.Parse(argc, argv)) return *code;
//
// Flag `drain-limit` is --drain-limit, MUSTER_INTAKE_DRAIN_LIMIT, and `drain-limit = 10s` in the
// file (one `key = value` a line, # comments, strings may be quoted). Durations read "500ms",
// "1m30s". A key in the file that no flag has is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace muster {

// A connection string without its password: for logs, and what --check-config prints.
std::string RedactUrl(const std::string& url);

struct ProgramInfo {
  std::string program;
  std::string description;
  std::string env_prefix;  // such as "MUSTER_INTAKE_"
};

struct FlagOptions {
  // A second environment name, shared by programs; the prefixed one goes first.
  std::string env;
  // A password in it is not printed by --check-config.
  bool secret = false;
  // Bounds of numbers; for durations in seconds. Durations are never negative.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

class ConfigParser {
 public:
  explicit ConfigParser(ProgramInfo info);
  ~ConfigParser();
  ConfigParser(const ConfigParser&) = delete;
  ConfigParser& operator=(const ConfigParser&) = delete;

  // `*value` holds the default, and is overwritten by Parse. It must outlive the parser.
  void Add(std::string_view flag, std::string* value, std::string_view help, FlagOptions o = {});
  void Add(std::string_view flag, int* value, std::string_view help, FlagOptions o = {});
  void Add(std::string_view flag, int64_t* value, std::string_view help, FlagOptions o = {});
  void Add(std::string_view flag, double* value, std::string_view help, FlagOptions o = {});
  // --flag, --flag=true, --flag=false
  void Add(std::string_view flag, bool* value, std::string_view help, FlagOptions o = {});
  void Add(std::string_view flag, absl::Duration* value, std::string_view help, FlagOptions o = {});

  // A check over several values, run once all are known.
  void AddCheck(std::function<absl::Status()> check);

  // Nothing when the program should go on. Otherwise the exit code: 0 after --help, --version and
  // a good --check-config (which prints the effective configuration), 2 when misused, with the
  // reason on stderr.
  std::optional<int> Parse(int argc, const char* const* argv);

  // The effective configuration, as a file that --config reads; secrets are left out.
  std::string Effective() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
