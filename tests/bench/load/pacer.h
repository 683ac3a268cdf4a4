// Open loop: calls `arrive` at the times of a Poisson process, whatever the system does. A late
// wake-up is made up for: arrivals keep the times that were drawn for them.
//
//   Pacer pacer(5000, seed, [&](int64_t number, absl::Time due) { … });
//   …; pacer.Stop();
//
// Threading: `arrive` runs on the pacer's own thread.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/faults/random.h"

namespace muster::bench {

class Pacer {
 public:
  using Arrive = std::function<void(int64_t number, absl::Time due)>;

  Pacer(double per_second, uint64_t seed, Arrive arrive)
      : mean_(absl::Seconds(1) / per_second), random_(seed), arrive_(std::move(arrive)) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Pacer() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr absl::Duration kLongestSleep = absl::Milliseconds(100);

  void Run() {
    absl::Time due = absl::Now();
    int64_t number = 0;
    while (!stop_) {
      const absl::Duration left = due - absl::Now();
      if (left > absl::ZeroDuration()) {
        absl::SleepFor(std::min(left, kLongestSleep));
        continue;
      }
      arrive_(number++, due);
      due += random_.Exponential(mean_);
    }
  }

  const absl::Duration mean_;
  faults::Random random_;
  const Arrive arrive_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace muster::bench
