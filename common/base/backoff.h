// How long to wait before the next try: exponential, with full jitter, so that clients that failed
// together do not come back together.
//
// Threading: not thread-safe; one Backoff for each thing that is retried.
//
//   Backoff backoff({.initial = absl::Milliseconds(50), .max = absl::Seconds(5)}, RandomSeed());
//   while (!Try()) WaitFor(backoff.Next());
//   backoff.Reset();
#pragma once

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace muster {

struct BackoffOptions {
  absl::Duration initial = absl::Milliseconds(50);  // upper bound of the first wait
  absl::Duration max = absl::Seconds(5);            // upper bound of every wait
  double multiplier = 2.0;
  // Lower bound of every wait, so that jitter never makes a busy loop.
  absl::Duration min = absl::Milliseconds(1);
};

class Backoff {
 public:
  Backoff(const BackoffOptions& options, uint64_t seed);

  // Uniform in [min, initial * multiplier^n], n the number of calls since the last Reset, at most
  // `max`.
  absl::Duration Next();
  void Reset() { ceiling_ = options_.initial; }

 private:
  BackoffOptions options_;
  absl::Duration ceiling_;
  std::mt19937_64 random_;
};

// A seed from the system's randomness.
uint64_t RandomSeed();

}  // namespace muster
