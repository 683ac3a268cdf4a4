// How many agents may say hello in a second, and how many hellos may be under way: after a cut they
// all come back at once.
//
// A bucket of tokens, and a bound on those who were let in and not answered yet: a database slower
// than the rate gets no queue of hellos, in which they would grow old and everything else would
// wait behind them. Who finds no place is told when to ask again, so that those who were turned
// away come back spread over the time that it takes to let them in.
//
// Threading: not thread-safe.
//
//   HelloGate gate({.per_second = 2'000, .burst = 2'000});
//   absl::Duration wait = gate.Admit(now, chance);   // zero: come in
//   gate.Leave();                                    // it was answered
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace muster::availability {

struct HelloGateOptions {
  double per_second = 5'000;
  double burst = 5'000;  // at once, after a quiet time
  int64_t most_under_way = 2'048;
};

class HelloGate {
 public:
  static constexpr absl::Duration kLeastWait = absl::Milliseconds(100);
  static constexpr absl::Duration kMostWait = absl::Seconds(30);

  explicit HelloGate(HelloGateOptions options)
      : options_(options), rate_(options.per_second), tokens_(options.burst) {}

  // Zero if the hello may go on: then one Leave has to follow, once it is answered. `chance` in [0,
  // 1) spreads those who may not.
  absl::Duration Admit(absl::Time now, double chance);
  void Leave();

 private:
  void Measure(absl::Time now);

  const HelloGateOptions options_;
  double rate_;  // a second: at which those who were turned away can be let in
  int64_t under_way_ = 0;
  int64_t left_ = 0;  // since measured_
  bool was_full_ = false;
  absl::Time measured_ = absl::InfinitePast();
  double tokens_;
  double turned_away_ = 0;  // and not yet back, if they come at the rate
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace muster::availability
