// Everything that becomes due by itself, in one order: by time, then kind, then record.
//
// Not thread-safe. A timer belongs to its record's stamp of the moment (tickets' waits, offers and
// assignments, prices have stamps of their own): to cancel it, bump the stamp, then say Drop.
//
//   timers.Set(TimerKind::kTicketExpiry, due, t);
//   while (std::optional<Timer> timer = timers.TakeDue(now)) Fire(*timer);
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "services/matcher/engine/lane.h"
#include "services/matcher/engine/stamps.h"

namespace muster::engine {

enum class TimerKind : unsigned char {
  kOfferDeadline,
  kWrapUpEnd,
  kTicketExpiry,
  kRelaxStep,
  kClaim,
  kPriceEnd
};
inline constexpr std::size_t kTimerKinds = 6;

struct Timer {
  Nanos due = kNever;
  TimerKind kind = TimerKind::kOfferDeadline;
  Index record = kNone;
};

class Timers {
 public:
  Timers(const Stamps& works, const Stamps& waits, const Stamps& prices)
      : orders_{Order{works}, Order{works}, Order{waits},
                Order{waits}, Order{waits}, Order{prices}} {}

  // kNever sets nothing.
  void Set(TimerKind kind, Nanos due, Index record) {
    if (due == kNever) return;
    const Order& order = orders_[At(kind)];
    lanes_[At(kind)].Push({.key = due, .record = record, .stamp = order.stamps[record]}, order);
    next_ = std::min(next_, due);
  }

  // One that was set for `due` has been cancelled.
  void Drop(TimerKind kind, Nanos due) {
    if (due != kNever) lanes_[At(kind)].Drop(orders_[At(kind)]);
  }

  // The stamp of a timer that is given out is the caller's to bump.
  std::optional<Timer> TakeDue(Nanos now) {
    if (next_ > now) return std::nullopt;
    const Timer first = First();
    next_ = first.due;
    if (first.due > now) return std::nullopt;
    return first;
  }

  Nanos Next() const { return First().due; }

  std::size_t size() const {
    std::size_t size = 0;
    for (const Lane& lane : lanes_) size += lane.size();
    return size;
  }

 private:
  struct Order {
    const Stamps& stamps;
    bool Live(const Entry& e) const { return stamps[e.record] == e.stamp; }
    bool Tie(const Entry& a, const Entry& b) const { return a.record < b.record; }
  };
  static std::size_t At(TimerKind kind) { return static_cast<std::size_t>(kind); }

  Timer First() const {
    Timer first;
    for (std::size_t k = 0; k < kTimerKinds; ++k) {
      if (lanes_[k].empty()) continue;
      const Entry& entry = lanes_[k].Front(orders_[k]);
      if (entry.key < first.due) first = {entry.key, static_cast<TimerKind>(k), entry.record};
    }
    return first;
  }

  std::array<Order, kTimerKinds> orders_;
  std::array<Lane, kTimerKinds> lanes_;
  Nanos next_ = kNever;  // not after the first
};

}  // namespace muster::engine
