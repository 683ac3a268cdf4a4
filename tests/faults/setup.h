// What a run finds when it begins: pools with two queues each, of weight 1 and 2, and agents who
// can take two units.
//
// Threading: pure functions; each blocks until the cell has it, or throws std::runtime_error.
//
//   std::vector<std::string> pools = MakePools(cell, 3);
//   std::vector<std::string> agents = MakeAgents(cell, pools[0], 8);
#pragma once

#include <string>
#include <vector>

#include "tests/faults/cell.h"

namespace muster::faults {

inline constexpr int kAgentCapacity = 2;
// By weight: "single" takes one unit, "double" two.
std::vector<std::string> QueueIds();

// Also waits until a matcher serves them.
std::vector<std::string> MakePools(Cell& cell, int count);
// Their ids.
std::vector<std::string> MakeAgents(Cell& cell, const std::string& pool_id, int count);

}  // namespace muster::faults
