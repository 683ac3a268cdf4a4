// What must never be: each check is a pure function from a day's history to what it found wrong, a
// line for each. A sound history has no findings.
//
//   for (const std::string& line : FindLost(history)) std::cerr << line << "\n";
#pragma once

#include <string>
#include <vector>

#include "services/cli/replay/history.h"

namespace muster::replay {

using Findings = std::vector<std::string>;

// Tickets and assignments that were acknowledged and are not on record.
Findings FindLost(const History& history);

// Tickets that two assignments held at once, by the record or by what agents were told, or that
// were completed twice.
Findings FindDoubleAssigned(const History& history);

// Moments at which an agent held more than its capacity, by the record or by what it was told.
Findings FindOverCapacity(const History& history);

// Records that differ from what was told, or intake's from the matcher's: who, when, and how it
// ended.
Findings FindDisagreements(const History& history);

}  // namespace muster::replay
