// Streams, acts and deliveries; sessions are in router_sessions.cc.
#include "services/availability/session/router.h"

#include <utility>

#include "common/base/errors.h"
#include "common/obs/log.h"
#include "common/rpc/proto_time.h"
#include "services/availability/convert/acts.h"
#include "services/availability/convert/convert.h"

namespace muster::availability {
namespace {

using ActProto = v1::DeliverResponse::Act;

absl::Status MatcherAbsent() {
  return Unavailable("MATCHER_ABSENT", "no matcher serves the pool at the moment");
}

absl::Status Draining() { return Unavailable("DRAINING", "the service is shutting down"); }

}  // namespace

Router::Router(SessionTable& sessions, Counts& counts, const Clock& clock, const Clock& steady)
    : sessions_(sessions), counts_(counts), clock_(clock), steady_(steady) {}

void Router::AddLink(LinkId link, const std::shared_ptr<LinkSink>& sink) {
  bool ending = false;
  {
    std::lock_guard lock(mutex_);
    links_[link] = sink;
    ending = ending_;
  }
  if (ending) sink->End(Draining());
}

void Router::RemoveLink(LinkId link) {
  std::lock_guard lock(mutex_);
  links_.erase(link);
}

void Router::AddMatcher(StreamId stream, const std::shared_ptr<MatcherSink>& sink) {
  bool ending = false;
  {
    std::lock_guard lock(mutex_);
    matchers_[stream].sink = sink;
    ending = ending_;
  }
  if (ending) sink->End(Draining());
}

void Router::RemoveMatcher(StreamId stream) {
  std::vector<Waiter> waiters;
  {
    std::lock_guard lock(mutex_);
    auto it = matchers_.find(stream);
    if (it == matchers_.end()) return;
    for (const std::string& pool_id : it->second.pool_ids) {
      auto serving = serving_.find(pool_id);
      if (serving != serving_.end() && serving->second == stream) serving_.erase(serving);
    }
    matchers_.erase(it);
    waiters = acts_.TakeStream(stream);
  }
  for (const Waiter& waiter : waiters) Finish(waiter, MatcherAbsent(), nullptr);
  Flush();
}

void Router::Serve(StreamId stream, const std::string& node_id,
                   const std::vector<ServedPool>& pools) {
  std::lock_guard lock(mutex_);
  auto it = matchers_.find(stream);
  if (it == matchers_.end()) return;
  for (const std::string& pool_id : it->second.pool_ids) {
    auto serving = serving_.find(pool_id);
    if (serving != serving_.end() && serving->second == stream) serving_.erase(serving);
  }
  const absl::flat_hash_set<std::string> before(it->second.pool_ids.begin(),
                                                it->second.pool_ids.end());
  it->second.pool_ids.clear();
  v1::DeliverResponse::Item ready;
  ready.mutable_ready()->set_node_id(node_id);
  for (const auto& [pool_id, epoch] : pools) {
    int64_t& highest = epochs_[pool_id];
    if (epoch < highest) continue;  // a former holder that does not know it yet
    highest = epoch;
    it->second.pool_ids.push_back(pool_id);
    serving_[pool_id] = stream;
    if (!before.contains(pool_id)) {
      RevokeOpenOffers(pool_id);
      for (auto& [key, inbox] : inboxes_) {
        if (key.pool_id == pool_id) inbox.Doubt();
      }
    }
    ready.mutable_ready()->add_pool_ids(pool_id);
  }
  it->second.sink->Enqueue(std::move(ready));
  unflushed_matchers_.insert(stream);
}

void Router::RevokeOpenOffers(const std::string& pool_id) {
  for (auto& [key, inbox] : inboxes_) {
    if (key.pool_id != pool_id) continue;
    while (!inbox.offers().empty()) {
      const std::string offer_id = inbox.offers().front().first;
      inbox.RemoveOffer(offer_id);
      v1::PlatformFrame frame;
      frame.set_agent_id(key.agent_id);
      frame.mutable_offer_revoked()->set_offer_id(offer_id);
      frame.mutable_offer_revoked()->set_reason(v1::REVOKE_REASON_DISPATCH_RESTARTED);
      Send(key, frame);
    }
  }
}

void Router::Tell(StreamId stream, v1::DeliverRequest::ToAgent message) {
  std::lock_guard lock(mutex_);
  if (!matchers_.contains(stream)) return;
  const AgentKey key{message.pool_id(), message.agent_id()};
  auto serving = serving_.find(key.pool_id);
  if (serving == serving_.end() || serving->second != stream) {
    // Only what the stream says that serves the pool counts.
    if (message.has_offer()) TellUndelivered(stream, key, message.offer().offer_id());
    return;
  }
  v1::PlatformFrame frame;
  frame.set_agent_id(key.agent_id);
  switch (message.kind_case()) {
    case v1::DeliverRequest::ToAgent::kOffer:
      return TellOffer(stream, key, std::move(*message.mutable_offer()));
    case v1::DeliverRequest::ToAgent::kOfferRevoked:
      if (auto inbox = inboxes_.find(key); inbox != inboxes_.end()) {
        inbox->second.RemoveOffer(message.offer_revoked().offer_id());
      }
      *frame.mutable_offer_revoked() = std::move(*message.mutable_offer_revoked());
      break;
    case v1::DeliverRequest::ToAgent::kAssignmentConfirmed:
      return TellConfirmed(key, std::move(*message.mutable_assignment_confirmed()));
    case v1::DeliverRequest::ToAgent::kAssignmentEnded:
      if (auto inbox = inboxes_.find(key); inbox != inboxes_.end()) {
        inbox->second.RemoveAssignment(message.assignment_ended().assignment_id());
      }
      *frame.mutable_assignment_ended() = std::move(*message.mutable_assignment_ended());
      break;
    case v1::DeliverRequest::ToAgent::kTold:
      return TellTold(key, message.told().session_id());
    case v1::DeliverRequest::ToAgent::KIND_NOT_SET:
      return;
  }
  DropIfEmpty(key);
  Send(key, frame);
}

// Told again what it has been told in this session, it hears nothing.
void Router::TellConfirmed(const AgentKey& key, v1::AssignmentConfirmed confirmed) {
  AgentInbox& inbox = inboxes_[key];
  const std::string id = confirmed.assignment_id();
  const v1::AssignmentConfirmed* known = inbox.FindAssignment(id);
  const bool same = known != nullptr && known->SerializeAsString() == confirmed.SerializeAsString();
  v1::PlatformFrame frame;
  frame.set_agent_id(key.agent_id);
  *frame.mutable_assignment_confirmed() = std::move(confirmed);
  if (!same) Send(key, frame);
  inbox.Confirm(id, std::move(*frame.mutable_assignment_confirmed()));
}

void Router::TellTold(const AgentKey& key, const std::string& session_id) {
  const std::optional<SessionTable::View> session = sessions_.Find(key);
  if (!session || session->session_id != session_id) return;
  v1::PlatformFrame frame;
  frame.set_agent_id(key.agent_id);
  if (auto inbox = inboxes_.find(key); inbox != inboxes_.end()) {
    for (const std::string& id : inbox->second.TakeDoubted()) {
      frame.mutable_assignment_ended()->set_assignment_id(id);
      frame.mutable_assignment_ended()->set_reason(v1::ASSIGNMENT_END_REASON_UNTOLD);
      Send(key, frame);
    }
    DropIfEmpty(key);
  }
  auto spoken = spoken_.find(key);
  if (spoken == spoken_.end() || spoken->second.outbox.session_id() != session_id) return;
  if (std::exchange(spoken->second.snapshot_complete, true)) return;
  frame.mutable_snapshot_complete();
  Send(key, frame);
}

void Router::TellUndelivered(StreamId stream, const AgentKey& key, const std::string& offer_id) {
  counts_.offers_undelivered.Increment();
  v1::DeliverResponse::Item item;
  v1::DeliverResponse::Undelivered& undelivered = *item.mutable_undelivered();
  undelivered.set_pool_id(key.pool_id);
  undelivered.set_agent_id(key.agent_id);
  undelivered.set_offer_id(offer_id);
  matchers_.at(stream).sink->Enqueue(std::move(item));
  unflushed_matchers_.insert(stream);
}

void Router::TellOffer(StreamId stream, const AgentKey& key, v1::OfferNotice offer) {
  const std::optional<SessionTable::View> session = sessions_.Find(key);
  const bool reachable = (session && session->connected) || expected_.contains(key);
  const std::string id = offer.offer_id();
  if (!reachable || !inboxes_[key].HasRoomForOffer(id)) {
    DropIfEmpty(key);
    return TellUndelivered(stream, key, id);
  }
  counts_.offers_delivered.Increment();
  v1::PlatformFrame frame;
  frame.set_agent_id(key.agent_id);
  *frame.mutable_offer() = std::move(offer);
  Send(key, frame);
  inboxes_[key].AddOffer(id, std::move(*frame.mutable_offer()));
}

void Router::Answer(StreamId stream, v1::DeliverRequest::ActAnswer answer) {
  std::unique_lock lock(mutex_);
  std::optional<Waiter> waiter = acts_.Take(answer.act_id(), stream);
  v1::AssignmentConfirmed* const confirmed =
      answer.has_assignment_confirmed() ? answer.mutable_assignment_confirmed() : nullptr;
  if (!waiter) {
    counts_.late_answers.Increment();
    return;
  }
  const absl::Status status = FromRpcStatus(answer.status());
  Settle(*waiter, status, confirmed);
  lock.unlock();
  Finish(*waiter, status, confirmed);
}

void Router::Settle(const Waiter& waiter, const absl::Status& status,
                    v1::AssignmentConfirmed* confirmed) {
  if (confirmed != nullptr && status.ok()) {
    inboxes_[waiter.key].Confirm(confirmed->assignment_id(), *confirmed);
    v1::PlatformFrame frame;
    frame.set_agent_id(waiter.key.agent_id);
    frame.mutable_assignment_confirmed()->Swap(confirmed);
    Send(waiter.key, frame);
    frame.mutable_assignment_confirmed()->Swap(confirmed);
    return;
  }
  auto inbox = inboxes_.find(waiter.key);
  if (inbox == inboxes_.end()) return;
  switch (waiter.kind) {
    case ActProto::kAcceptOffer:
    case ActProto::kDeclineOffer:
      if (status.ok() || absl::IsFailedPrecondition(status) || absl::IsNotFound(status)) {
        inbox->second.RemoveOffer(waiter.subject_id);
      }
      break;
    case ActProto::kStartWrapUp:
      if (v1::AssignmentConfirmed* assignment = inbox->second.FindAssignment(waiter.subject_id);
          assignment != nullptr && status.ok()) {
        assignment->set_in_wrap_up(true);
      }
      break;
    case ActProto::kCompleteAssignment:
      if (status.ok()) inbox->second.RemoveAssignment(waiter.subject_id);
      break;
    case ActProto::kReceiveOffer:
    case ActProto::KIND_NOT_SET:
      break;
  }
  DropIfEmpty(waiter.key);
}

void Router::Finish(const Waiter& waiter, const absl::Status& status,
                    const v1::AssignmentConfirmed* confirmed) {
  counts_.Act(ActName(waiter.kind), static_cast<int>(status.code()));
  counts_.act_seconds.Observe(absl::ToDoubleSeconds(steady_.Now() - waiter.since));
  waiter.done(status, confirmed);
}

void Router::Act(ActProto act, absl::Time deadline, ActDone done) {
  const absl::Time now = steady_.Now();
  const absl::Time until = now + (deadline - clock_.Now());
  absl::Status refusal;
  Waiter waiter{
      {act.pool_id(), act.agent_id()}, act.kind_case(), SubjectOf(act), now, std::move(done)};
  {
    std::lock_guard lock(mutex_);
    auto serving = serving_.find(act.pool_id());
    if (serving == serving_.end()) {
      refusal = MatcherAbsent();
    } else if (absl::StatusOr<uint64_t> id = acts_.Add(waiter.key, serving->second, until, waiter);
               !id.ok()) {
      refusal = id.status();
    } else {
      act.set_act_id(*id);
      *act.mutable_deadline() = ToProtoTime(deadline);
      v1::DeliverResponse::Item item;
      *item.mutable_act() = std::move(act);
      matchers_.at(serving->second).sink->Enqueue(std::move(item));
      unflushed_matchers_.insert(serving->second);
    }
  }
  if (!refusal.ok()) Finish(waiter, refusal, nullptr);
}

void Router::ExpireActs(absl::Time now) {
  std::vector<Waiter> waiters;
  {
    std::lock_guard lock(mutex_);
    waiters = acts_.TakeExpired(now);
  }
  const absl::Status late =
      DeadlineExceeded("MATCHER_SLOW", "the matcher did not answer in time; ask again");
  for (const Waiter& waiter : waiters) Finish(waiter, late, nullptr);
  Flush();
}

// Numbered, and kept for its return; now, if its link stands.
void Router::Send(const AgentKey& key, v1::PlatformFrame& frame) {
  const std::optional<SessionTable::View> session = sessions_.Find(key);
  auto spoken = spoken_.find(key);
  if (!session || spoken == spoken_.end()) return;
  Outbox<EncodedFrame>& outbox = spoken->second.outbox;
  if (outbox.session_id() != session->session_id) return;
  const LinkId link = session->connected ? session->link : 0;
  frame.set_sequence(outbox.next());
  EncodedFrame encoded = Encode(frame);
  outbox.Add(encoded, encoded->size(), link);
  if (link != 0) SendOn(link, std::move(encoded));
}

void Router::SendOn(LinkId link, EncodedFrame frame) {
  auto it = links_.find(link);
  if (it == links_.end()) return;
  it->second->Enqueue(std::move(frame));
  unflushed_links_.insert(link);
}

void Router::FlushLater(LinkId link) {
  std::lock_guard lock(mutex_);
  unflushed_links_.insert(link);
}

void Router::Flush() {
  std::vector<std::shared_ptr<LinkSink>> links;
  std::vector<std::shared_ptr<MatcherSink>> matchers;
  {
    std::lock_guard lock(mutex_);
    for (LinkId id : unflushed_links_) {
      if (auto it = links_.find(id); it != links_.end()) links.push_back(it->second);
    }
    for (StreamId id : unflushed_matchers_) {
      if (auto it = matchers_.find(id); it != matchers_.end()) matchers.push_back(it->second.sink);
    }
    unflushed_links_.clear();
    unflushed_matchers_.clear();
  }
  for (const auto& link : links) link->Flush();
  for (const auto& matcher : matchers) matcher->Flush();
}

void Router::EndAll() {
  std::vector<std::shared_ptr<LinkSink>> links;
  std::vector<std::shared_ptr<MatcherSink>> matchers;
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& [id, sink] : links_) links.push_back(sink);
    for (const auto& [id, matcher] : matchers_) matchers.push_back(matcher.sink);
  }
  for (const auto& link : links) link->End(Draining());
  for (const auto& matcher : matchers) matcher->End(Draining());
}

void Router::Observe() {
  std::lock_guard lock(mutex_);
  counts_.links.Set(static_cast<double>(links_.size()));
  counts_.matcher_streams.Set(static_cast<double>(matchers_.size()));
  counts_.pools_served.Set(static_cast<double>(serving_.size()));
  counts_.acts_waiting.Set(static_cast<double>(acts_.size()));
}

void Router::DropIfEmpty(const AgentKey& key) {
  auto it = inboxes_.find(key);
  if (it != inboxes_.end() && it->second.empty()) inboxes_.erase(it);
}

}  // namespace muster::availability
