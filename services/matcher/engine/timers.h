// Everything that becomes due by itself, in one order: by time, then kind, then record.
//
// Not thread-safe. Whoever sets a timer remembers its time, and gives it back to cancel it.
//
//   timers.Set(ticket.expire_at, TimerKind::kTicketExpiry, t);
//   while (std::optional<Timer> due = timers.TakeDue(now)) Fire(*due);
#pragma once

#include <cstddef>
#include <optional>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "services/matcher/engine/slab.h"

namespace muster::engine {

enum class TimerKind : unsigned char { kOfferDeadline, kWrapUpEnd, kTicketExpiry, kPriceEnd };

struct Timer {
  absl::Time due;
  TimerKind kind = TimerKind::kOfferDeadline;
  Index record = kNone;

  friend bool operator<(const Timer& a, const Timer& b) {
    if (a.due != b.due) return a.due < b.due;
    if (a.kind != b.kind) return a.kind < b.kind;
    return a.record < b.record;
  }
};

class Timers {
 public:
  // An infinite time sets, and cancels, nothing.
  void Set(absl::Time due, TimerKind kind, Index record) {
    if (due < absl::InfiniteFuture()) timers_.insert({due, kind, record});
  }
  void Cancel(absl::Time due, TimerKind kind, Index record) { timers_.erase({due, kind, record}); }

  std::optional<Timer> TakeDue(absl::Time now) {
    if (timers_.empty() || timers_.begin()->due > now) return std::nullopt;
    const Timer timer = *timers_.begin();
    timers_.erase(timers_.begin());
    return timer;
  }

  absl::Time Next() const {
    return timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->due;
  }

  bool Has(absl::Time due, TimerKind kind, Index record) const {
    return timers_.contains({due, kind, record});
  }
  std::size_t size() const { return timers_.size(); }

 private:
  absl::btree_set<Timer> timers_;
};

}  // namespace muster::engine
