#include "common/base/smooth_clock.h"

#include <algorithm>

namespace muster {

SmoothClock::SmoothClock(const Clock& wall, const Clock& steady)
    : wall_(wall), steady_(steady), time_(wall.Now()), last_steady_(steady.Now()) {}

absl::Time SmoothClock::Now() const {
  std::lock_guard lock(mutex_);
  const absl::Time steady = steady_.Now();
  // Whole microseconds, which is what records hold; the rest is counted the next time.
  const absl::Duration elapsed = absl::Floor(steady - last_steady_, absl::Microseconds(1));
  last_steady_ += elapsed;
  time_ += elapsed;
  const absl::Duration most = absl::Floor(elapsed / kSlewPart, absl::Microseconds(1));
  time_ += std::clamp(wall_.Now() - time_, -most, most);
  return time_;
}

}  // namespace muster
