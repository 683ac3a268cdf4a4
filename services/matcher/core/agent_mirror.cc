#include "services/matcher/core/agent_mirror.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "services/matcher/convert.h"

namespace muster::matcher {

namespace av = availability::v1;

namespace {

// To the engine; its offers go back at once.
void MakeUnreachable(engine::AgentSpec* spec) {
  spec->presence = engine::Presence::kOffline;
  spec->connected = false;
}

}  // namespace

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
  events->push_back(engine::AgentChanged{SpecOf(agent)});
  held_back_.erase(agent.agent_id());
  av::Agent& known = agents_[agent.agent_id()];
  if (agent.connected() && known.session_id() != agent.session_id()) {
    new_sessions_.push_back(agent.agent_id());
  }
  known = std::move(agent);
}

engine::AgentSpec AgentMirror::SpecOf(const av::Agent& agent) const {
  engine::AgentSpec spec = ToAgentSpec(agent);
  if (spec.connected && !IsReady(agent.node_id())) MakeUnreachable(&spec);
  return spec;
}

void AgentMirror::SetReady(const std::string& node_id, bool ready, Events* events) {
  if (ready == IsReady(node_id)) return;
  if (ready) {
    ready_.insert(node_id);
  } else {
    ready_.erase(node_id);
  }
  std::vector<std::string> changed;
  for (const auto& [id, agent] : agents_) {
    const bool counts = agent.connected() && agent.node_id() == node_id;
    if (counts && held_back_.count(id) == 0) changed.push_back(id);
  }
  std::sort(changed.begin(), changed.end());
  for (const std::string& id : changed) {
    events->push_back(engine::AgentChanged{SpecOf(agents_.at(id))});
  }
}

std::vector<const av::Agent*> AgentMirror::AgentsOn(const std::string& node_id) const {
  std::vector<const av::Agent*> agents;
  for (const auto& [id, agent] : agents_) {
    const bool there = agent.connected() || agent.presence() != av::PRESENCE_OFFLINE;
    if (there && agent.node_id() == node_id && !agent.session_id().empty()) {
      agents.push_back(&agent);
    }
  }
  std::sort(agents.begin(), agents.end(),
            [](const av::Agent* a, const av::Agent* b) { return a->agent_id() < b->agent_id(); });
  return agents;
}

void AgentMirror::Remove(const std::string& agent_id, Events* events) {
  held_back_.erase(agent_id);
  if (agents_.erase(agent_id) > 0) events->push_back(engine::AgentRemoved{agent_id});
}

void AgentMirror::HoldBack(const std::string& agent_id, absl::Time now, Events* events) {
  const av::Agent* agent = Agent(agent_id);
  if (agent == nullptr) return;
  engine::AgentSpec spec = ToAgentSpec(*agent);
  MakeUnreachable(&spec);
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
      events->push_back(engine::AgentChanged{SpecOf(*agent)});
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
