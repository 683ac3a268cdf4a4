// What can be done to availability's truth, and the rules of it.
//
// A store loads the agents that a batch names, lets `Apply` do each mutation in memory, in order,
// and writes what changed: so every store keeps the same rules, which are here.
//
// Threading: values and pure functions.
//
//   std::optional<Agent> row = ...;                    // as it is now, or none
//   absl::StatusOr<bool> changed = Apply(mutation, row);
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/availability/domain/agent.h"
#include "services/availability/domain/node.h"

namespace muster::availability {

struct CreateAgent {
  Agent agent;
};
// Replaces name, skills, languages and capacity.
struct UpdateAgent {
  Agent agent;
  std::string etag;  // empty: whatever it is now
};
struct DeleteAgent {
  std::string etag;
};
// The agent's word, or operations'.
struct SetPresence {
  Presence presence = Presence::kUnspecified;
  std::string reason;
  // From a link: only while this session is the agent's. Empty: whatever session there is; and if
  // there is none, `new_session_id` begins, without a link.
  std::string only_session_id;
  std::string new_session_id;
  std::string node_id;
};
// The matcher's: an agent who does not react. Only while this is the agent's last word: still
// ONLINE, since `presence_time`, in this session.
struct PauseAgent {
  std::string reason;
  std::string session_id;
  absl::Time presence_time;
};
// Hello. It ends whatever session there was.
struct StartSession {
  std::string session_id;
  std::string node_id;
  Presence presence = Presence::kUnspecified;  // unspecified: as it was
};
// Hello of an agent whose session goes on over another link, on the same node.
struct ResumeSession {
  std::string session_id;
  std::string node_id;
  Presence presence = Presence::kUnspecified;  // unspecified: as it was
};
// The session can no longer be reached; its presence stands for the grace period.
struct EndSession {
  std::string session_id;
};
// The session is over, and the agent with it.
struct GoOffline {
  std::string session_id;
  std::string reason;
};

// Who asked, for the memory of requests. An empty id is not remembered.
struct RequestMark {
  std::string request_id;
  int64_t fingerprint = 0;
};

struct Outcome {
  Agent agent;  // as it is after the mutation; for a deletion, as it was
  bool deleted = false;
  bool repeated = false;                     // the first answer to this request id, given again
  bool applied = false;                      // whether the row changed now
  Presence before = Presence::kUnspecified;  // the presence before it
};

struct Mutation {
  AgentKey key;
  std::variant<CreateAgent, UpdateAgent, DeleteAgent, SetPresence, PauseAgent, StartSession,
               ResumeSession, EndSession, GoOffline>
      act;
  RequestMark request;
  absl::Time now;
  std::string new_etag;  // for acts that change what an etag names
  // Called on the committer's thread when it is on record, before any feed tells of it.
  std::function<void(const Outcome&)> committed;
};

// Does it in memory. Whether the row changed (revision is the store's business); a status leaves it
// as it was. NOT_FOUND and ALREADY_EXISTS; ABORTED ETAG_MISMATCH; FAILED_PRECONDITION
// AGENT_NOT_OFFLINE, SESSION_REPLACED (SetPresence, ResumeSession). PauseAgent, EndSession and
// GoOffline of a session that is no longer the agent's change nothing, and are no error.
absl::StatusOr<bool> Apply(const Mutation& mutation, std::optional<Agent>& row);

// What one commit changed in one pool: what a feed has to tell. Rows as they are after it.
struct PoolChange {
  int64_t from_revision = 0;
  int64_t to_revision = 0;
  std::vector<Agent> agents;
  std::vector<std::string> deleted_agent_ids;
};
using Changes = std::map<std::string, PoolChange>;  // by pool

// What has become of a batch: one outcome a mutation, in order.
struct Applied {
  std::vector<absl::StatusOr<Outcome>> outcomes;
  Changes changes;
  // Sessions with a link that have ended because the agent came to another node.
  std::vector<MovedSession> moved;
};

}  // namespace muster::availability
