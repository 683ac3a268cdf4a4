// What a run draws by lot; all of it follows from the seed.
//
// Threading: not thread-safe; one for each thread.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace muster::faults {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Seed() { return engine_(); }
  // 0 to n - 1.
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool Chance(double p) { return Unit() < p; }
  absl::Duration Between(absl::Duration low, absl::Duration high) {
    return low + (high - low) * Unit();
  }
  // Between the arrivals of a Poisson process.
  absl::Duration Exponential(absl::Duration mean) { return mean * -std::log(1.0 - Unit()); }

 private:
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

  std::mt19937_64 engine_;
};

}  // namespace muster::faults
