// The acts of agents that the matcher has not answered yet.
//
// Threading: not thread-safe; the router holds it under its lock.
//
//   ActTable<Waiter> acts;
//   absl::StatusOr<uint64_t> id = acts.Add(key, stream, now + kActTimeout, waiter);
//   if (std::optional<Waiter> waiter = acts.Take(act_id, stream)) ...answer it...
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "services/availability/domain/agent.h"
#include "services/availability/domain/limits.h"

namespace muster::availability {

template <class Waiter>
class ActTable {
 public:
  using StreamId = uint64_t;

  // RESOURCE_EXHAUSTED when this agent, or all together, wait for too many. `waiter` is taken only
  // if it is added.
  absl::StatusOr<uint64_t> Add(const AgentKey& key, StreamId stream, absl::Time deadline,
                               Waiter& waiter) {
    if (acts_.size() >= kMaxActs) {
      return ResourceExhausted("TOO_MANY_ACTS", "too many acts wait for an answer");
    }
    size_t& of_agent = per_agent_[key];
    if (of_agent >= kMaxActsPerAgent) {
      return ResourceExhausted("TOO_MANY_ACTS", "too many acts of this agent wait for an answer");
    }
    ++of_agent;
    const uint64_t id = next_id_++;
    acts_.emplace(id, Act{key, stream, deadline, std::move(waiter)});
    due_.insert({deadline, id});
    return id;
  }

  // Nothing if it is unknown: answered, expired, or of another stream.
  std::optional<Waiter> Take(uint64_t id, StreamId stream) {
    auto it = acts_.find(id);
    if (it == acts_.end() || it->second.stream != stream) return std::nullopt;
    return Remove(it);
  }

  std::vector<Waiter> TakeStream(StreamId stream) {
    return TakeIf([stream](const Act& act) { return act.stream == stream; });
  }

  std::vector<Waiter> TakeExpired(absl::Time now) {
    std::vector<Waiter> taken;
    while (!due_.empty() && due_.begin()->first <= now) {
      taken.push_back(Remove(acts_.find(due_.begin()->second)));
    }
    return taken;
  }

  size_t size() const { return acts_.size(); }

 private:
  struct Act {
    AgentKey key;
    StreamId stream;
    absl::Time deadline;
    Waiter waiter;
  };
  using Acts = std::map<uint64_t, Act>;  // in order of their making

  template <class Predicate>
  std::vector<Waiter> TakeIf(Predicate predicate) {
    std::vector<Waiter> taken;
    for (auto it = acts_.begin(); it != acts_.end();) {
      auto next = std::next(it);
      if (predicate(it->second)) taken.push_back(Remove(it));
      it = next;
    }
    return taken;
  }

  Waiter Remove(typename Acts::iterator it) {
    Waiter waiter = std::move(it->second.waiter);
    due_.erase({it->second.deadline, it->first});
    auto agent = per_agent_.find(it->second.key);
    if (--agent->second == 0) per_agent_.erase(agent);
    acts_.erase(it);
    return waiter;
  }

  Acts acts_;
  std::set<std::pair<absl::Time, uint64_t>> due_;
  absl::flat_hash_map<AgentKey, size_t> per_agent_;
  uint64_t next_id_ = 1;
};

}  // namespace muster::availability
