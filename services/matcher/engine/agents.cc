// Agents: what the feed tells of them, and what a change does to their offers.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

Index Core::FindAgent(std::string_view id) const {
  return agent_ids_.Find(HashText(id), [&](Index a) { return agents_[a].id == id; });
}

Index Core::AgentFor(std::string_view id) {
  if (const Index known = FindAgent(id); known != kNone) return known;
  const Index a = agents_.Add();
  profiles_.Add();  // at the same index: both are added and freed together
  agent_stamps_.Cover(a);
  agents_[a].id.Assign(id);
  agents_[a].serial = next_serial_++;
  profiles_[a].spec.connected = false;
  agent_ids_.Insert(HashText(id), a);
  return a;
}

void Core::ForgetAgentIfUnused(Index a) {
  AgentRecord& agent = agents_[a];
  if (agent.registered || !agent.works.empty()) return;
  // Should it come again, it comes as a new one.
  agent.serial = next_serial_++;
  agent.value = agent.idle_since = kLongAgo;
  agent.ignored = 0;
  if (agent.references > 0) return;
  agent_ids_.Erase(HashText(agent.id), a);
  agents_.Free(a);
  profiles_.Free(a);
}

void Core::On(const AgentChanged& event) {
  const AgentSpec& spec = event.agent;
  if (!WithinLimits(spec)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded,
                  absl::StrCat("agent ", spec.agent_id));
  }
  const Index a = AgentFor(spec.agent_id);
  AgentRecord& agent = agents_[a];
  AgentProfile& profile = profiles_[a];
  if (agent.registered && profile.spec == spec) return;
  const bool new_session = profile.spec.session_id != spec.session_id;
  Enter(a, spec);
  RevokeOffersAfterChange(a);
  ReleaseReserved(a);
  if (new_session && spec.connected && !spec.session_id.empty() && !agent.works.empty()) {
    ResendToAgent resend{.agent_id = agent.id, .session_id = profile.spec.session_id};
    for (const Index w : agent.works) {
      const WorkRecord& work = works_[w];
      (work.state == WorkState::kOffer ? resend.offers : resend.assignments).push_back(work.id);
    }
    Emit(std::move(resend));
  }
  Loosen(a);
}

void Core::Enter(Index a, const AgentSpec& spec) {
  AgentRecord& agent = agents_[a];
  AgentProfile& profile = profiles_[a];
  const bool told_of = profile.spec.presence_time != spec.presence_time;
  const bool came_online = spec.presence == Presence::kOnline &&
                           (!agent.registered || agent.presence != Presence::kOnline || told_of);
  Unstand(a);
  if (agent.registered) Refit(a, false);
  Count(agent, -1);
  if (came_online) {
    const Nanos told = ToNanos(spec.presence_time);
    const Nanos since = told > kLongAgo ? std::min(told, now_) : now_;
    agent.idle_since = std::max(agent.idle_since, since);
    agent.value = std::max(agent.value, since);
    agent.ignored = 0;
  }
  agent.registered = true;
  profile.spec = spec;
  agent.capacity = spec.capacity;
  agent.presence = spec.presence;
  agent.at_work = spec.presence == Presence::kOnline && spec.connected;
  profile.skills = Intern(spec.skills);
  profile.languages.clear();
  for (const std::string& language : spec.languages) {
    profile.languages.push_back(InternWord(language));
  }
  std::sort(profile.languages.begin(), profile.languages.end());
  Count(agent, +1);
  Refit(a, true);
  if (agent.claim != kNone) claims_.push_back(agent.claim);
}

void Core::Refit(Index a, bool in) {
  AgentRecord& agent = agents_[a];
  const auto visit = [&](Index l) {
    if (in) return AddToLine(a, l);
    RemoveFromLine(a, l);
  };
  for (const Index l : lines_without_skill_) visit(l);
  for (const Level& has : profiles_[a].skills) {
    for (const Index l : lines_by_skill_[has.skill]) visit(l);
  }
  for (const Index l : profiles_[a].reserved_lines) visit(l);
  if (!in) agent.lines.clear();
  for (const Level& has : profiles_[a].skills) {
    if (in) {
      agents_by_skill_[has.skill].insert(a);
    } else {
      agents_by_skill_[has.skill].erase(a);
    }
  }
}

void Core::On(const AgentRemoved& event) {
  const Index a = FindAgent(event.agent_id);
  if (a == kNone || !agents_[a].registered) return;
  AgentRecord& agent = agents_[a];
  AgentProfile& profile = profiles_[a];
  Unstand(a);
  Refit(a, false);
  Count(agent, -1);
  agent.registered = false;
  agent.at_work = false;
  agent.presence = profile.spec.presence = Presence::kOffline;
  agent.capacity = 0;
  profile.spec.connected = false;
  profile.spec.session_id.clear();
  profile.skills.clear();
  Count(agent, +1);
  if (const Index t = agent.claim; t != kNone) {
    DropClaim(t);
    Touch(t);
  }
  RevokeOffersAfterChange(a);
  ReleaseReserved(a);
  ForgetAgentIfUnused(a);
}

void Core::RevokeOffersAfterChange(Index a) {
  AgentRecord& agent = agents_[a];
  if (agent.offers == 0) return;
  std::string_view all;
  if (!agent.registered) {
    all = reason::kAgentRemoved;
  } else if (agent.presence == Presence::kOffline) {
    all = reason::kAgentOffline;
  } else if (agent.presence == Presence::kPaused) {
    all = reason::kAgentPaused;
  }
  for (const Index w : absl::InlinedVector<Index, 4>(agent.works)) {
    if (works_[w].state != WorkState::kOffer) continue;
    if (!all.empty()) {
      RevokeToQueue(w, all);
    } else if (!FitsTicket(a, tickets_[works_[w].ticket])) {
      RevokeToQueue(w, reason::kNoLongerEligible);
    }
  }
  for (std::size_t i = agent.works.size(); i-- > 0;) {
    if (agent.busy + agent.reserved <= agent.capacity) break;
    const Index w = agent.works[i];
    if (works_[w].state == WorkState::kOffer) RevokeToQueue(w, reason::kCapacityReduced);
  }
}

bool Core::CanServeReserved(Index a, std::uint32_t weight) const {
  const AgentRecord& agent = agents_[a];
  return agent.registered && agent.capacity >= weight &&
         (agent.presence == Presence::kOnline || agent.presence == Presence::kPaused);
}

void Core::ReleaseReserved(Index a) {
  const std::vector<Index> lines = profiles_[a].reserved_lines;
  for (const Index l : lines) {
    if (CanServeReserved(a, heads_[l].weight)) continue;
    std::vector<Index> tickets;
    const WaitOrder order = Waits();
    Lane::Cursor<WaitOrder> cursor(lines_[l].waiting, order);
    while (const Entry* entry = cursor.Next()) tickets.push_back(entry->record);
    for (const Index t : tickets) Relist(t);  // the line goes with the last of them
  }
}

Nanos Core::Credit(const AgentRecord& agent) const {
  return agent.value >= now_ ? 0 : Between(agent.value, now_);
}

void Core::StartIdling(Index a, Nanos since, Nanos carry) {
  AgentRecord& agent = agents_[a];
  agent.idle_since = since;
  agent.value = since - carry;
}

// Too many in a row: it is paused at once, and stays so until the feed tells of it again.
void Core::Ignored(Index a) {
  AgentRecord& agent = agents_[a];
  ++agent.ignored;
  const std::uint32_t most = pool_rules_.ignored_offers_to_pause;
  if (most == 0 || agent.ignored < most || agent.presence != Presence::kOnline) return;
  Emit(
      PauseAgent{.agent_id = agent.id, .reason = reason::kIgnoredOffers, .ignored = agent.ignored});
  agent.ignored = 0;
  AgentSpec paused = profiles_[a].spec;
  paused.presence = Presence::kPaused;
  Enter(a, paused);
  RevokeOffersAfterChange(a);
}

}  // namespace muster::engine
