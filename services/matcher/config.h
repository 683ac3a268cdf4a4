// What muster-matcher can be told by flags, environment and file.
//
// Threading: used by main alone.
//
//   Config config;
//   if (std::optional<int> code = ReadConfig(argc, argv, &config)) return *code;
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster::matcher {

struct Config {
  std::string listen = "127.0.0.1:7403";
  std::string metrics_listen = "127.0.0.1:7413";
  std::string intake = "127.0.0.1:7401";
  std::string availability = "127.0.0.1:7402";
  std::string database_url;
  std::string node_id;    // made of host and address if empty
  std::string advertise;  // as `listen` if empty
  std::string log_level = "info";
  absl::Duration decision_age = absl::Hours(24 * 7);
  int64_t decision_rows = 1'000'000;
  int database_connections = 4;
  int max_batch = 512;
  int max_calls = 20'000;
  absl::Duration call_target = absl::Milliseconds(250);
  int max_writes_queued = 20'000;
  int sequencers = 1;
  int max_pools = 2'000;
  int max_moves = 8;
  absl::Duration lease = absl::Seconds(2);
  absl::Duration lease_renew = absl::Milliseconds(300);
  absl::Duration pool_poll = absl::Milliseconds(500);
  absl::Duration lost_after = absl::Minutes(2);
  absl::Duration node_poll = absl::Milliseconds(500);
  absl::Duration feed_silence = absl::Seconds(20);
  absl::Duration health_tolerance = absl::Seconds(2);
  int tape_bytes = 8 << 20;
  absl::Duration monitor_interval = absl::Milliseconds(500);
  absl::Duration drain_limit = absl::Seconds(10);
};

// Nothing when the program should go on, else its exit code.
std::optional<int> ReadConfig(int argc, const char* const* argv, Config* config);

}  // namespace muster::matcher
