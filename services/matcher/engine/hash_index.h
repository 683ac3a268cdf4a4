// From ids to records: a hash table that holds indices alone; the ids are the records' own, so no
// text is kept twice. Open addressing with the hash beside the index; erasing closes the gap, so
// that a table which only changes never has to be built anew.
//
// Not thread-safe. Looked up, never walked through: its order differs from build to build.
//
//   Index t = table.Find(HashText(id), [&](Index i) { return tickets[i].id == id; });
//   table.Insert(HashText(id), t);
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "services/matcher/engine/pages.h"
#include "services/matcher/engine/slab.h"

namespace muster::engine {

// Eight bytes a step, each mixed by a multiplication; ids are short. Where the program was loaded
// is the seed, so that nobody can make up ids that collide.
inline std::uint32_t HashText(std::string_view text) {
  static const char kSeed = 0;
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15;
  std::uint64_t hash = (reinterpret_cast<std::uintptr_t>(&kSeed) ^ text.size()) * kMix;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t word = 0;
  for (; left >= 8; left -= 8, at += 8) {
    std::memcpy(&word, at, 8);
    hash = (hash ^ (hash >> 29) ^ word) * kMix;
  }
  word = 0;
  for (std::size_t i = 0; i < left; ++i) word = word << 8 | static_cast<unsigned char>(at[i]);
  hash = (hash ^ (hash >> 29) ^ word) * kMix;
  return static_cast<std::uint32_t>(hash >> 32);
}

inline std::uint32_t HashNumber(std::uint64_t number) {
  return static_cast<std::uint32_t>(number * 0x9E3779B97F4A7C15 >> 32);
}

class HashIndex {
 public:
  template <typename Eq>
  Index Find(std::uint32_t hash, Eq eq) const {
    if (slots_.empty()) return kNone;
    for (std::size_t i = hash & mask_; slots_[i].index != kNone; i = (i + 1) & mask_) {
      if (slots_[i].hash == hash && eq(slots_[i].index)) return slots_[i].index;
    }
    return kNone;
  }

  void Insert(std::uint32_t hash, Index index) {
    if ((size_ + 1) * 2 > slots_.size()) Grow();
    ++size_;
    Put({hash, index});
  }

  void Erase(std::uint32_t hash, Index index) {
    std::size_t hole = hash & mask_;
    while (slots_[hole].index != index) hole = (hole + 1) & mask_;
    --size_;
    for (std::size_t i = (hole + 1) & mask_; slots_[i].index != kNone; i = (i + 1) & mask_) {
      // What may stand in the hole, its home being there or before, closes the gap.
      if (((i - (slots_[i].hash & mask_)) & mask_) < ((i - hole) & mask_)) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = Slot();
  }

  // What will be looked for, changed or erased next.
  void Prefetch(std::uint32_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask_]);
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    Index index = kNone;
  };

  void Put(Slot slot) {
    std::size_t i = slot.hash & mask_;
    while (slots_[i].index != kNone) i = (i + 1) & mask_;
    slots_[i] = slot;
  }

  void Grow() {
    BigVector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.index != kNone) Put(slot);
    }
  }

  BigVector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace muster::engine
