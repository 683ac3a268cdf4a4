// Records at dense indices, with stable addresses; freed slots are used again, last freed first,
// and keep the room that their lists have taken. A freed record can still be read (its
// text is viewed by effects) until the next Reclaim.
//
// Not thread-safe. T has Clear(), which makes it as new.
//
//   Slab<TicketRecord> tickets;
//   Index t = tickets.Add();
//   tickets[t].state = TicketState::kWaiting;
//   tickets.Free(t);
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "services/matcher/engine/pages.h"

namespace muster::engine {

using Index = std::uint32_t;
inline constexpr Index kNone = std::numeric_limits<Index>::max();

template <typename T>
class Slab {
 public:
  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    for (T* chunk : chunks_) std::destroy_n(chunk, kChunk);
    for (const Block& block : blocks_) FreeBlock(block.start, block.bytes);
  }

  Index Add() {
    if (free_.empty()) {
      const std::size_t index = live_.size();
      assert(index < kNone);
      if ((index >> kChunkBits) == chunks_.size()) AddChunk();
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
  static constexpr std::size_t kChunk = std::size_t{1} << kChunkBits;
  static constexpr Index kMask = kChunk - 1;
  static constexpr std::size_t kChunkBytes = kChunk * sizeof(T);
  static_assert(alignof(T) <= 64);

  // Chunks come singly at first, and then as many at once as fill a block of huge pages.
  struct Block {
    void* start = nullptr;
    std::size_t bytes = 0;
  };

  void AddChunk() {
    if (spare_ == 0) {
      const std::size_t many = std::max<std::size_t>(1, kHugePage / kChunkBytes);
      const std::size_t count = chunks_.size() < many ? 1 : many;
      blocks_.push_back({AllocateBlock(count * kChunkBytes), count * kChunkBytes});
      next_ = static_cast<T*>(blocks_.back().start);
      spare_ = count;
    }
    std::uninitialized_default_construct_n(next_, kChunk);
    chunks_.push_back(next_);
    next_ += kChunk;
    --spare_;
  }

  T& At(Index index) { return chunks_[index >> kChunkBits][index & kMask]; }

  std::vector<T*> chunks_;
  std::vector<Block> blocks_;
  T* next_ = nullptr;  // of the chunks that the last block has left
  std::size_t spare_ = 0;
  BigVector<std::uint8_t> live_;
  std::vector<Index> free_;
  std::vector<Index> freed_;  // not yet to be used again
};

}  // namespace muster::engine
