// Pairs of a ticket and an agent, and which of two comes first. Internal to the engine.
#pragma once

#include <array>
#include <cstddef>

#include "services/matcher/engine/nanos.h"
#include "services/matcher/engine/slab.h"

namespace muster::engine {

// What can be done with a pair. A ticket is offered to more agents only when nobody waits for them.
enum class PairKind : unsigned char { kNone, kShare, kClaim, kOffer };

struct Pair {
  PairKind kind = PairKind::kNone;
  Nanos score = 0;
  Index ticket = kNone;
  Index agent = kNone;

  explicit operator bool() const { return kind != PairKind::kNone; }
  bool Same(const Pair& p) const {
    return kind == p.kind && score == p.score && ticket == p.ticket && agent == p.agent;
  }
};

// Of the pairs that come up, the best few in order.
template <std::size_t kMost>
class BestFew {
 public:
  void clear() { size_ = 0; }
  bool TooLow(Nanos score) const { return size_ == kMost && score < few_[kMost - 1].score; }

  template <typename Better>
  void Add(const Pair& pair, Better better) {
    std::size_t i = size_;
    while (i > 0 && better(pair, few_[i - 1])) --i;
    if (i == kMost) return;
    if (size_ < kMost) ++size_;
    for (std::size_t k = size_ - 1; k > i; --k) few_[k] = few_[k - 1];
    few_[i] = pair;
  }

  const Pair* begin() const { return few_.data(); }
  const Pair* end() const { return few_.data() + size_; }

 private:
  std::array<Pair, kMost> few_;
  std::size_t size_ = 0;
};

// The best pair of a touched ticket or a loose agent, as far as it is known: others may have been
// quicker meanwhile.
struct Candidate {
  Pair pair;
  bool of_agent = false;  // the pair's agent was looked at, not its ticket
};

}  // namespace muster::engine
