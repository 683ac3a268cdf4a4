// How many agents may say hello in a second: after a cut they all come back at once.
//
// A bucket of tokens. Who finds it empty is told when to ask again, so that those who were turned
// away come back spread over the time that it takes to let them in.
//
// Threading: not thread-safe.
//
//   HelloGate gate({.per_second = 2'000, .burst = 2'000});
//   absl::Duration wait = gate.Admit(now, chance);   // zero: come in
#pragma once

#include "absl/time/time.h"

namespace muster::availability {

struct HelloGateOptions {
  double per_second = 5'000;
  double burst = 5'000;  // at once, after a quiet time
};

class HelloGate {
 public:
  static constexpr absl::Duration kLeastWait = absl::Milliseconds(100);
  static constexpr absl::Duration kMostWait = absl::Seconds(30);

  explicit HelloGate(HelloGateOptions options) : options_(options), tokens_(options.burst) {}

  // Zero if the hello may go on. `chance` in [0, 1) spreads those who may not.
  absl::Duration Admit(absl::Time now, double chance);

 private:
  const HelloGateOptions options_;
  double tokens_;
  double turned_away_ = 0;  // and not yet back, if they come at the rate
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace muster::availability
