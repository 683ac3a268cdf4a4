#include "services/cli/simulate/trace_plan.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "services/cli/replay/schedule.h"
#include "services/simulation/arrivals.h"

namespace muster::replay {
namespace {

using simulation::AgentPlan;
using simulation::Customer;
using simulation::QueuePlan;
using simulation::ToNanos;

QueuePlan PlanOf(const std::string& queue_id, const simulation::RuleSet& rules) {
  QueuePlan plan = rules.defaults;
  for (const QueuePlan& named : rules.queues) {
    if (named.queue_id == queue_id) plan = named;
  }
  plan.queue_id = queue_id;
  if (plan.rules.required_skills.empty()) plan.rules.required_skills = {{queue_id, 1}};
  return plan;
}

void AddQueues(const Trace& trace, const simulation::RuleSet& rules, simulation::Plan* plan) {
  for (const std::string& queue_id : QueuesOf(trace)) {
    plan->queues.push_back(PlanOf(queue_id, rules));
  }
}

// Agents with the same skills are a group.
void AddAgents(const Roster& roster, simulation::Plan* plan) {
  std::map<std::string, std::uint32_t> groups;
  for (const simulation::GroupPlan& group : plan->groups) {
    groups.emplace(group.name, static_cast<std::uint32_t>(groups.size()));
  }
  std::map<std::string, std::size_t> agents;
  std::uint32_t row = 0;
  for (const Spell& spell : roster) {
    const auto [found, is_new] = agents.emplace(spell.agent, plan->agents.size());
    if (is_new) {
      const std::string name = absl::StrJoin(spell.skills, "+");
      const auto group =
          groups.emplace(name, static_cast<std::uint32_t>(plan->groups.size())).first->second;
      if (group == plan->groups.size()) plan->groups.push_back({.name = name});
      AgentPlan agent;
      agent.group = group;
      agent.spec.agent_id = spell.agent;
      for (const std::string& skill : spell.skills) agent.spec.skills.push_back({skill, 1});
      plan->agents.push_back(std::move(agent));
    }
    plan->agents[found->second].shifts.push_back(
        {ToNanos(spell.online_s), ToNanos(spell.offline_s), row++});
  }
}

}  // namespace

TracePlan MakeTracePlan(const Trace& trace, const Roster& roster, const simulation::RuleSet& rules,
                        absl::Duration priority_ahead, const simulation::Plan* frame) {
  TracePlan made;
  made.plan.pool = rules.pool;
  if (frame != nullptr) {
    made.plan.queues = frame->queues;
    made.plan.groups = frame->groups;
  } else {
    AddQueues(trace, rules, &made.plan);
  }
  AddAgents(roster, &made.plan);
  std::map<std::string, std::uint32_t> queues;
  for (const QueuePlan& queue : made.plan.queues) {
    queues.emplace(queue.queue_id, static_cast<std::uint32_t>(queues.size()));
  }
  std::map<std::pair<std::uint32_t, int>, std::uint32_t> types;
  for (const TraceTicket& ticket : trace) {
    const std::pair key{queues.at(ticket.queue), ticket.priority};
    const auto next = static_cast<std::uint32_t>(made.plan.types.size());
    const auto [type, is_new] = types.emplace(key, next);
    if (is_new) {
      made.plan.types.push_back(
          {.queue = key.first, .priority_ahead = ticket.priority * priority_ahead});
    }
    Customer customer;
    customer.at = ToNanos(ticket.at_s);
    customer.type = type->second;
    customer.number = static_cast<std::uint64_t>(ticket.number);
    customer.handle = ToNanos(ticket.handle_s);
    if (ticket.patience_s) customer.patience = ToNanos(*ticket.patience_s);
    made.customers.push_back(customer);
  }
  std::stable_sort(made.customers.begin(), made.customers.end(),
                   [](const Customer& a, const Customer& b) { return a.at < b.at; });
  return made;
}

}  // namespace muster::replay
