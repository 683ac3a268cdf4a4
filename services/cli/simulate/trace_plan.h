// Makes a plan for the simulation of a trace and a roster, as `muster replay` would set its stage:
// a queue for each that the trace names, which requires the skill of its name, and the roster's
// agents, who accept whatever they are offered.
//
// Pure.
//
//   TracePlan plan = MakeTracePlan(trace, roster, rules, absl::Seconds(90));
//   auto figures = simulation::PlayList(plan.plan, plan.customers, nullptr);
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "services/cli/replay/roster.h"
#include "services/cli/replay/trace.h"
#include "services/simulation/plan.h"
#include "services/simulation/rules_json.h"

namespace muster::replay {

struct TracePlan {
  simulation::Plan plan;
  std::vector<simulation::Customer> customers;
};

// `priority_ahead` is what one step of the trace's priority is worth. Queues that the rules do not
// name follow the rules' defaults. `frame`: the plan has at least the queues and groups of this
// one, in the same places, so that the figures of several plays can be put together.
TracePlan MakeTracePlan(const Trace& trace, const Roster& roster, const simulation::RuleSet& rules,
                        absl::Duration priority_ahead, const simulation::Plan* frame = nullptr);

}  // namespace muster::replay
