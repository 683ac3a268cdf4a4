#include "services/intake/config.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/config.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "services/intake/domain/validate.h"

namespace muster::intake {
namespace {

constexpr int kMaxNodeIdCharacters = 128;

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
  if (config->node_id.empty()) config->node_id = DefaultNodeId(config->listen);
  return ValidateCharacters(config->node_id, 1, kMaxNodeIdCharacters, "node-id");
}

}  // namespace

std::optional<int> ReadConfig(int argc, const char* const* argv, Config* config) {
  ConfigParser parser({.program = "muster-intake",
                       .description = "Pools, queues and tickets",
                       .env_prefix = "MUSTER_INTAKE_"});
  parser.Add("listen", &config->listen, "address to listen on");
  parser.Add("metrics-listen", &config->metrics_listen, "address for Prometheus; empty is off");
  parser.Add("database-url", &config->database_url, "PostgreSQL",
             {.env = "MUSTER_DATABASE_URL", .secret = true});
  parser.Add("node-id", &config->node_id, "names this node in its log (made of host and address)");
  parser.Add("log-level", &config->log_level, "debug, info, warning or error");
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
             "most writes that wait for a commit; more are RESOURCE_EXHAUSTED",
             {.min = 1, .max = 1e6});
  parser.Add("feed-poll", &config->feed_poll, "how often other nodes' changes are looked for",
             {.min = 0.01, .max = 60});
  parser.Add("feed-progress", &config->feed_progress, "how often an idle feed says how far it is",
             {.min = 0.01, .max = 600});
  parser.Add("feed-queue", &config->feed_queue, "most rows that wait for one reader of a feed",
             {.min = 1, .max = 10e6});
  parser.Add("standing-interval", &config->standing_interval,
             "how often a customer hears of a new position, at most", {.min = 0.01, .max = 60});
  parser.Add("sweep-interval", &config->sweep_interval, "how often what is old is deleted or moved",
             {.min = 0.1, .max = 86400});
  parser.Add("archive-after", &config->archive_after,
             "when a ticket that has ended moves out of the table of work; 0: never", {.max = 1e9});
  parser.Add("monitor-interval", &config->monitor_interval,
             "how often the database is asked whether it is there", {.min = 0.01, .max = 60});
  parser.Add("drain-limit", &config->drain_limit, "how long calls may take to end at SIGTERM",
             {.max = 600});
  parser.AddCheck([config] { return Check(config); });
  return parser.Parse(argc, argv);
}

}  // namespace muster::intake
