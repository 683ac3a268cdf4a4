#include "services/matcher/core/agent_mirror.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "services/matcher/convert.h"

namespace muster::matcher {

namespace av = availability::v1;

void AgentMirror::Apply(AgentSnapshot snapshot, Events* events) {
  absl::flat_hash_set<std::string> present;
  for (const av::Agent& agent : snapshot.agents) present.insert(agent.agent_id());
  std::vector<std::string> gone;
  for (const auto& [id, agent] : agents_) {
    if (!present.contains(id)) gone.push_back(id);
  }
  std::sort(gone.begin(), gone.end());
  for (const std::string& id : gone) Remove(id, events);
  for (av::Agent& agent : snapshot.agents) Apply(std::move(agent), events);
}

void AgentMirror::Apply(av::WatchAgentsResponse::Changes changes, Events* events) {
  for (av::Agent& agent : *changes.mutable_agents()) Apply(std::move(agent), events);
  for (const std::string& id : changes.deleted_agent_ids()) Remove(id, events);
}

void AgentMirror::Apply(av::Agent agent, Events* events) {
  events->push_back(engine::AgentChanged{ToAgentSpec(agent)});
  held_back_.erase(agent.agent_id());
  agents_[agent.agent_id()] = std::move(agent);
}

void AgentMirror::Remove(const std::string& agent_id, Events* events) {
  held_back_.erase(agent_id);
  if (agents_.erase(agent_id) > 0) events->push_back(engine::AgentRemoved{agent_id});
}

void AgentMirror::HoldBack(const std::string& agent_id, absl::Time now, Events* events) {
  const av::Agent* agent = Agent(agent_id);
  if (agent == nullptr) return;
  engine::AgentSpec spec = ToAgentSpec(*agent);
  spec.presence = engine::Presence::kOffline;
  spec.connected = false;
  held_back_[agent_id] = now + hold_back_;
  events->push_back(engine::AgentChanged{std::move(spec)});
}

absl::Time AgentMirror::NextRelease() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [id, time] : held_back_) next = std::min(next, time);
  return next;
}

void AgentMirror::Release(absl::Time now, Events* events) {
  for (auto it = held_back_.begin(); it != held_back_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    if (const av::Agent* agent = Agent(it->first)) {
      events->push_back(engine::AgentChanged{ToAgentSpec(*agent)});
    }
    it = held_back_.erase(it);
  }
}

const av::Agent* AgentMirror::Agent(const std::string& agent_id) const {
  auto it = agents_.find(agent_id);
  return it == agents_.end() ? nullptr : &it->second;
}

std::string AgentMirror::DisplayName(const std::string& agent_id) const {
  const av::Agent* agent = Agent(agent_id);
  return agent == nullptr ? "" : agent->display_name();
}

int AgentMirror::Capacity(const std::string& agent_id) const {
  const av::Agent* agent = Agent(agent_id);
  return agent == nullptr ? 1 : std::max(agent->capacity(), 1);
}

}  // namespace muster::matcher
