// What muster-intake can be told by flags, environment and file.
//
// Threading: used by main alone.
//
//   Config config;
//   if (std::optional<int> code = ReadConfig(argc, argv, &config)) return *code;
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster::intake {

struct Config {
  std::string listen = "127.0.0.1:7401";
  std::string metrics_listen = "127.0.0.1:7411";
  std::string database_url;
  std::string node_id;  // made of host and address if empty
  std::string log_level = "info";
  int database_connections = 4;
  int max_batch = 512;
  int max_calls = 20'000;
  absl::Duration call_target = absl::Milliseconds(250);
  int max_writes_queued = 20'000;
  absl::Duration feed_poll = absl::Milliseconds(50);
  absl::Duration feed_progress = absl::Seconds(5);
  int64_t feed_queue = 100'000;
  absl::Duration standing_interval = absl::Seconds(1);
  absl::Duration sweep_interval = absl::Minutes(1);
  absl::Duration archive_after = absl::Hours(24);
  absl::Duration monitor_interval = absl::Milliseconds(500);
  absl::Duration drain_limit = absl::Seconds(10);
};

// Nothing when the program should go on, else its exit code.
std::optional<int> ReadConfig(int argc, const char* const* argv, Config* config);

}  // namespace muster::intake
