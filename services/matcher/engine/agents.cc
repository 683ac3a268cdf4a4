// Agents: what the feed tells of them, and what a change does to their offers.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

bool Core::Available(const AgentRecord& agent) {
  return agent.registered && agent.spec.presence == Presence::kOnline && agent.spec.connected;
}

std::uint32_t Core::Free(const AgentRecord& agent) {
  const std::uint32_t taken = agent.busy + agent.reserved;
  return agent.spec.capacity > taken ? agent.spec.capacity - taken : 0;
}

Index Core::AgentFor(std::string_view id) {
  if (const Index known = Find(agent_ids_, id); known != kNone) return known;
  const Index a = agents_.Add();
  AgentRecord& agent = agents_[a];
  agent.spec.agent_id = std::string(id);
  agent.spec.connected = false;
  agent.serial = next_serial_++;
  agent_ids_.emplace(agent.spec.agent_id, a);
  return a;
}

void Core::ForgetAgentIfUnused(Index a) {
  const AgentRecord& agent = agents_[a];
  if (agent.registered || !agent.offers.empty() || !agent.assignments.empty()) return;
  agent_ids_.erase(agent.spec.agent_id);
  agents_.Free(a);
}

void Core::On(const AgentChanged& event) {
  const AgentSpec& spec = event.agent;
  if (!WithinLimits(spec)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded,
                  absl::StrCat("agent ", spec.agent_id));
  }
  const Index a = AgentFor(spec.agent_id);
  AgentRecord& agent = agents_[a];
  if (agent.registered && agent.spec == spec) return;
  const bool new_session = agent.spec.session_id != spec.session_id;
  Enter(a, spec);
  RevokeOffersAfterChange(a);
  ReleaseReserved(a);
  if (new_session && spec.connected && !spec.session_id.empty() &&
      agent.offers.size() + agent.assignments.size() > 0) {
    ResendToAgent resend{.agent_id = agent.spec.agent_id, .session_id = agent.spec.session_id};
    for (const Index o : agent.offers) resend.offers.push_back(IdOf(offers_[o]));
    for (const Index s : agent.assignments) resend.assignments.push_back(assignments_[s].id);
    Emit(std::move(resend));
  }
  Touch(a);
}

void Core::Enter(Index a, const AgentSpec& spec) {
  AgentRecord& agent = agents_[a];
  const bool fits_change = !agent.registered || agent.spec.skills != spec.skills ||
                           agent.spec.languages != spec.languages ||
                           agent.spec.capacity != spec.capacity;
  const bool came_online = spec.presence == Presence::kOnline &&
                           (!agent.registered || agent.spec.presence != Presence::kOnline ||
                            agent.spec.presence_time != spec.presence_time);
  Withdraw(a);
  if (agent.registered && fits_change) File(a, false);
  if (came_online) {
    const bool told = spec.presence_time > absl::InfinitePast();
    agent.idle_since = std::max(agent.idle_since, told ? std::min(spec.presence_time, now_) : now_);
  }
  agent.registered = true;
  agent.spec = spec;
  if (fits_change) {
    agent.skills = Intern(spec.skills);
    agent.languages.clear();
    for (const std::string& language : spec.languages) {
      agent.languages.push_back(InternWord(language));
    }
    std::sort(agent.languages.begin(), agent.languages.end());
    File(a, true);
    Refit(a);
  }
  Present(a);
}

void Core::File(Index a, bool in) {
  for (const Level& has : agents_[a].skills) {
    if (in) {
      agents_by_skill_[has.skill].insert(a);
    } else {
      agents_by_skill_[has.skill].erase(a);
    }
  }
}

void Core::On(const AgentRemoved& event) {
  const Index a = Find(agent_ids_, event.agent_id);
  if (a == kNone || !agents_[a].registered) return;
  AgentRecord& agent = agents_[a];
  Withdraw(a);
  File(a, false);
  agent.registered = false;
  agent.spec.presence = Presence::kOffline;
  agent.spec.connected = false;
  agent.spec.session_id.clear();
  Refit(a);
  Present(a);
  RevokeOffersAfterChange(a);
  ReleaseReserved(a);
  ForgetAgentIfUnused(a);
}

void Core::RevokeOffersAfterChange(Index a) {
  const AgentRecord& agent = agents_[a];
  const auto revoke_all = [&](std::string_view why) {
    while (!agent.offers.empty()) RevokeToQueue(agent.offers.front(), why);
  };
  if (!agent.registered) return revoke_all(reason::kAgentRemoved);
  if (agent.spec.presence == Presence::kOffline) return revoke_all(reason::kAgentOffline);
  if (agent.spec.presence == Presence::kPaused) return revoke_all(reason::kAgentPaused);
  for (const Index o : std::vector<Index>(agent.offers)) {
    if (!FitsTicket(a, tickets_[offers_[o].ticket])) RevokeToQueue(o, reason::kNoLongerEligible);
  }
  while (!agent.offers.empty() && agent.busy + agent.reserved > agent.spec.capacity) {
    RevokeToQueue(agent.offers.back(), reason::kCapacityReduced);
  }
}

bool Core::CanServeReserved(Index a, std::uint32_t weight) const {
  const AgentRecord& agent = agents_[a];
  return agent.registered && agent.spec.capacity >= weight &&
         (agent.spec.presence == Presence::kOnline || agent.spec.presence == Presence::kPaused);
}

void Core::ReleaseReserved(Index a) {
  const std::vector<Index> lines = agents_[a].reserved_lines;
  for (const Index l : lines) {
    if (CanServeReserved(a, lines_[l].weight)) continue;
    std::vector<Index> tickets;
    for (const TicketKey& key : lines_[l].waiting) tickets.push_back(key.ticket);
    for (const Index t : tickets) {  // the line goes with the last of them
      Delist(t);
      Enlist(t);
    }
  }
}

}  // namespace muster::engine
