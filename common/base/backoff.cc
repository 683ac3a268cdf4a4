#include "common/base/backoff.h"

#include <algorithm>

namespace muster {

Backoff::Backoff(const BackoffOptions& options, uint64_t seed)
    : options_(options), ceiling_(options.initial), random_(seed) {}

absl::Duration Backoff::Next() {
  absl::Duration ceiling = std::min(ceiling_, options_.max);
  ceiling_ = std::min(ceiling_ * options_.multiplier, options_.max);
  double share = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  return std::clamp(ceiling * share, std::min(options_.min, ceiling), ceiling);
}

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace muster
