// The sessions that this node holds: who is connected, until when, and what follows from silence.
//
// Pure bookkeeping with the time handed in; what has to be done about it comes back as effects,
// for the caller to carry out. A session with a link ends with the link, or when the lease ran out;
// then it is in grace: it keeps its presence, unreachable, until the grace is over or a new session
// begins. A session without a link has a lease and no grace.
//
// Threading: thread-safe.
//
//   SessionTable table({.lease = absl::Seconds(30), .grace = absl::Seconds(10)});
//   table.Start(key, session_id, link, now);          // on record
//   table.Seen(key, link, now);                       // each frame
//   for (SessionEffect& effect : table.Tick(now)) ...;
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/availability/domain/agent.h"

namespace muster::availability {

// Names a stream of this process; 0 is none.
using LinkId = uint64_t;

inline constexpr char kLinkEnded[] = "link ended";
inline constexpr char kLeaseEnded[] = "lease ended";

struct SessionOptions {
  absl::Duration lease = absl::Seconds(30);
  absl::Duration grace = absl::Seconds(10);
};

struct SessionEffect {
  enum Kind {
    kEnd,        // record that it is not connected
    kGoOffline,  // record that it is over, for `reason`
  };
  Kind kind = kEnd;
  AgentKey key;
  std::string session_id;
  LinkId link = 0;
  std::string reason;

  bool operator==(const SessionEffect&) const = default;
};

class SessionTable {
 public:
  struct View {
    std::string session_id;
    LinkId link = 0;
    bool connected = false;
    absl::Time until;  // end of lease, or of grace
  };

  explicit SessionTable(SessionOptions options) : options_(options) {}

  // A session has begun, or, if it is the one that stands, goes on. Returns the link that the agent
  // was taken from, 0 if none.
  LinkId Start(const AgentKey& key, const std::string& session_id, LinkId link, absl::Time now);

  // The session is about to go on over another link: it leaves the one that it has, without
  // effects, and stands for `hold` at least, unreachable, for Start to come. The link, 0 if there
  // was none; nothing if the agent has another session, or one without a link.
  std::optional<LinkId> Detach(const AgentKey& key, const std::string& session_id, absl::Time now,
                               absl::Duration hold);

  // A session that this node held before it was restarted: its grace begins. False if the agent has
  // one here by now.
  bool Recover(const AgentKey& key, const std::string& session_id, absl::Time now);

  // A sign of life. False if the agent has no connected session on this link. For link 0, the
  // session without a link.
  bool Seen(const AgentKey& key, LinkId link, absl::Time now);
  // A sign of life of all agents of a link.
  void SeenAll(LinkId link, absl::Time now);

  std::vector<SessionEffect> EndLink(LinkId link, absl::Time now);
  // The agent said so, or is gone. No effects. The link that it had, 0 if none; nothing if another
  // session stands.
  std::optional<LinkId> Forget(const AgentKey& key, const std::string& session_id);
  // All of them, without effects.
  void ForgetAll();

  // What time has brought.
  std::vector<SessionEffect> Tick(absl::Time now);

  std::optional<View> Find(const AgentKey& key) const;
  struct Counts {
    size_t linked = 0, unlinked = 0, in_grace = 0;
  };
  Counts Count() const;
  const SessionOptions& options() const { return options_; }

 private:
  struct Session {
    std::string session_id;
    LinkId link = 0;
    bool connected = false;
    absl::Time until;
    absl::Time due;  // where it stands in due_; at most `until`, so that a heartbeat moves nothing
  };
  using Sessions = absl::flat_hash_map<AgentKey, Session>;

  void Put(const AgentKey& key, Session session);
  void Erase(Sessions::iterator it);
  void LeaveLink(LinkId link, const std::string& agent_id);
  void Schedule(const AgentKey& key, Session& session);
  SessionEffect BeginGrace(const AgentKey& key, Session& session, absl::Time now);

  const SessionOptions options_;
  mutable std::mutex mutex_;
  Sessions sessions_;
  // Agents connected through each link. A link carries agents of one pool.
  absl::flat_hash_map<LinkId, std::pair<std::string, std::set<std::string>>> links_;
  std::set<std::pair<absl::Time, AgentKey>> due_;
};

}  // namespace muster::availability
