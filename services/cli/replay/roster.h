// A roster: when each agent is there, and with which skills. One row a spell of duty, columns
//
//   online_s offline_s agent skills          (skills parted by ";", each the name of a queue)
//
// Seconds as in the trace. An agent may have many spells; its skills are the same in all of them.
// Plain values.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/cli/replay/csv.h"
#include "services/cli/replay/trace.h"

namespace muster::replay {

struct Spell {
  double online_s = 0;
  double offline_s = 0;
  std::string agent;
  std::set<std::string> skills;
};

using Roster = std::vector<Spell>;

absl::StatusOr<Roster> ParseRoster(const CsvTable& table);

// Keeps the spells that begin within the day, whole, as a day's roster is commonly cut.
void KeepDay(int day, Roster& roster);

// Keeps what of each spell lies within the window.
void ClipTo(const Window& window, Roster& roster);

// The time that all agents together are there.
double StaffedSeconds(const Roster& roster);

}  // namespace muster::replay
