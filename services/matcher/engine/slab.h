// Records at dense indices, with stable addresses; freed slots are used again, last freed first,
// and keep the room that their strings and lists have taken. A freed record can still be read (its
// text is viewed by effects) until the next Reclaim.
//
// Not thread-safe. T has Clear(), which makes it as new.
//
//   Slab<TicketRecord> tickets;
//   Index t = tickets.Add();
//   tickets[t].state = TicketState::kWaiting;
//   tickets.Free(t);
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace muster::engine {

using Index = std::uint32_t;
inline constexpr Index kNone = std::numeric_limits<Index>::max();

template <typename T>
class Slab {
 public:
  Index Add() {
    if (free_.empty()) {
      const std::size_t index = live_.size();
      assert(index < kNone);
      if ((index >> kChunkBits) == chunks_.size()) {
        chunks_.push_back(std::make_unique<T[]>(std::size_t{1} << kChunkBits));
      }
      live_.push_back(1);
      return static_cast<Index>(index);
    }
    const Index index = free_.back();
    free_.pop_back();
    At(index).Clear();
    live_[index] = 1;
    return index;
  }

  void Free(Index index) {
    assert(Has(index));
    live_[index] = 0;
    freed_.push_back(index);
  }

  void Reclaim() {
    for (const Index index : freed_) free_.push_back(index);
    freed_.clear();
  }

  bool Has(Index index) const { return index < live_.size() && live_[index] != 0; }
  std::size_t size() const { return live_.size() - free_.size() - freed_.size(); }
  std::size_t slots() const { return live_.size(); }

  T& operator[](Index index) {
    assert(Has(index));
    return At(index);
  }
  const T& operator[](Index index) const {
    assert(Has(index));
    return chunks_[index >> kChunkBits][index & kMask];
  }

  // Calls fn(index) for each record, by rising index. `fn` may free the one that it is called for.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (live_[i] != 0) fn(static_cast<Index>(i));
    }
  }

 private:
  static constexpr int kChunkBits = 8;
  static constexpr Index kMask = (Index{1} << kChunkBits) - 1;

  T& At(Index index) { return chunks_[index >> kChunkBits][index & kMask]; }

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::uint8_t> live_;
  std::vector<Index> free_;
  std::vector<Index> freed_;  // not yet to be used again
};

}  // namespace muster::engine
