#include "services/availability/config.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/config.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "services/availability/domain/limits.h"
#include "services/availability/domain/validate.h"

namespace muster::availability {
namespace {

constexpr int kMaxNodeIdCharacters = 128;

// The same after a restart, so that a node finds the sessions that it left; another for each node.
std::string DefaultNodeId(const std::string& listen) {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "/", listen);
}

absl::Status Check(Config* config) {
  if (config->database_url.empty()) {
    return InvalidField("database-url", "must be set (or MUSTER_DATABASE_URL)");
  }
  if (!SetLogLevel(config->log_level)) {
    return InvalidField("log-level", "must be debug, info, warning or error");
  }
  if (config->heartbeat_interval == absl::ZeroDuration()) {
    config->heartbeat_interval = config->lease / 3;
  }
  if (config->heartbeat_interval >= config->lease) {
    return InvalidField("heartbeat-interval", "must be shorter than the lease");
  }
  if (config->node_id.empty()) config->node_id = DefaultNodeId(config->listen);
  return ValidateCharacters(config->node_id, 1, kMaxNodeIdCharacters, "node-id");
}

}  // namespace

std::optional<int> ReadConfig(int argc, const char* const* argv, Config* config) {
  ConfigParser parser({.program = "muster-availability",
                       .description = "Agents, their presence and their links",
                       .env_prefix = "MUSTER_AVAILABILITY_"});
  parser.Add("listen", &config->listen, "address to listen on");
  parser.Add("advertise", &config->advertise,
             "host:port at which matchers and other nodes reach this very process (what it listens "
             "on; the host's name if that is any address)");
  parser.Add("metrics-listen", &config->metrics_listen, "address for Prometheus; empty is off");
  parser.Add("database-url", &config->database_url, "PostgreSQL",
             {.env = "MUSTER_DATABASE_URL", .secret = true});
  parser.Add("node-id", &config->node_id,
             "names this node among others; the same after a restart (made of host and address)");
  parser.Add("log-level", &config->log_level, "debug, info, warning or error");
  parser.Add("database-connections", &config->database_connections, "connections for reads",
             {.min = 1, .max = 100});
  parser.Add("max-calls", &config->max_calls, "most calls that are under way at once",
             {.min = 32, .max = 1e6});
  parser.Add("call-target", &config->call_target,
             "calls are refused before more than a few take longer than this",
             {.min = 0.001, .max = 60});
  parser.Add("max-batch", &config->max_batch, "most writes that share a commit",
             {.min = 1, .max = 512});
  parser.Add("lease", &config->lease, "without a sign of life for this long, a session ends",
             {.min = 0.05, .max = 3600});
  parser.Add("heartbeat-interval", &config->heartbeat_interval,
             "how often agents are asked for a sign of life (a third of the lease)", {.max = 3600});
  parser.Add("grace", &config->grace,
             "how long an agent whose link ended keeps its presence before it goes OFFLINE",
             {.max = 3600});
  parser.Add("node-lease", &config->node_lease,
             "a node that is silent for this long is taken for dead by the others",
             {.min = 0.1, .max = 60});
  parser.Add("hello-rate", &config->hello_rate,
             "most hellos a second; more are told when to come again", {.min = 1, .max = 1e6});
  parser.Add("act-timeout", &config->act_timeout, "how long the matcher may take to answer an act",
             {.min = 0.01, .max = 60});
  parser.Add("feed-poll", &config->feed_poll, "how often other nodes' changes are looked for",
             {.min = 0.01, .max = 60});
  parser.Add("feed-progress", &config->feed_progress, "how often an idle feed says how far it is",
             {.min = 0.01, .max = 600});
  parser.Add("drain-limit", &config->drain_limit, "how long calls may take to end at SIGTERM",
             {.max = 600});
  parser.Add("feed-queue", &config->feed_queue, "most agents that wait for one reader of a feed",
             {.min = 1, .max = 10e6});
  // Less would cut who returns, each time: all that it missed is put into the queue at once.
  parser.Add("link-queue", &config->link_queue, "most frames that wait for one link",
             {.min = 2.0 * kMaxOutboxFrames, .max = 10e6});
  parser.AddCheck([config] { return Check(config); });
  return parser.Parse(argc, argv);
}

}  // namespace muster::availability
