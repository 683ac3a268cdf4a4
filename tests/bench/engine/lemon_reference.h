// The network simplex of LEMON, to measure SolveTransport against.
// Thread-safe. Readable as C++17, which LEMON 1.3 needs.
//
//   LemonResult reference = SolveWithLemon(problem);  // supplies and demands have equal sums
#pragma once

#include <cstdint>

#include "services/matcher/engine/transport.h"

namespace muster::engine {

struct LemonResult {
  bool optimal = false;  // false: not everything can be shipped
  std::int64_t cost = 0;
  double seconds = 0;  // CPU time of the solver alone: its graph was built before
};

LemonResult SolveWithLemon(const TransportProblem& problem);

// CPU time of this thread: what else the machine does disturbs it least.
double ThreadSeconds();

}  // namespace muster::engine
