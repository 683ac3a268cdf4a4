// What muster-availability can be told by flags, environment and file.
//
// Threading: used by main alone.
//
//   Config config;
//   if (std::optional<int> code = ReadConfig(argc, argv, &config)) return *code;
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster::availability {

struct Config {
  std::string listen = "127.0.0.1:7402";
  std::string advertise;  // host and port that other processes reach this one at; made of `listen`
  std::string metrics_listen = "127.0.0.1:7412";
  std::string database_url;
  std::string node_id;  // made of host and address if empty
  std::string log_level = "info";
  int database_connections = 4;
  int max_batch = 512;
  int max_calls = 20'000;
  absl::Duration call_target = absl::Milliseconds(250);
  absl::Duration lease = absl::Seconds(30);
  absl::Duration heartbeat_interval;  // a third of the lease if zero
  absl::Duration grace = absl::Seconds(10);
  absl::Duration node_lease = absl::Seconds(3);
  double hello_rate = 5'000;
  absl::Duration act_timeout = absl::Seconds(10);
  absl::Duration feed_poll = absl::Seconds(1);
  absl::Duration feed_progress = absl::Seconds(5);
  absl::Duration drain_limit = absl::Seconds(10);
  int64_t feed_queue = 100'000;
  int64_t link_queue = 20'000;
};

// Nothing when the program should go on, else its exit code.
std::optional<int> ReadConfig(int argc, const char* const* argv, Config* config);

}  // namespace muster::availability
