// Counts over sliding windows: what happened to one queue, by grains of 100 ms to a minute.
//
// A window's start is rounded down to the grain that covers it: 100 ms for windows up to a minute,
// 1 s to 15 min, 10 s to 2.5 h, a minute beyond. Memory is bounded by the number of grains.
//
// Threading: not thread-safe.
//
//   QueueWindows windows;
//   windows.Add(now, [](Counts& counts) { ++counts.arrived; });
//   Totals totals;
//   windows.Sum(absl::Minutes(5), now, totals);    // totals.counts.arrived == 1
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace muster::matcher {

struct Grain {
  absl::Duration width;
  int count;
};
inline constexpr int kGrains = 4;
inline const std::array<Grain, kGrains> kGrainsByWidth = {{{absl::Milliseconds(100), 610},
                                                           {absl::Seconds(1), 910},
                                                           {absl::Seconds(10), 910},
                                                           {absl::Minutes(1), 1450}}};

// The finest grain that covers `window`; the widest for what is longer than all.
int GrainFor(absl::Duration window);

// Which grain of width `width` the time falls into.
int64_t GrainIndex(absl::Time at, absl::Duration width);

// Durations by logarithmic buckets: each is at most 10 % wide, so its middle is within 5 % of all
// that is in it. What is under a millisecond counts as 0, what is over a week as a week.
inline constexpr int kDurationBuckets = 256;
int DurationBucket(absl::Duration duration);
absl::Duration BucketMiddle(int bucket);

// What happened in one grain, or in many.
struct Counts {
  int64_t arrived = 0, assigned = 0, abandoned = 0, expired = 0, resolved = 0, requeued = 0;
  int64_t offers_made = 0, offers_accepted = 0, offers_declined = 0, offers_expired = 0,
          offers_revoked = 0;
  int64_t assigned_within = 0, abandoned_within = 0;  // of these, within the target wait
  int64_t ended = 0;                                  // assignments
  int64_t wait_us = 0, handle_us = 0;                 // sums, of the assigned and of the ended

  void Add(const Counts& other);
};

// The sum of a window.
struct Totals {
  Counts counts;
  std::array<int64_t, kDurationBuckets> waits{};

  void Add(const Totals& other);
  // The wait that a share of the assigned did not exceed, by nearest rank. Needs at least one.
  absl::Duration WaitPercentile(double share) const;
};

class QueueWindows {
 public:
  template <class Change>
  void Add(absl::Time at, Change change) {
    for (int g = 0; g < kGrains; ++g) {
      if (Cell* cell = CellAt(g, at)) change(cell->counts);
    }
  }
  void AddWait(absl::Time at, absl::Duration wait);

  void Sum(absl::Duration window, absl::Time now, Totals& totals) const;

  // Forgets what is older than the longest window, and says whether anything is left.
  bool Sweep(absl::Time now);

 private:
  struct Cell {
    Counts counts;
    std::vector<std::pair<uint16_t, uint32_t>> waits;  // bucket and count, in order of bucket
  };
  using Cells = std::map<int64_t, Cell>;
  // None if `at` is older than what the grain keeps.
  Cell* CellAt(int grain, absl::Time at);

  std::array<Cells, kGrains> cells_;
};

}  // namespace muster::matcher
