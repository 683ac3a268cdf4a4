#include "tests/support/eventually.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace muster {

bool Eventually(const std::function<bool()>& condition, absl::Duration limit) {
  absl::Time give_up = absl::Now() + limit;
  // Soon at first, for what is nearly there; then rarely, to leave the processor to the others.
  absl::Duration pause = absl::Microseconds(200);
  constexpr absl::Duration kLongestPause = absl::Milliseconds(20);
  while (!condition()) {
    if (absl::Now() >= give_up) return condition();
    absl::SleepFor(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return true;
}

}  // namespace muster
