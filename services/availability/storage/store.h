// Where availability's truth is kept. One contract suite (tests/unit/availability/store_contract.h)
// holds for the fake of the tests and for PostgreSQL.
//
// Threading: Apply blocks, and belongs to the committer's thread; Forget blocks, and belongs to the
// thread of chores. Reads never block, from any thread; `done` comes once, on some other thread or
// from within.
//
//   absl::StatusOr<Applied> applied = store.Apply(batch);
//   store.Get(key, deadline, [](absl::StatusOr<Agent> agent) { ... });
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/availability/domain/mutation.h"

namespace muster::availability {

struct AgentFilter {
  std::string pool_id;
  std::vector<Presence> presences;  // none means all
  std::string skill;                // empty means any
  std::string after_agent_id;       // where the page begins
  int page_size = 1;
};
struct AgentPage {
  std::vector<Agent> agents;  // in order of id
  bool more = false;
};

// A part of a pool's history: whole revisions, in order.
struct PoolHistory {
  std::vector<Agent> agents;  // in order of revision
  struct Deleted {
    std::string agent_id;
    int64_t revision = 0;
  };
  std::vector<Deleted> deleted;
  int64_t revision = 0;  // the pool is known up to this
};

// A session that a node holds, or held when it was last alive.
struct HeldSession {
  AgentKey key;
  std::string session_id;
};

struct PresenceCount {
  Presence presence = Presence::kUnspecified;
  bool connected = false;
  int64_t agents = 0;
};

// What a node hears when it renews its lease.
struct NodeNews {
  bool was_known = false;
  // While its lease had run out, another node took its sessions over: they are no longer its own.
  // And so they are if it was known once, and is not any more.
  bool taken_over = false;
  std::vector<Node> alive;          // itself among them, in order of id
  std::vector<std::string> silent;  // whose lease has run out, and that still have to be buried
  std::vector<MovedSession> moved;  // its own that have ended; told once
};

class Store {
 public:
  template <class T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  virtual ~Store() = default;

  // All or nothing: UNAVAILABLE or ABORTED means try again; each mutation has its own outcome.
  virtual absl::StatusOr<Applied> Apply(absl::Span<const Mutation> mutations) = 0;
  // Forgets requests and deletions of before these times, so many at once; how many it forgot.
  virtual absl::StatusOr<int64_t> Forget(absl::Time requests_before,
                                         absl::Time deletions_before) = 0;

  // NOT_FOUND.
  virtual void Get(const AgentKey& key, absl::Time deadline, Done<Agent> done) = 0;
  virtual void List(const AgentFilter& filter, absl::Time deadline, Done<AgentPage> done) = 0;
  // All agents of a pool, at one revision. A pool without agents is empty, at 0.
  virtual void Snapshot(const std::string& pool_id, absl::Time deadline,
                        Done<PoolHistory> done) = 0;
  // What changed after `revision`. OUT_OF_RANGE if that can no longer be told.
  virtual void Since(const std::string& pool_id, int64_t revision, absl::Time deadline,
                     Done<PoolHistory> done) = 0;
  // The revisions of those pools that have one.
  virtual void Revisions(const std::vector<std::string>& pool_ids, absl::Time deadline,
                         Done<std::map<std::string, int64_t>> done) = 0;
  // Agents whose session is this node's, and who are connected or not OFFLINE.
  virtual void HeldBy(const std::string& node_id, absl::Time deadline,
                      Done<std::vector<HeldSession>> done) = 0;
  // ---- nodes; these block, and belong to the thread of membership. Leases are counted by the
  // clock of the store.

  // Makes the node known, or renews its lease.
  virtual absl::StatusOr<NodeNews> RenewNode(const Node& node, absl::Duration lease) = 0;
  // Its lease is over: the process ends.
  virtual absl::Status LeaveNode(const std::string& node_id) = 0;
  // The sessions of a node whose lease has run out are another's to end: those that HeldBy would
  // name. Nothing if it is back.
  virtual absl::StatusOr<std::optional<std::vector<HeldSession>>> TakeOverNode(
      const std::string& node_id) = 0;
  // It has no sessions any more. Nothing if it is back.
  virtual absl::Status ForgetNode(const std::string& node_id) = 0;

  virtual void CountPresences(absl::Time deadline, Done<std::vector<PresenceCount>> done) = 0;
};

}  // namespace muster::availability
