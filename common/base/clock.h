// The time, as something that can be handed in.
//
// Pure code takes `absl::Time now` as a parameter and never asks; a shell that has to ask holds a
// `const Clock&`, so that its test can hold a `FakeClock` (tests/support/fake_clock.h).
//
// Threading: every implementation may be asked from any thread.
//
//   Server(const Clock& clock) : clock_(clock) {}
//   ... engine.Apply(event, clock_.Now());
#pragma once

#include "absl/time/time.h"

namespace muster {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's wall clock, in whole microseconds: the grain of PostgreSQL's timestamptz, so that
// a time that was stored and read back equals the one that was written.
Clock& SystemClock();

}  // namespace muster
