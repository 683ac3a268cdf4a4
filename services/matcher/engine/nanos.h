// Times and durations as the engine keeps them: whole nanoseconds, so that sums and orders are the
// same in every build. The ends of the range stand for "never" and "always", and sums stay there.
//
// Pure functions.
//
//   const Nanos due = Plus(ToNanos(now), ToNanos(rules.time_to_live));   // kNever if infinite
#pragma once

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace muster::engine {

using Nanos = std::int64_t;

inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
inline constexpr Nanos kLongAgo = std::numeric_limits<Nanos>::min();

inline Nanos ToNanos(absl::Duration d) {
  return d == absl::InfiniteDuration() ? kNever : absl::ToInt64Nanoseconds(d);
}

inline Nanos ToNanos(absl::Time t) {
  if (t == absl::InfiniteFuture()) return kNever;
  return t == absl::InfinitePast() ? kLongAgo : absl::ToUnixNanos(t);
}

inline absl::Time ToTime(Nanos t) {
  if (t == kNever) return absl::InfiniteFuture();
  return t == kLongAgo ? absl::InfinitePast() : absl::FromUnixNanos(t);
}

inline absl::Duration ToDuration(Nanos d) {
  if (d == 0) return absl::ZeroDuration();  // most terms of most scores
  return d == kNever ? absl::InfiniteDuration() : absl::Nanoseconds(d);
}

// `more` is never negative.
inline Nanos Plus(Nanos t, Nanos more) {
  return t > kNever - more && t > 0 ? kNever : (t == kLongAgo ? t : t + more);
}

// From `from` to `to`, which is not before it; kNever if it cannot be told.
inline Nanos Between(Nanos from, Nanos to) {
  return from < to - kNever / 2 ? kNever / 2 : to - from;
}

// a * b / c without loss on the way; the result must fit.
inline Nanos MulDiv(Nanos a, Nanos b, Nanos c) {
  return static_cast<Nanos>(static_cast<__int128>(a) * b / c);
}

}  // namespace muster::engine
