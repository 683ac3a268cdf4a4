// A clock that goes only when told.
//
// Threading: thread-safe.
//
//   FakeClock clock;  clock.Advance(absl::Seconds(30));
#pragma once

#include <mutex>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace muster {

class FakeClock : public Clock {
 public:
  // Begins at a round time, so that failures read well: 2026-01-01 00:00:00 UTC.
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1767225600)) : now_(now) {}

  absl::Time Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void Advance(absl::Duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }
  void Set(absl::Time now) {
    std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  mutable std::mutex mutex_;
  absl::Time now_;
};

}  // namespace muster
