// What has to be done from time to time: health, gauges, and forgetting what is old.
//
// Threading: two threads of its own, one for what is quick and one for what blocks.
//
//   Chores chores(options, parts);    // until destroyed
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/intake/feed/ticket_feed.h"
#include "services/intake/metrics.h"
#include "services/intake/standing/standing_desk.h"
#include "services/intake/storage/store.h"
#include "services/intake/writer.h"

namespace muster::intake {

struct ChoresOptions {
  absl::Duration observe = absl::Seconds(1);
  absl::Duration sweep = absl::Minutes(1);
};

struct ChoresParts {
  Store& store;
  Writer& writer;
  TicketFeed& feed;
  StandingDesk& desk;
  IntakeMetrics& metrics;
  const Clock& clock;
  std::function<void()> tell_health;
};

class Chores {
 public:
  Chores(ChoresOptions options, ChoresParts parts);
  ~Chores();
  Chores(const Chores&) = delete;
  Chores& operator=(const Chores&) = delete;

 private:
  // Waits; false when it is time to stop.
  bool Wait(absl::Duration duration);
  void Observe();
  void Sweep();

  const ChoresOptions options_;
  const ChoresParts parts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool counting_ = false;
  std::thread observer_;
  std::thread sweeper_;
};

}  // namespace muster::intake
