// Memory for what grows large: from a megabyte on, whole huge pages if the system has them, for
// half of a miss in a big pool is the walk through the page tables. Smaller blocks come as ever.
//
// Pure but for the asking; where huge pages are not to be had, nothing changes.
//
//   BigVector<Slot> slots(1 << 20);
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace muster::engine {

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

// At least `bytes`, of which at most half is in excess. The same number must be given back.
inline void* AllocateBlock(std::size_t bytes) {
  if (bytes < kHugePage / 2) return ::operator new (bytes, std::align_val_t{64});
  const std::size_t whole = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  void* block = ::operator new (whole, std::align_val_t{kHugePage});
  (void)madvise(block, whole, MADV_HUGEPAGE);  // a wish: refused, it is ordinary memory
  return block;
}

inline void FreeBlock(void* block, std::size_t bytes) {
  ::operator delete (block, std::align_val_t{bytes < kHugePage / 2 ? 64 : kHugePage});
}

template <typename T>
struct BlockAllocator {
  using value_type = T;

  BlockAllocator() = default;
  template <typename U>
  explicit(false) BlockAllocator(const BlockAllocator<U>&) {}

  T* allocate(std::size_t n) { return static_cast<T*>(AllocateBlock(n * sizeof(T))); }
  void deallocate(T* block, std::size_t n) { FreeBlock(block, n * sizeof(T)); }
  friend bool operator==(const BlockAllocator&, const BlockAllocator&) { return true; }
};

template <typename T>
using BigVector = std::vector<T, BlockAllocator<T>>;

}  // namespace muster::engine
