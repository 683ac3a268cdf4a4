// Counts what the program allocates: the benchmark's binary replaces operator new and delete.
//
// Thread-safe, but the figures are meant for one thread at work.
//
//   const Allocations before = CountAllocations();
//   engine.Apply(event, now, &effects);
//   const std::int64_t made = CountAllocations().made - before.made;
#pragma once

#include <cstdint>

namespace muster::bench {

struct Allocations {
  std::int64_t made = 0;        // calls of operator new since the start
  std::int64_t live_bytes = 0;  // not yet deleted, as the allocator rounds them
};

Allocations CountAllocations();

}  // namespace muster::bench
