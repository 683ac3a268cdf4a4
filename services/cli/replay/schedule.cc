#include "services/cli/replay/schedule.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace muster::replay {

std::vector<Moment> MakeSchedule(const Trace& trace, const Roster& roster) {
  std::vector<Moment> moments;
  moments.reserve(trace.size() + 2 * roster.size());
  for (size_t i = 0; i < roster.size(); ++i) {
    moments.push_back({roster[i].online_s, MomentKind::kAgentComes, i});
    moments.push_back({roster[i].offline_s, MomentKind::kAgentGoes, i});
  }
  for (size_t i = 0; i < trace.size(); ++i) {
    moments.push_back({trace[i].at_s, MomentKind::kTicketComes, i});
  }
  std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
    return std::pair(a.at_s, a.kind) < std::pair(b.at_s, b.kind);
  });
  return moments;
}

Wish WishOf(bool on_duty, bool at_work) {
  if (on_duty) return Wish::kOnline;
  return at_work ? Wish::kDraining : Wish::kOffline;
}

std::vector<std::string> QueuesOf(const Trace& trace) {
  std::set<std::string> queues;
  for (const TraceTicket& ticket : trace) queues.insert(ticket.queue);
  return {queues.begin(), queues.end()};
}

std::vector<AgentProfile> AgentsOf(const Roster& roster) {
  std::map<std::string, const Spell*> agents;
  for (const Spell& spell : roster) agents.emplace(spell.agent, &spell);
  std::vector<AgentProfile> profiles;
  profiles.reserve(agents.size());
  for (const auto& [name, spell] : agents) {
    profiles.push_back({name, {spell->skills.begin(), spell->skills.end()}});
  }
  return profiles;
}

}  // namespace muster::replay
