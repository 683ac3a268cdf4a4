// A number for each record that rises when it moves on: what was noted with an earlier one is dead.
// Kept apart from the records, so that asking costs four bytes of memory and not a record.
//
// Not thread-safe.
//
//   stamps.Cover(t); lane.Push({.record = t, .stamp = stamps[t]}, order); ... stamps.Bump(t);
#pragma once

#include <cstdint>

#include "services/matcher/engine/pages.h"
#include "services/matcher/engine/slab.h"

namespace muster::engine {

class Stamps {
 public:
  void Cover(Index record) {
    if (record >= stamps_.size()) stamps_.resize(record + 1);
  }
  void Bump(Index record) { ++stamps_[record]; }
  std::uint32_t operator[](Index record) const { return stamps_[record]; }

 private:
  BigVector<std::uint32_t> stamps_;
};

}  // namespace muster::engine
