#include "services/matcher/domain/occupancy.h"

#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

struct Change {
  double at;  // seconds
  int capacity, busy;
};

double Naive(const std::vector<Change>& changes, double from, double to) {
  double capacity = 0, busy = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    double begin = std::max(from, changes[i].at);
    double end = i + 1 < changes.size() ? std::min(to, changes[i + 1].at) : to;
    if (end <= begin) continue;
    capacity += (end - begin) * changes[i].capacity;
    busy += (end - begin) * changes[i].busy;
  }
  return capacity == 0 ? -1 : busy / capacity;
}

double Metered(const std::vector<Change>& changes, double window, double now) {
  OccupancyMeter meter;
  for (const Change& c : changes) meter.Set(kStart + absl::Seconds(c.at), c.capacity, c.busy);
  return meter.Share(absl::Seconds(window), kStart + absl::Seconds(now));
}

TEST_CASE("occupancy is the share of unit-seconds in use") {
  CHECK(OccupancyMeter().Share(absl::Minutes(1), kStart) == -1);
  struct Case {
    std::vector<Change> changes;
    double window, now, expected;
  };
  for (const Case& c : std::vector<Case>{
           {{{0, 0, 0}}, 60, 100, -1},
           {{{0, 4, 1}}, 60, 30, 0.25},              // began within the window
           {{{0, 4, 1}}, 60, 3000, 0.25},            // quiet since long ago
           {{{0, 4, 1}, {10, 4, 3}}, 60, 20, 0.5},   // (10 + 30) / 80
           {{{0, 4, 1}, {10, 4, 3}}, 10, 20, 0.75},  // the first ten are out of sight
           {{{0, 2, 2}, {10, 0, 0}}, 60, 60, 1},     // nobody there for 50 s: does not count
           {{{0, 2, 2}, {10, 0, 0}}, 20, 60, -1},
           {{{0, 1, 2}}, 60, 10, 1},  // a capacity lowered under what is in hand
           {{{0, 2, 0}, {100, 2, 2}}, 3600, 200, 0.5},
           {{{0, 2, 0}, {100'000, 2, 2}}, 86'400, 143'200, 0.5},
       }) {
    INFO("window " << c.window << " now " << c.now);
    CHECK(Metered(c.changes, c.window, c.now) == Approx(c.expected).margin(1e-9));
  }
}

TEST_CASE("occupancy follows any history to within a grain") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 30; ++round) {
    std::vector<Change> changes;
    double now = 0;
    // Bursts and quiet times.
    for (int n = 0; n < 3000; ++n) {
      now += random() % 50 == 0 ? random() % 600 : (random() % 1000) / 1000.0;
      int capacity = static_cast<int>(random() % 10);
      changes.push_back({now, capacity, static_cast<int>(random() % (capacity + 1))});
    }
    for (double window : {30.0, 300.0, 1800.0, 7200.0, 80'000.0}) {
      double grain = absl::ToDoubleSeconds(kGrainsByWidth[GrainFor(absl::Seconds(window))].width);
      double expected = Naive(changes, now + 5 - window, now + 5);
      double actual = Metered(changes, window, now + 5);
      INFO("window " << window);
      // Ten units for two grains, of at least a unit a second on average.
      CHECK(actual == Approx(expected).margin(20 * grain / window));
    }
  }
}

}  // namespace
}  // namespace muster::matcher
