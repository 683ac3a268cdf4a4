#include "services/matcher/config.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/config.h"
#include "common/base/errors.h"
#include "common/obs/log.h"

namespace muster::matcher {
namespace {

constexpr size_t kMaxNodeIdCharacters = 64;  // availability's limit for a matcher's id

std::string HostName() {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return host;
}

std::string DefaultNodeId(const std::string& listen) {
  return absl::StrCat(HostName(), "/", listen).substr(0, kMaxNodeIdCharacters);
}

// A wildcard is no address for others: the host's name is.
std::string DefaultAdvertise(const std::string& listen) {
  for (const absl::string_view wildcard : {"0.0.0.0:", "[::]:"}) {
    if (!absl::StartsWith(listen, wildcard)) continue;
    return absl::StrCat(HostName(), ":", listen.substr(wildcard.size()));
  }
  return "";
}

absl::Status Check(Config* config) {
  if (config->database_url.empty()) {
    return InvalidField("database-url", "must be set (or MUSTER_DATABASE_URL)");
  }
  if (config->intake.empty()) return InvalidField("intake", "must be an address");
  if (config->availability.empty()) return InvalidField("availability", "must be an address");
  if (!SetLogLevel(config->log_level)) {
    return InvalidField("log-level", "must be debug, info, warning or error");
  }
  if (config->advertise.empty()) config->advertise = DefaultAdvertise(config->listen);
  if (config->node_id.empty()) config->node_id = DefaultNodeId(config->listen);
  if (config->node_id.size() > kMaxNodeIdCharacters) {
    return InvalidField("node-id",
                        absl::StrCat("must be at most ", kMaxNodeIdCharacters, " characters"));
  }
  if (config->lease_renew * 3 > config->lease) {
    return InvalidField("lease-renew", "must be at most a third of the lease");
  }
  return absl::OkStatus();
}

void AddServing(ConfigParser& parser, Config* config) {
  parser.Add("listen", &config->listen, "address to listen on");
  parser.Add("advertise", &config->advertise,
             "address at which other matchers reach this one (as --listen)");
  parser.Add("metrics-listen", &config->metrics_listen, "address for Prometheus; empty is off");
  parser.Add("intake", &config->intake, "address of intake", {.env = "MUSTER_INTAKE"});
  parser.Add("availability", &config->availability, "address of availability",
             {.env = "MUSTER_AVAILABILITY"});
  parser.Add("database-url", &config->database_url, "PostgreSQL",
             {.env = "MUSTER_DATABASE_URL", .secret = true});
  parser.Add("node-id", &config->node_id, "names this matcher (made of host and address)");
  parser.Add("log-level", &config->log_level, "debug, info, warning or error");
}

void AddLimits(ConfigParser& parser, Config* config) {
  parser.Add("database-connections", &config->database_connections, "connections for reads",
             {.min = 1, .max = 100});
  parser.Add("max-calls", &config->max_calls, "most calls that are under way at once",
             {.min = 32, .max = 1e6});
  parser.Add("call-target", &config->call_target,
             "calls are refused before more than a few take longer than this",
             {.min = 0.001, .max = 60});
  parser.Add("max-batch", &config->max_batch, "most writes that share a commit",
             {.min = 1, .max = 1024});
  parser.Add("max-writes-queued", &config->max_writes_queued,
             "most writes that wait for a commit; then matching pauses", {.min = 1, .max = 1e6});
  parser.Add("sequencers", &config->sequencers, "threads that run pools", {.min = 1, .max = 64});
  parser.Add("lease", &config->lease, "how long a matcher that is gone keeps its pools from others",
             {.min = 0.5, .max = 60});
  parser.Add("lease-renew", &config->lease_renew, "how often the lease is renewed",
             {.min = 0.01, .max = 20});
  parser.Add("max-pools", &config->max_pools, "most pools that this matcher takes",
             {.min = 1, .max = 10'000});
  parser.Add("max-moves", &config->max_moves, "most pools that are handed over at a time",
             {.min = 1, .max = 10'000});
  parser.Add("pool-poll", &config->pool_poll, "how often intake is asked which pools there are",
             {.min = 0.01, .max = 60});
  parser.Add(
      "lost-after", &config->lost_after,
      "accepted work of an agent who is out of reach for this long goes to another; 0 is never",
      {.max = 86'400});
  parser.Add("node-poll", &config->node_poll, "how often availability is asked which nodes it has",
             {.min = 0.01, .max = 60});
  parser.Add("feed-silence", &config->feed_silence, "a feed that says nothing for so long is dead",
             {.min = 0.1, .max = 600});
  parser.Add("health-tolerance", &config->health_tolerance,
             "how long a feed may be away before health says so", {.max = 600});
  parser.Add("decision-age", &config->decision_age, "how long the log of decisions goes back",
             {.min = 60, .max = 365 * 86400.0});
  parser.Add("decision-rows", &config->decision_rows, "most decisions that are kept of a pool",
             {.min = 1000, .max = 1e9});
  parser.Add("tape-bytes", &config->tape_bytes,
             "most memory for the tape of a pool's run (`muster matcher record`); 0 is off",
             {.max = 1 << 30});
  parser.Add("monitor-interval", &config->monitor_interval,
             "how often the database is asked whether it is there", {.min = 0.01, .max = 60});
  parser.Add("drain-limit", &config->drain_limit, "how long calls and records may take at SIGTERM",
             {.max = 600});
}

}  // namespace

std::optional<int> ReadConfig(int argc, const char* const* argv, Config* config) {
  ConfigParser parser({.program = "muster-matcher",
                       .description = "Offers and assignments",
                       .env_prefix = "MUSTER_MATCHER_"});
  AddServing(parser, config);
  AddLimits(parser, config);
  parser.AddCheck([config] { return Check(config); });
  return parser.Parse(argc, argv);
}

}  // namespace muster::matcher
