// Numbers what is to be told of tickets, and lets it go in that order.
//
// An entry is numbered when it happens and may go once it is on record; what happened later waits
// behind it, so that intake hears everything in the order in which it became true.
//
// Threading: not thread-safe; belongs to the pool's own thread.
//
//   ProgressOrder order(epoch);
//   int64_t revision = order.Add(std::move(entry));      // takes its place
//   order.Release(revision);                             // on record: may go
//   order.Drop(revision);                                // could not be recorded: never happened
//   while (auto entry = order.TakeNext()) sink.Send(*std::move(entry));
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "muster/intake/v1/intake.pb.h"

namespace muster::matcher {

inline constexpr int kProgressSequenceBits = 40;

class ProgressOrder {
 public:
  explicit ProgressOrder(int64_t epoch) : base_(epoch << kProgressSequenceBits) {}

  // Sets the entry's `progress_revision` and returns it.
  int64_t Add(intake::v1::ProgressEntry entry) {
    int64_t revision = base_ + ++last_;
    entry.set_progress_revision(revision);
    slots_.push_back({std::move(entry), State::kHeld});
    return revision;
  }
  void Release(int64_t revision) { Set(revision, State::kReady); }
  void Drop(int64_t revision) { Set(revision, State::kDropped); }

  // The next that may go; nothing while the oldest is still held.
  std::optional<intake::v1::ProgressEntry> TakeNext() {
    while (!slots_.empty() && slots_.front().state != State::kHeld) {
      Slot slot = std::move(slots_.front());
      slots_.pop_front();
      if (slot.state == State::kReady) return std::move(slot.entry);
    }
    return std::nullopt;
  }

  size_t held() const { return slots_.size(); }

 private:
  enum class State { kHeld, kReady, kDropped };
  struct Slot {
    intake::v1::ProgressEntry entry;
    State state;
  };
  void Set(int64_t revision, State state) {
    int64_t first = base_ + last_ - static_cast<int64_t>(slots_.size()) + 1;
    if (revision >= first && revision <= base_ + last_) slots_[revision - first].state = state;
  }

  const int64_t base_;
  int64_t last_ = 0;
  std::deque<Slot> slots_;
};

}  // namespace muster::matcher
