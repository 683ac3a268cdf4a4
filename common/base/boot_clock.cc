#include "common/base/boot_clock.h"

#include <ctime>

namespace muster {
namespace {

// CLOCK_MONOTONIC would stand still while the machine sleeps.
absl::Duration SinceBoot() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

class RealBootClock final : public Clock {
 public:
  absl::Time Now() const override { return base_ + (SinceBoot() - start_); }

 private:
  const absl::Time base_ = SystemClock().Now();
  const absl::Duration start_ = SinceBoot();
};

}  // namespace

Clock& BootClock() {
  static RealBootClock* clock = new RealBootClock;
  return *clock;
}

}  // namespace muster
