// Until when this process may act for its pools, by its own clock.
//
// The lease on record ends by the database's clock. Here it is counted from before the renewal was
// asked for, which was earlier than the database gave it, and ends a margin sooner, since clocks do
// not run alike: so who asks `Holds` says no before anybody else may take the pools. The clock is
// one that a change of the time of day does not touch.
//
// Threading: thread-safe.
//
//   OwnLease lease(BootClock(), absl::Seconds(2), /*margin=*/absl::Milliseconds(200));
//   absl::Time begun = BootClock().Now();
//   if (leases.Renew(...).ok()) lease.Renewed(begun);
//   if (lease.Holds()) MakeOffers();
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace muster::matcher {

class OwnLease {
 public:
  OwnLease(const Clock& steady, absl::Duration length, absl::Duration margin)
      : steady_(steady), length_(length), margin_(margin) {}

  // `begun`: when the renewal that has succeeded was asked for. An older one changes nothing.
  void Renewed(absl::Time begun) {
    const int64_t end = absl::ToUnixMicros(begun + length_ - margin_);
    int64_t seen = end_us_.load();
    while (seen < end && !end_us_.compare_exchange_weak(seen, end)) {
    }
  }
  void End() { end_us_ = 0; }

  bool Holds() const { return Left() > absl::ZeroDuration(); }
  // Not negative.
  absl::Duration Left() const {
    return std::max(absl::FromUnixMicros(end_us_.load()) - steady_.Now(), absl::ZeroDuration());
  }

 private:
  const Clock& steady_;
  const absl::Duration length_;
  const absl::Duration margin_;
  std::atomic<int64_t> end_us_{0};
};

}  // namespace muster::matcher
