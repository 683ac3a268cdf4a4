// The life of sessions: hello, presence, heartbeat, the end of a link or a lease, grace, offline.
//
// What it decides is put on record by the writer, in order, and only then told to anybody. What has
// to be recorded although nobody waits for it (the end of a session) is tried until it succeeds.
//
// Threading: thread-safe, never blocks.
//
//   sessions.Hello({key, link, session_id, presence, request_id}, deadline, on_failure);
//   sessions.LinkEnded(link);
//   sessions.Tick();                       // often, from a timer
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/availability/domain/session_table.h"
#include "services/availability/session/router.h"
#include "services/availability/writer.h"

namespace muster::availability {

struct SessionsOptions {
  std::string node_id;
  // How often an agent is asked to send a sign of life.
  absl::Duration heartbeat_interval = absl::Seconds(10);
};

struct HelloRequest {
  AgentKey key;
  LinkId link = 0;
  std::string session_id;
  Presence presence = Presence::kUnspecified;
  std::string request_id;
};

class Sessions {
 public:
  using Done = std::function<void(absl::StatusOr<Outcome>)>;

  // All outlive it.
  Sessions(SessionsOptions options, SessionTable& table, Router& router, Writer& writer,
           const Clock& clock, const Clock& steady);

  // The agent is welcomed once the session is on record; `failed` is called if it cannot be.
  void Hello(HelloRequest request, absl::Time deadline, std::function<void(absl::Status)> failed);
  // From a link, for its session of the agent.
  void SetPresenceOnLink(const AgentKey& key, LinkId link, const std::string& session_id,
                         Presence presence, const std::string& reason, RequestMark request,
                         absl::Time deadline, Done done);
  // From a call.
  void SetPresence(const AgentKey& key, Presence presence, const std::string& reason,
                   RequestMark request, absl::Time deadline, Done done);
  // The matcher's; see the mutation. The agent is told on its link.
  void PauseAgent(const AgentKey& key, availability::PauseAgent act, absl::Time deadline,
                  Done done);
  void Delete(const AgentKey& key, const std::string& etag, RequestMark request,
              absl::Time deadline, Done done);

  void LinkEnded(LinkId link);
  // A sign of life in a call: extends the lease of a session without a link, if there is one.
  bool Seen(const AgentKey& key);
  // When a session without a link ends, by the time of day; nothing with a link, or without a
  // session.
  std::optional<absl::Time> LeaseOf(const AgentKey& key) const;

  // Sessions of this node that the database remembers from before a restart: their grace begins.
  void Recover(const std::vector<HeldSession>& held);
  void Tick();

 private:
  void Record(const SessionEffect& effect);
  void Record(const std::vector<SessionEffect>& effects);
  v1::PlatformFrame WelcomeOf(const v1::Agent& agent) const;
  void OnPresenceSet(const Outcome& outcome, bool expected);

  const SessionsOptions options_;
  SessionTable& table_;
  Router& router_;
  Writer& writer_;
  const Clock& clock_;
  const Clock& steady_;  // see Router
  std::mutex mutex_;
  std::vector<SessionEffect> unrecorded_;  // the writer's queue was full
};

}  // namespace muster::availability
