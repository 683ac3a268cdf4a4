// What ideal dispatch would make of a trace and a roster: nothing takes time but work itself,
// nobody declines, and each agent has one job at a time.
//
// A freed agent takes, among the waiting tickets of the queues it has the skill for, the one that
// has waited longest, a priority ticket counting as `bonus_s` longer for each step of priority. An
// arriving ticket goes to the idle agent with the skill who has been idle longest. Ties fall by the
// ticket's place in the trace and by the agent's name.
//
// Pure.
//
//   Metrics ideal = MetricsOf(PlayIdeal(trace, roster, /*bonus_s=*/90));
#pragma once

#include "services/cli/replay/metrics.h"
#include "services/cli/replay/roster.h"
#include "services/cli/replay/trace.h"

namespace muster::replay {

Outcome PlayIdeal(const Trace& trace, const Roster& roster, double bonus_s);

}  // namespace muster::replay
