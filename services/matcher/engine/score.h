// Pairs of a ticket and an agent, and which of two comes first. Internal to the engine.
#pragma once

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

// The best pair of a touched ticket or a loose agent, as far as it is known: others may have been
// quicker meanwhile.
struct Candidate {
  Pair pair;
  bool of_agent = false;  // the pair's agent was looked at, not its ticket
};

}  // namespace muster::engine
