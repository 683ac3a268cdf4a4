// Holds what clients were told against what is on record, and both against what Muster promises.
//
// Pure. What it looks for, by the name that a violation carries:
//   misnumbered         an agent was not told something in its turn, or twice, in one session
//   lost_ack            an acknowledged ticket, cancel, presence, accept or complete is not on
//                       record
//   two_effects         one request id made two tickets, or was told two different things
//   contradiction       a clear No, and the record says that it was done
//   double_assignment   two agents had one ticket at one time, or it was completed twice
//   over_capacity       an agent had more units in hand than its capacity, at any moment
//   load_miscounted     the units that the matcher keeps for an agent are not those of its work
//   records_disagree    intake's ticket and the matcher's assignment tell different stories
//   former_owner        an assignment of an older epoch that was accepted after the pool was taken
//   stuck               the system is whole and quiet, and a ticket has not ended
//
//   std::vector<Violation> violations = Check(history.entries(), records);
//   if (!violations.empty()) Report(violations.front());
//
// Threading: pure functions.
#pragma once

#include <string>
#include <vector>

#include "tests/faults/history.h"
#include "tests/faults/records.h"

namespace muster::faults {

struct Violation {
  std::string rule;
  std::string what;
};

struct CheckOptions {
  // The records' times cannot be compared: what goes by them is left out.
  bool clocks_jumped = false;
};

// In the order of the rules above; within a rule, in the order of the history or the records.
std::vector<Violation> Check(const std::vector<Entry>& history, const Records& records,
                             CheckOptions options = {});

}  // namespace muster::faults
