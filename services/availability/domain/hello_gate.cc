#include "services/availability/domain/hello_gate.h"

#include <algorithm>

namespace muster::availability {
namespace {

constexpr absl::Duration kMeasure = absl::Seconds(1);
constexpr double kLeastShare = 0.1;  // of the rate: a stalled database comes back at any moment

}  // namespace

absl::Duration HelloGate::Admit(absl::Time now, double chance) {
  Measure(now);
  if (last_ != absl::InfinitePast() && now > last_) {
    const double seconds = absl::ToDoubleSeconds(now - last_);
    tokens_ = std::min(options_.burst, tokens_ + seconds * options_.per_second);
    turned_away_ = std::max(0.0, turned_away_ - seconds * rate_);
  }
  last_ = std::max(last_, now);
  const bool full = under_way_ >= options_.most_under_way;
  was_full_ = was_full_ || full;
  if (tokens_ >= 1 && !full) {
    tokens_ -= 1;
    ++under_way_;
    return absl::ZeroDuration();
  }
  turned_away_ += 1;
  // Evenly over the time that those before it take, and a quarter more, since others come as well.
  const absl::Duration spread = absl::Seconds(1.25 * turned_away_ / rate_);
  return kLeastWait + std::min(chance * spread, kMostWait - kLeastWait);
}

void HelloGate::Leave() {
  --under_way_;
  ++left_;
}

// How fast they are answered counts only while more would come in if they could.
void HelloGate::Measure(absl::Time now) {
  const absl::Duration since = now - measured_;
  if (since < kMeasure) return;
  const bool current = was_full_ && since < 2 * kMeasure;
  rate_ = options_.per_second;
  if (current) {
    const double answered = static_cast<double>(left_) / absl::ToDoubleSeconds(since);
    rate_ = std::clamp(answered, kLeastShare * rate_, rate_);
  }
  left_ = 0;
  was_full_ = under_way_ >= options_.most_under_way;
  measured_ = now;
}

}  // namespace muster::availability
