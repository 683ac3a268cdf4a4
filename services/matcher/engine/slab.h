// Records at dense indices, with stable addresses; freed slots are used again, last freed first. A
// freed record can still be read (its text is viewed by effects) until the next Reclaim.
//
// Not thread-safe.
//
//   Slab<Ticket> tickets;
//   Index t = tickets.Add();
//   tickets[t].state = TicketState::kWaiting;
//   tickets.Free(t);
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace muster::engine {

using Index = std::uint32_t;
inline constexpr Index kNone = std::numeric_limits<Index>::max();

template <typename T>
class Slab {
 public:
  Index Add() {
    if (free_.empty()) {
      assert(slots_.size() < kNone);
      slots_.push_back({T(), true});
      return static_cast<Index>(slots_.size() - 1);
    }
    const Index index = free_.back();
    free_.pop_back();
    slots_[index] = {T(), true};
    return index;
  }

  void Free(Index index) {
    assert(Has(index));
    slots_[index].live = false;
    freed_.push_back(index);
  }

  void Reclaim() {
    free_.insert(free_.end(), freed_.begin(), freed_.end());
    freed_.clear();
  }

  bool Has(Index index) const { return index < slots_.size() && slots_[index].live; }
  std::size_t size() const { return slots_.size() - free_.size() - freed_.size(); }

  T& operator[](Index index) {
    assert(Has(index));
    return slots_[index].value;
  }
  const T& operator[](Index index) const {
    assert(Has(index));
    return slots_[index].value;
  }

  // Calls fn(index) for each record, by rising index. `fn` may free the one that it is called for.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].live) fn(static_cast<Index>(i));
    }
  }

 private:
  struct Slot {
    T value;
    bool live = false;
  };
  std::deque<Slot> slots_;
  std::vector<Index> free_;
  std::vector<Index> freed_;  // not yet to be used again
};

}  // namespace muster::engine
