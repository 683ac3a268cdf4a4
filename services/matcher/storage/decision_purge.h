// Keeps the log of decisions within its bounds, in the background, a few rows at a time.
//
// Threading: a thread of its own, with its own connection; made and ended by one thread.
//
//   DecisionPurger purger(database, {.age = absl::Hours(24)}, SystemClock());    // until destroyed
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/db/database.h"

namespace muster::matcher {

struct DecisionBounds {
  absl::Duration age = absl::Hours(24 * 7);
  int64_t rows = 1'000'000;  // of each pool: the newest
  int batch = 5'000;         // rows deleted in one transaction
  int batches = 20;          // of each pool at a time; what is left is the next round's
};

// From each pool the oldest rows that are beyond the bounds. How many in all.
absl::StatusOr<int64_t> PurgeDecisions(Connection& connection, const DecisionBounds& bounds,
                                       absl::Time now);

class DecisionPurger {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);

  DecisionPurger(DatabaseOptions database, DecisionBounds bounds, const Clock& clock);
  ~DecisionPurger();
  DecisionPurger(const DecisionPurger&) = delete;
  DecisionPurger& operator=(const DecisionPurger&) = delete;

 private:
  void Run();
  void Purge();

  const DecisionBounds bounds_;
  const Clock& clock_;
  Connection connection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace muster::matcher
