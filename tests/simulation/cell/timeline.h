// Virtual time: what is to happen, in order. And chance that depends on what it is drawn for alone,
// so that a run does not change because two things were drawn in another order.
//
// Threading: one thread.
//
//   Timeline timeline;
//   timeline.After(absl::Milliseconds(5), [&] { ... });
//   timeline.RunUntil([&] { return done; }, absl::Seconds(60));
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "tests/support/fake_clock.h"

namespace muster::cell {

class Timeline {
 public:
  FakeClock clock;

  absl::Time now() const { return clock.Now(); }
  void After(absl::Duration wait, std::function<void()> what) {
    events_.emplace(std::pair(now() + wait, ++last_), std::move(what));
  }
  // False if `limit` passed, or nothing is left to happen.
  bool RunUntil(const std::function<bool()>& done, absl::Duration limit) {
    const absl::Time end = now() + limit;
    while (!done()) {
      if (events_.empty() || events_.begin()->first.first > end) return false;
      auto event = events_.extract(events_.begin());
      clock.Set(event.key().first);
      ++happened_;
      event.mapped()();
    }
    return true;
  }
  uint64_t happened() const { return happened_; }

 private:
  std::map<std::pair<absl::Time, uint64_t>, std::function<void()>> events_;
  uint64_t last_ = 0;
  uint64_t happened_ = 0;
};

class Chance {
 public:
  explicit Chance(uint64_t seed) : seed_(seed) {}

  // Even over [0, 1), by what is drawn and how often it was drawn before.
  double Draw(std::string_view what) {
    uint64_t h = seed_;
    for (const char c : what) h = Mix(h ^ static_cast<unsigned char>(c));
    const uint64_t times = ++drawn_[h];
    return static_cast<double>(Mix(h + times * 0x9E3779B97F4A7C15) >> 11) * 0x1.0p-53;
  }
  bool Happens(double probability, std::string_view what) { return Draw(what) < probability; }
  int Below(int n, std::string_view what) { return static_cast<int>(Draw(what) * n); }
  absl::Duration Between(absl::Duration least, absl::Duration most, std::string_view what) {
    return least + (most - least) * Draw(what);
  }

 private:
  // SplitMix64's finalizer (Steele, Lea, Flood, 2014).
  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }

  const uint64_t seed_;
  std::map<uint64_t, uint64_t> drawn_;
};

}  // namespace muster::cell
