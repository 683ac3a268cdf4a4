// Between agents and the matcher: acts go up, offers and answers come down.
//
// It knows which stream reaches an agent, which stream serves a pool, what each agent has before
// it, what it was told in its session, and who waits for an answer. All of it is memory; what is on
// record is the store's.
//
// Threading: thread-safe, one lock; sinks are flushed, and waiters called, without it.
//
//   StreamId stream = router.AddMatcher(sink);
//   router.Serve(stream, node_id, {{"bank", 7}});
//   router.Act(act, deadline, waiter);            // an agent's word, into the queue of `sink`
//   router.Answer(stream, act_answer);            // the waiter is called
//   router.Tell(stream, to_agent);                // into the queue of the agent's link
//   router.Flush();                               // and out
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "muster/availability/v1/availability.pb.h"
#include "services/availability/domain/act_table.h"
#include "services/availability/domain/inbox.h"
#include "services/availability/domain/outbox.h"
#include "services/availability/domain/session_table.h"
#include "services/availability/session/metrics.h"
#include "services/availability/session/sinks.h"

namespace muster::availability {

using StreamId = uint64_t;

struct ServedPool {
  std::string pool_id;
  int64_t epoch = 0;
};

// Gets the matcher's answer, and the assignment if the act was an acceptance that counts. Once.
using ActDone = std::function<void(const absl::Status&, const v1::AssignmentConfirmed*)>;

class Router {
 public:
  // All outlive it.
  // `clock` is the time of day, in which deadlines are told; `steady` has no jumps: leases, graces
  // and waits for answers are counted by it.
  Router(SessionTable& sessions, Counts& counts, const Clock& clock, const Clock& steady);

  // Names a link or a matcher's stream.
  uint64_t NewStreamId() { return next_id_.fetch_add(1); }
  // A sink is ended at once, from within, if the service is shutting down.
  void AddLink(LinkId link, const std::shared_ptr<LinkSink>& sink);
  void RemoveLink(LinkId link);

  void AddMatcher(StreamId stream, const std::shared_ptr<MatcherSink>& sink);
  // Its acts fail with UNAVAILABLE, MATCHER_ABSENT.
  void RemoveMatcher(StreamId stream);
  // From now on the stream serves these pools and no others, but for those that were served under a
  // higher epoch before; it is told which. Offers that another stream left open are revoked, and
  // assignments are in doubt until they are told again.
  void Serve(StreamId stream, const std::string& node_id, const std::vector<ServedPool>& pools);
  void Tell(StreamId stream, v1::DeliverRequest::ToAgent message);
  void Answer(StreamId stream, v1::DeliverRequest::ActAnswer answer);
  // Writes what Serve, Tell, Answer and Act have left in the queues of other streams.
  void Flush();
  // What a waiter has put into the queue of a link goes out with the rest of its kind.
  void FlushLater(LinkId link);

  // `act` comes without id, and with pool, agent, request id and deadline. UNAVAILABLE
  // MATCHER_ABSENT at once if nobody serves the pool.
  void Act(v1::DeliverResponse::Act act, absl::Time deadline, ActDone done);
  void ExpireActs(absl::Time now);

  // A session of the agent is about to begin: what it had before it is forgotten (the matcher tells
  // it again), and what comes from now on is kept for it. Each call is followed by one of
  // SessionBegun and SessionFailed.
  void ExpectSession(const AgentKey& key);
  void SessionFailed(const AgentKey& key);
  // On record. Welcomes the agent on its link, hands it what has come meanwhile, and tells the link
  // that had the agent before. False if the link is gone.
  bool LinkSessionBegun(const v1::Agent& agent, LinkId link, const v1::PlatformFrame& welcome,
                        const std::string& request_id);
  void LeaseSessionBegun(const AgentKey& key, const std::string& session_id, bool expected);

  // The agent is back on `link` and has seen its session up to `last_sequence`. If all that came
  // since is still there, the session leaves the link that it has, stands for `hold` at least, and
  // what comes is kept for it. Then each call is followed by one of SessionResumed and
  // SessionFailed. False if it has to begin a new session.
  bool PrepareResume(const AgentKey& key, const std::string& session_id, int64_t last_sequence,
                     LinkId link, absl::Duration hold);
  enum class Resumed { kYes, kLinkGone, kSessionLost };
  // On record. Welcomes the agent and tells it what it has not seen.
  Resumed SessionResumed(const v1::Agent& agent, LinkId link, const v1::PlatformFrame& welcome,
                         const std::string& request_id, int64_t last_sequence);
  // The agent has seen its session on this link up to there.
  void Seen(const AgentKey& key, LinkId link, int64_t last_sequence);
  // What it was told need not be kept.
  void SessionOver(const AgentKey& key, const std::string& session_id);
  // The agent has begun another on another node.
  void SessionMoved(const AgentKey& key, const std::string& session_id);
  // Ends all links, and forgets all sessions.
  void LetGoOfAll(const absl::Status& why);

  // No sign of life came, though the link may stand: it no longer counts for the agent.
  void SessionUnlinked(LinkId link, const std::string& agent_id, const std::string& session_id);
  // Tells the agent's link, unless that is where the change came from.
  void PresenceChanged(const v1::Agent& agent, LinkId origin);
  void AgentDeleted(const AgentKey& key, const std::string& session_id);

  v1::AgentWork Work(const AgentKey& key) const;
  // Ends all streams: the service is shutting down.
  void EndAll();
  void Observe();

 private:
  using AgentInbox = Inbox<v1::OfferNotice, v1::AssignmentConfirmed>;
  // What the agent was told in its session with a link.
  struct Spoken {
    Outbox<EncodedFrame> outbox;
    bool snapshot_complete = false;
  };
  struct Matcher {
    std::shared_ptr<MatcherSink> sink;
    std::vector<std::string> pool_ids;
  };
  struct Waiter {
    AgentKey key;
    v1::DeliverResponse::Act::KindCase kind;
    std::string subject_id;  // of the offer or the assignment
    absl::Time since;
    ActDone done;
  };

  void StopExpecting(const AgentKey& key);
  void Welcome(const AgentKey& key, LinkId link, const v1::PlatformFrame& welcome,
               const std::string& request_id);
  void TakeFrom(LinkId link, const AgentKey& key);
  void Send(const AgentKey& key, v1::PlatformFrame& frame);
  void SendOn(LinkId link, EncodedFrame frame);
  void SendInbox(const AgentKey& key);
  void TellConfirmed(const AgentKey& key, v1::AssignmentConfirmed confirmed);
  void TellTold(const AgentKey& key, const std::string& session_id);
  void TellOffer(StreamId stream, const AgentKey& key, v1::OfferNotice offer);
  void TellUndelivered(StreamId stream, const AgentKey& key, const std::string& offer_id);
  void RevokeOpenOffers(const std::string& pool_id);
  // What an answered act means for what the agent has before it.
  void Settle(const Waiter& waiter, const absl::Status& status, v1::AssignmentConfirmed* confirmed);
  void Finish(const Waiter& waiter, const absl::Status& status,
              const v1::AssignmentConfirmed* confirmed);
  void DropIfEmpty(const AgentKey& key);

  SessionTable& sessions_;
  Counts& counts_;
  const Clock& clock_;
  const Clock& steady_;
  std::atomic<uint64_t> next_id_{1};
  mutable std::mutex mutex_;
  absl::flat_hash_map<LinkId, std::shared_ptr<LinkSink>> links_;
  absl::flat_hash_map<StreamId, Matcher> matchers_;
  absl::flat_hash_map<std::string, StreamId> serving_;  // by pool
  absl::flat_hash_map<std::string, int64_t> epochs_;    // by pool, the highest that was served
  absl::flat_hash_map<AgentKey, AgentInbox> inboxes_;
  absl::flat_hash_map<AgentKey, Spoken> spoken_;
  absl::flat_hash_map<AgentKey, int> expected_;
  absl::flat_hash_set<LinkId> unflushed_links_;
  absl::flat_hash_set<StreamId> unflushed_matchers_;
  ActTable<Waiter> acts_;
  bool ending_ = false;
};

}  // namespace muster::availability
