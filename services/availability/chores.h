// What has to be done from time to time: leases and deadlines, other nodes' changes, metrics, and
// forgetting what is old.
//
// Threading: two threads of its own, one for what must be on time and one for what blocks.
//
//   Chores chores(options, parts);    // until destroyed
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/availability/session/metrics.h"
#include "services/availability/session/router.h"
#include "services/availability/session/sessions.h"
#include "services/availability/storage/store.h"
#include "services/availability/writer.h"

namespace muster::availability {

struct ChoresOptions {
  absl::Duration tick = absl::Milliseconds(50);
  absl::Duration feed_poll = absl::Seconds(1);
  absl::Duration observe = absl::Seconds(1);
  absl::Duration count_presences = absl::Seconds(15);
  absl::Duration forget = absl::Minutes(1);
  // For how long a feed can be resumed past a deletion.
  absl::Duration deletion_memory = absl::Hours(1);
};

// `hub` and `counts` outlive the store, the others this.
struct ChoresParts {
  Store& store;
  AgentHub& hub;
  Sessions& sessions;
  SessionTable& table;
  Router& router;
  Counts& counts;
  const Clock& clock;
  const Clock& steady;  // see Router
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
  void RunTimer();
  void RunForget();
  void PollFeeds();
  void Observe();
  void CountPresences();

  const ChoresOptions options_;
  const ChoresParts parts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  // Shared with the reads, which may end later than this.
  const std::shared_ptr<std::atomic<bool>> polling_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<std::atomic<bool>> counting_ = std::make_shared<std::atomic<bool>>(false);
  std::thread timer_;
  std::thread forgetter_;
};

}  // namespace muster::availability
