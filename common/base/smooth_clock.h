// The time of day without its jumps: goes on evenly, and follows the wall clock by going a little
// faster or slower. So an hour's jump is no hour for those who wait, and nothing goes back.
//
// A deadline that another part compares with the wall clock must not be made of it.
//
// Threading: thread-safe.
//
//   SmoothClock clock(SystemClock(), BootClock());
//   absl::Time now = clock.Now();
#pragma once

#include <mutex>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace muster {

class SmoothClock final : public Clock {
 public:
  // How much faster or slower than it should: one part in so many. An hour is made up in 100 hours,
  // and what a time service corrects by, some milliseconds, at once.
  static constexpr int kSlewPart = 100;

  // Both outlive it. `steady` only counts as far as it differs between two moments.
  SmoothClock(const Clock& wall, const Clock& steady);

  absl::Time Now() const override;

 private:
  const Clock& wall_;
  const Clock& steady_;
  mutable std::mutex mutex_;
  mutable absl::Time time_;
  mutable absl::Time last_steady_;
};

}  // namespace muster
