// Moments as gRPC wants them told.
//
// gRPC reads the wall clock itself. absl::Now() follows a jump of it only after up to two seconds
// (it reckons by the cycle counter in between), so a deadline that is made of the one and read by
// the other may be off by the whole jump: what is handed to gRPC, or comes from it, goes through
// here.
//
// Threading: any.
//
//   alarm.Set(GrpcTimeIn(absl::Milliseconds(50)), callback);
#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace muster {

inline std::chrono::system_clock::time_point GrpcTimeIn(absl::Duration wait) {
  return absl::ToChronoTime(absl::FromChrono(std::chrono::system_clock::now()) + wait);
}

// How far away it is; infinite if it is gRPC's "never".
inline absl::Duration UntilGrpcTime(std::chrono::system_clock::time_point time) {
  if (time == std::chrono::system_clock::time_point::max()) return absl::InfiniteDuration();
  return absl::FromChrono(time) - absl::FromChrono(std::chrono::system_clock::now());
}

}  // namespace muster
