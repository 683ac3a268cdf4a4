#include "services/availability/domain/hello_gate.h"

#include <algorithm>

namespace muster::availability {

absl::Duration HelloGate::Admit(absl::Time now, double chance) {
  if (last_ != absl::InfinitePast() && now > last_) {
    const double come = absl::ToDoubleSeconds(now - last_) * options_.per_second;
    tokens_ = std::min(options_.burst, tokens_ + come);
    turned_away_ = std::max(0.0, turned_away_ - come);
  }
  last_ = std::max(last_, now);
  if (tokens_ >= 1) {
    tokens_ -= 1;
    return absl::ZeroDuration();
  }
  turned_away_ += 1;
  // Evenly over the time that those before it take, and a quarter more, since others come as well.
  const absl::Duration spread = absl::Seconds(1.25 * turned_away_ / options_.per_second);
  return kLeastWait + std::min(chance * spread, kMostWait - kLeastWait);
}

}  // namespace muster::availability
