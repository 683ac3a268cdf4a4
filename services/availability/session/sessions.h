// The life of sessions: hello, return, presence, heartbeat, the end of a link or a lease, grace,
// offline.
//
// What it decides is put on record by the writer, in order, and only then told to anybody. What has
// to be recorded although nobody waits for it (the end of a session) is tried until it succeeds.
//
// Threading: thread-safe, never blocks.
//
//   if (absl::Status status = sessions.Admit(); !status.ok()) ...      // too many come at once
//   sessions.Choose(&request, deadline);                               // which session goes on
//   sessions.Hello(request, deadline, on_failure);
//   sessions.LinkEnded(link);
//   sessions.Tick();                       // often, from a timer
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/availability/domain/hello_gate.h"
#include "services/availability/domain/session_table.h"
#include "services/availability/session/router.h"
#include "services/availability/writer.h"

namespace muster::availability {

struct SessionsOptions {
  std::string node_id;
  // How often an agent is asked to send a sign of life.
  absl::Duration heartbeat_interval = absl::Seconds(10);
  HelloGateOptions hellos;
};

// How far an agent who was here before has come.
struct ResumePoint {
  std::string session_id;
  int64_t last_sequence = 0;
};

struct HelloRequest {
  AgentKey key;
  LinkId link = 0;
  std::optional<ResumePoint> resume;
  Presence presence = Presence::kUnspecified;
  std::string request_id;
  std::string session_id = {};  // by Choose
  bool resumes = false;         // by Choose
};

class Sessions {
 public:
  using Done = std::function<void(absl::StatusOr<Outcome>)>;

  // All outlive it.
  Sessions(SessionsOptions options, SessionTable& table, Router& router, MutationSink& writer,
           const Clock& clock, const Clock& steady);

  // RESOURCE_EXHAUSTED, HELLO_RATE, with the time after which to say hello again.
  absl::Status Admit();
  // The session that the agent asks for if it can go on, else a new one. Hello has to follow.
  void Choose(HelloRequest* request, absl::Time deadline);
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

  // The agent has seen what it was told on this link, up to there.
  void Seen(const AgentKey& key, LinkId link, int64_t last_sequence);
  // The agent has begun another session on another node.
  void Moved(const MovedSession& session);
  // They are another node's to end: all links end, and all agents have to come anew.
  void LetGoOfAll();

  // Sessions that the database remembers from before a restart, or of a node that is silent: their
  // grace begins. How many of them were news.
  size_t Recover(const std::vector<HeldSession>& held);
  void Tick();

 private:
  void Record(const SessionEffect& effect);
  void Record(const std::vector<SessionEffect>& effects);
  void Begin(const HelloRequest& request, absl::Time deadline,
             std::function<void(absl::Status)> failed);
  void Resume(const HelloRequest& request, absl::Time deadline,
              std::function<void(absl::Status)> failed);
  void LeaveGate();
  void Reconnect(const SessionEffect& ended);
  v1::PlatformFrame WelcomeOf(const v1::Agent& agent, bool resumed) const;
  void OnPresenceSet(const Outcome& outcome, bool expected);

  const SessionsOptions options_;
  SessionTable& table_;
  Router& router_;
  MutationSink& writer_;
  const Clock& clock_;
  const Clock& steady_;  // see Router
  std::mutex mutex_;
  std::vector<SessionEffect> unrecorded_;  // the writer's queue was full
  HelloGate gate_;
  std::mt19937_64 random_;
};

}  // namespace muster::availability
