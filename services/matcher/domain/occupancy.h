// How much of a capacity that changes was in use over a window of time.
//
// Keeps what capacity and use have added up to (in unit-seconds) at a bounded number of moments,
// finer for the recent past, and draws a straight line between them: so a window's start is exact
// to the grain of the window (see window.h), and its sums are exact where nothing changes.
//
// Threading: not thread-safe.
//
//   OccupancyMeter meter;
//   meter.Set(start, /*capacity=*/4, /*busy=*/1);
//   meter.Set(start + absl::Seconds(10), 4, 3);
//   meter.Share(absl::Minutes(5), start + absl::Seconds(20));   // (10 + 30) / 80 = 0.5
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "absl/time/time.h"
#include "services/matcher/domain/window.h"

namespace muster::matcher {

class OccupancyMeter {
 public:
  // From `at` on. A time before that of an earlier call counts as the earlier one.
  void Set(absl::Time at, int64_t capacity, int64_t busy);

  // Of what has been since the first Set, or in the window if that began later. -1 if there was no
  // capacity. At most 1.
  double Share(absl::Duration window, absl::Time now) const;

 private:
  // Unit-seconds since the first Set.
  struct Point {
    absl::Time at;
    double capacity = 0;
    double busy = 0;
  };
  Point PointAt(absl::Time at) const;  // at or after `last_`
  Point PointBefore(const std::deque<Point>& points, absl::Time at) const;

  bool started_ = false;
  Point last_;
  int64_t capacity_ = 0, busy_ = 0;  // since last_
  std::array<std::deque<Point>, kGrains> points_;
};

}  // namespace muster::matcher
