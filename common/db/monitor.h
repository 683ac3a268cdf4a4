// Knows whether the database answers, also while nobody asks it anything: health must tell the
// truth when a service is idle.
//
// Threading: one thread of its own; `on_change` runs on it. status() may be called from any thread.
//
//   DatabaseMonitor monitor(options, absl::Milliseconds(500), [&](const absl::Status& status) {
//     server.SetServing("muster.intake.v1.Intake", status.ok(), status.message());
//   });
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/db/database.h"

namespace muster {

class DatabaseMonitor {
 public:
  using OnChange = std::function<void(const absl::Status&)>;

  // A database that does not answer within this time is away.
  static constexpr absl::Duration kPatience = absl::Seconds(2);

  // Asks at once and then every `interval`; calls `on_change` after the first answer, and whenever
  // good turns bad or bad turns good.
  DatabaseMonitor(DatabaseOptions options, absl::Duration interval, OnChange on_change);
  ~DatabaseMonitor();

  absl::Status status() const;

 private:
  void Run(DatabaseOptions options, absl::Duration interval);

  const OnChange on_change_;
  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  absl::Status status_;
  std::thread thread_;
};

}  // namespace muster
