// A pool's agents, as availability's feed tells them, and what that means to the engine.
//
// An agent that could not be reached although the feed says it can is held back for a while, so
// that its tickets go to others: the feed is about to say so itself, or was right after all. So are
// all agents of a node of availability to which no stream stands, until one does.
//
// Threading: not thread-safe; belongs to the pool's own thread.
//
//   AgentMirror mirror(absl::Seconds(1));
//   mirror.SetReady("node-1", true, &events);
//   mirror.Apply(std::move(snapshot), &events);
//   mirror.HoldBack("ann", now, &events);        // as if OFFLINE
//   mirror.Release(now, &events);                // at mirror.NextRelease()
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "muster/availability/v1/availability.pb.h"
#include "services/matcher/core/feed_messages.h"
#include "services/matcher/engine/event.h"

namespace muster::matcher {

class AgentMirror {
 public:
  using Events = std::vector<engine::Event>;

  explicit AgentMirror(absl::Duration hold_back) : hold_back_(hold_back) {}

  void Apply(AgentSnapshot snapshot, Events* events);
  void Apply(availability::v1::WatchAgentsResponse::Changes changes, Events* events);

  // Whether a stream to this node stands.
  void SetReady(const std::string& node_id, bool ready, Events* events);
  bool IsReady(const std::string& node_id) const { return ready_.contains(node_id); }
  const std::set<std::string>& ready() const { return ready_; }

  void HoldBack(const std::string& agent_id, absl::Time now, Events* events);
  absl::Time NextRelease() const;
  void Release(absl::Time now, Events* events);

  // Connected agents whose session has become another one since the last call.
  std::vector<std::string> TakeNewSessions() { return std::exchange(new_sessions_, {}); }
  // Agents with a session, connected or in its grace, on this node.
  std::vector<const availability::v1::Agent*> AgentsOn(const std::string& node_id) const;

  // Null if it is not known.
  const availability::v1::Agent* Agent(const std::string& agent_id) const;
  std::string DisplayName(const std::string& agent_id) const;
  int Capacity(const std::string& agent_id) const;
  size_t size() const { return agents_.size(); }

 private:
  void Apply(availability::v1::Agent agent, Events* events);
  void Remove(const std::string& agent_id, Events* events);
  engine::AgentSpec SpecOf(const availability::v1::Agent& agent) const;

  const absl::Duration hold_back_;
  absl::flat_hash_map<std::string, availability::v1::Agent> agents_;
  std::map<std::string, absl::Time> held_back_;  // few at any time
  std::set<std::string> ready_;                  // nodes
  std::vector<std::string> new_sessions_;
};

}  // namespace muster::matcher
