#include "services/matcher/domain/window.h"

#include <algorithm>
#include <cmath>

namespace muster::matcher {
namespace {

constexpr double kBucketGrowth = 1.1;
constexpr absl::Duration kSmallestDuration = absl::Milliseconds(1);
constexpr absl::Duration kGreatestDuration = absl::Hours(24 * 7);

}  // namespace

int GrainFor(absl::Duration window) {
  for (int g = 0; g < kGrains - 1; ++g) {
    // One more than the window has, since its start is rounded down.
    if (kGrainsByWidth[g].width * (kGrainsByWidth[g].count - 1) >= window) return g;
  }
  return kGrains - 1;
}

int64_t GrainIndex(absl::Time at, absl::Duration width) {
  absl::Duration rest;
  int64_t index = absl::IDivDuration(at - absl::UnixEpoch(), width, &rest);
  return rest < absl::ZeroDuration() ? index - 1 : index;
}

int DurationBucket(absl::Duration duration) {
  if (duration < kSmallestDuration) return 0;
  double steps = absl::FDivDuration(std::min(duration, kGreatestDuration), kSmallestDuration);
  int bucket = 1 + static_cast<int>(std::log(steps) / std::log(kBucketGrowth));
  return std::min(bucket, kDurationBuckets - 1);
}

absl::Duration BucketMiddle(int bucket) {
  if (bucket == 0) return absl::ZeroDuration();
  double lower = std::pow(kBucketGrowth, bucket - 1);
  // As far from both ends in proportion.
  return kSmallestDuration * (lower * 2 * kBucketGrowth / (1 + kBucketGrowth));
}

void Counts::Add(const Counts& other) {
  arrived += other.arrived;
  assigned += other.assigned;
  abandoned += other.abandoned;
  expired += other.expired;
  resolved += other.resolved;
  requeued += other.requeued;
  offers_made += other.offers_made;
  offers_accepted += other.offers_accepted;
  offers_declined += other.offers_declined;
  offers_expired += other.offers_expired;
  offers_revoked += other.offers_revoked;
  assigned_within += other.assigned_within;
  abandoned_within += other.abandoned_within;
  ended += other.ended;
  wait_us += other.wait_us;
  handle_us += other.handle_us;
}

void Totals::Add(const Totals& other) {
  counts.Add(other.counts);
  for (int b = 0; b < kDurationBuckets; ++b) waits[b] += other.waits[b];
}

absl::Duration Totals::WaitPercentile(double share) const {
  int64_t all = 0;
  for (int64_t count : waits) all += count;
  int64_t rank = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * all)));
  for (int b = 0; b < kDurationBuckets; ++b) {
    rank -= waits[b];
    if (rank <= 0) return BucketMiddle(b);
  }
  return absl::ZeroDuration();
}

void QueueWindows::AddWait(absl::Time at, absl::Duration wait) {
  auto bucket = static_cast<uint16_t>(DurationBucket(wait));
  for (int g = 0; g < kGrains; ++g) {
    Cell* cell = CellAt(g, at);
    if (cell == nullptr) continue;
    auto place = std::lower_bound(
        cell->waits.begin(), cell->waits.end(), bucket,
        [](const std::pair<uint16_t, uint32_t>& entry, uint16_t b) { return entry.first < b; });
    if (place == cell->waits.end() || place->first != bucket) {
      place = cell->waits.insert(place, {bucket, 0});
    }
    ++place->second;
  }
}

void QueueWindows::Sum(absl::Duration window, absl::Time now, Totals& totals) const {
  int grain = GrainFor(window);
  absl::Duration width = kGrainsByWidth[grain].width;
  const Cells& cells = cells_[grain];
  auto end = cells.upper_bound(GrainIndex(now, width));
  for (auto it = cells.lower_bound(GrainIndex(now - window, width)); it != end; ++it) {
    totals.counts.Add(it->second.counts);
    for (auto [bucket, count] : it->second.waits) totals.waits[bucket] += count;
  }
}

bool QueueWindows::Sweep(absl::Time now) {
  bool any = false;
  for (int g = 0; g < kGrains; ++g) {
    int64_t first = GrainIndex(now, kGrainsByWidth[g].width) - kGrainsByWidth[g].count + 1;
    cells_[g].erase(cells_[g].begin(), cells_[g].lower_bound(first));
    any = any || !cells_[g].empty();
  }
  return any;
}

QueueWindows::Cell* QueueWindows::CellAt(int grain, absl::Time at) {
  Cells& cells = cells_[grain];
  int64_t index = GrainIndex(at, kGrainsByWidth[grain].width);
  if (!cells.empty()) {
    auto newest = std::prev(cells.end());
    if (newest->first == index) return &newest->second;
    if (index <= newest->first - kGrainsByWidth[grain].count) return nullptr;
    if (index > newest->first) {
      cells.erase(cells.begin(), cells.lower_bound(index - kGrainsByWidth[grain].count + 1));
    }
  }
  return &cells[index];
}

}  // namespace muster::matcher
