#include "services/matcher/domain/occupancy.h"

#include <algorithm>

namespace muster::matcher {

void OccupancyMeter::Set(absl::Time at, int64_t capacity, int64_t busy) {
  at = started_ ? std::max(at, last_.at) : at;
  Point now = started_ ? PointAt(at) : Point{.at = at};
  for (int g = 0; g < kGrains; ++g) {
    const Grain& grain = kGrainsByWidth[g];
    std::deque<Point>& points = points_[g];
    // The ends of a quiet time are exact, so that the line over it is.
    if (!points.empty() && last_.at > points.back().at && at - last_.at >= grain.width) {
      points.push_back(last_);
    }
    if (points.empty() || at - points.back().at >= grain.width) points.push_back(now);
    while (points.size() > 2 && points[1].at <= at - grain.width * grain.count) points.pop_front();
  }
  started_ = true;
  last_ = now;
  capacity_ = capacity;
  busy_ = busy;
}

double OccupancyMeter::Share(absl::Duration window, absl::Time now) const {
  if (!started_) return -1;
  Point end = PointAt(std::max(now, last_.at));
  Point start = PointBefore(points_[GrainFor(window)], now - window);
  double capacity = end.capacity - start.capacity;
  if (capacity <= 0) return -1;
  return std::clamp((end.busy - start.busy) / capacity, 0.0, 1.0);
}

OccupancyMeter::Point OccupancyMeter::PointAt(absl::Time at) const {
  double seconds = absl::ToDoubleSeconds(at - last_.at);
  return {at, last_.capacity + static_cast<double>(capacity_) * seconds,
          last_.busy + static_cast<double>(busy_) * seconds};
}

OccupancyMeter::Point OccupancyMeter::PointBefore(const std::deque<Point>& points,
                                                  absl::Time at) const {
  if (at >= last_.at) return PointAt(at);
  if (at <= points.front().at) return points.front();
  auto next = std::upper_bound(points.begin(), points.end(), at,
                               [](absl::Time t, const Point& point) { return t < point.at; });
  const Point& a = *std::prev(next);
  const Point& b = next == points.end() ? last_ : *next;
  double share = absl::FDivDuration(at - a.at, b.at - a.at);
  return {at, a.capacity + (b.capacity - a.capacity) * share, a.busy + (b.busy - a.busy) * share};
}

}  // namespace muster::matcher
