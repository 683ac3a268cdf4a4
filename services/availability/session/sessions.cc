#include "services/availability/session/sessions.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/base/backoff.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/obs/log.h"
#include "common/rpc/proto_time.h"
#include "services/availability/convert/convert.h"

namespace muster::availability {
namespace {

Mutation MutationOf(const AgentKey& key, RequestMark request, absl::Time now) {
  Mutation mutation;
  mutation.key = key;
  mutation.request = std::move(request);
  mutation.now = now;
  return mutation;
}

}  // namespace

Sessions::Sessions(SessionsOptions options, SessionTable& table, Router& router,
                   MutationSink& writer, const Clock& clock, const Clock& steady)
    : options_(std::move(options)),
      table_(table),
      router_(router),
      writer_(writer),
      clock_(clock),
      steady_(steady),
      gate_(options_.hellos),
      random_(RandomSeed()) {}

absl::Status Sessions::Admit() {
  absl::Duration wait;
  {
    std::lock_guard lock(mutex_);
    const double chance = std::uniform_real_distribution<double>(0, 1)(random_);
    wait = gate_.Admit(steady_.Now(), chance);
  }
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return WithRetryDelay(
      ResourceExhausted("HELLO_RATE", "too many agents come at once; say hello again later"), wait);
}

void Sessions::LeaveGate() {
  std::lock_guard lock(mutex_);
  gate_.Leave();
}

void Sessions::Choose(HelloRequest* request, absl::Time deadline) {
  request->resumes = request->resume &&
                     router_.PrepareResume(request->key, request->resume->session_id,
                                           request->resume->last_sequence, request->link,
                                           std::max(deadline - clock_.Now(), absl::ZeroDuration()));
  request->session_id = request->resumes ? request->resume->session_id : NewId("s");
}

void Sessions::Hello(HelloRequest request, absl::Time deadline,
                     std::function<void(absl::Status)> failed) {
  if (request.resumes) return Resume(request, deadline, std::move(failed));
  Begin(request, deadline, std::move(failed));
}

void Sessions::Resume(const HelloRequest& request, absl::Time deadline,
                      std::function<void(absl::Status)> failed) {
  Mutation mutation = MutationOf(request.key, {}, clock_.Now());
  mutation.act = ResumeSession{request.session_id, options_.node_id, request.presence};
  auto lost = std::make_shared<std::atomic<bool>>(false);
  mutation.committed = [this, request, lost](const Outcome& outcome) {
    const v1::Agent agent = ToProto(outcome.agent);
    switch (router_.SessionResumed(agent, request.link, WelcomeOf(agent, true), request.request_id,
                                   request.resume->last_sequence)) {
      case Router::Resumed::kYes:
        break;
      case Router::Resumed::kLinkGone:
        Record(table_.EndLink(request.link, steady_.Now()));
        break;
      case Router::Resumed::kSessionLost:
        *lost = true;
        Record({SessionEffect::kEnd, request.key, request.session_id, 0, kLinkEnded});
        break;
    }
  };
  writer_.Submit(
      std::move(mutation), deadline,
      [this, request, lost, failed = std::move(failed)](absl::StatusOr<Outcome> outcome) {
        LeaveGate();
        if (outcome.ok() && !*lost) return;
        if (outcome.ok()) {
          return failed(Unavailable("SESSION_LOST", "the session cannot go on: say hello again"));
        }
        router_.SessionFailed(request.key);
        if (ErrorReason(outcome.status()) == "SESSION_REPLACED") {
          router_.SessionMoved(request.key, request.session_id);
        }
        failed(outcome.status());
      });
}

void Sessions::Begin(const HelloRequest& request, absl::Time deadline,
                     std::function<void(absl::Status)> failed) {
  router_.ExpectSession(request.key);
  Mutation mutation = MutationOf(request.key, {}, clock_.Now());
  mutation.act = StartSession{request.session_id, options_.node_id, request.presence};
  mutation.committed = [this, link = request.link,
                        request_id = request.request_id](const Outcome& outcome) {
    const v1::Agent agent = ToProto(outcome.agent);
    if (!router_.LinkSessionBegun(agent, link, WelcomeOf(agent, false), request_id)) {
      Record(table_.EndLink(link, steady_.Now()));  // the link ended while this was written
    }
  };
  writer_.Submit(
      std::move(mutation), deadline,
      [this, request, failed = std::move(failed)](absl::StatusOr<Outcome> outcome) {
        LeaveGate();
        if (outcome.ok()) return;
        router_.SessionFailed(request.key);
        // It may have been written all the same: then it must not stand for ever.
        if (ErrorReason(outcome.status()) == "COMMIT_UNKNOWN") {
          Record({SessionEffect::kGoOffline, request.key, request.session_id, 0, kLinkEnded});
        }
        failed(outcome.status());
      });
}

v1::PlatformFrame Sessions::WelcomeOf(const v1::Agent& agent, bool resumed) const {
  v1::PlatformFrame frame;
  frame.set_agent_id(agent.agent_id());
  v1::PlatformFrame::Welcome& welcome = *frame.mutable_welcome();
  welcome.set_session_id(agent.session_id());
  *welcome.mutable_lease() = ToProtoDuration(table_.options().lease);
  *welcome.mutable_heartbeat_interval() = ToProtoDuration(options_.heartbeat_interval);
  *welcome.mutable_agent() = agent;
  welcome.set_resumed(resumed);
  return frame;
}

void Sessions::SetPresenceOnLink(const AgentKey& key, LinkId link, const std::string& session_id,
                                 Presence presence, const std::string& reason, RequestMark request,
                                 absl::Time deadline, Done done) {
  Mutation mutation = MutationOf(key, std::move(request), clock_.Now());
  availability::SetPresence act;
  act.presence = presence;
  act.reason = reason;
  act.only_session_id = session_id;
  mutation.act = std::move(act);
  mutation.committed = [this, link](const Outcome& outcome) {
    if (outcome.applied) router_.PresenceChanged(ToProto(outcome.agent), link);
  };
  writer_.Submit(std::move(mutation), deadline, std::move(done));
}

void Sessions::SetPresence(const AgentKey& key, Presence presence, const std::string& reason,
                           RequestMark request, absl::Time deadline, Done done) {
  const std::optional<SessionTable::View> session = table_.Find(key);
  const bool may_begin = presence != Presence::kOffline && !(session && session->connected);
  if (may_begin) router_.ExpectSession(key);
  Mutation mutation = MutationOf(key, std::move(request), clock_.Now());
  availability::SetPresence act;
  act.presence = presence;
  act.reason = reason;
  act.new_session_id = NewId("s");
  act.node_id = options_.node_id;
  mutation.act = std::move(act);
  auto settled = std::make_shared<std::atomic<bool>>(!may_begin);
  mutation.committed = [this, settled](const Outcome& outcome) {
    OnPresenceSet(outcome, !settled->exchange(true));
  };
  writer_.Submit(std::move(mutation), deadline,
                 [this, key, settled, done = std::move(done)](absl::StatusOr<Outcome> outcome) {
                   if (!settled->exchange(true)) router_.SessionFailed(key);
                   done(std::move(outcome));
                 });
}

void Sessions::OnPresenceSet(const Outcome& outcome, bool expected) {
  const Agent& agent = outcome.agent;
  if (outcome.repeated) {
    if (expected) router_.SessionFailed(agent.key);
    table_.Seen(agent.key, 0, steady_.Now());  // what it says of the session is of the first time
    return;
  }
  if (agent.connected && !agent.session_has_link) {
    router_.LeaseSessionBegun(agent.key, agent.session_id, expected);
    return;
  }
  if (expected) router_.SessionFailed(agent.key);
  if (!agent.connected) table_.Forget(agent.key, agent.session_id);
  if (outcome.applied) router_.PresenceChanged(ToProto(agent), 0);
}

void Sessions::PauseAgent(const AgentKey& key, availability::PauseAgent act, absl::Time deadline,
                          Done done) {
  Mutation mutation = MutationOf(key, {}, clock_.Now());
  mutation.act = std::move(act);
  mutation.committed = [this](const Outcome& outcome) {
    if (outcome.applied) router_.PresenceChanged(ToProto(outcome.agent), 0);
  };
  writer_.Submit(std::move(mutation), deadline, std::move(done));
}

void Sessions::Delete(const AgentKey& key, const std::string& etag, RequestMark request,
                      absl::Time deadline, Done done) {
  Mutation mutation = MutationOf(key, std::move(request), clock_.Now());
  mutation.act = DeleteAgent{etag};
  mutation.committed = [this](const Outcome& outcome) {
    if (outcome.applied) router_.AgentDeleted(outcome.agent.key, outcome.agent.session_id);
  };
  writer_.Submit(std::move(mutation), deadline, std::move(done));
}

void Sessions::LinkEnded(LinkId link) {
  router_.RemoveLink(link);
  Record(table_.EndLink(link, steady_.Now()));
}

bool Sessions::Seen(const AgentKey& key) { return table_.Seen(key, 0, steady_.Now()); }

std::optional<absl::Time> Sessions::LeaseOf(const AgentKey& key) const {
  const std::optional<SessionTable::View> session = table_.Find(key);
  if (!session || !session->connected || session->link != 0) return std::nullopt;
  return clock_.Now() + (session->until - steady_.Now());
}

void Sessions::Seen(const AgentKey& key, LinkId link, int64_t last_sequence) {
  router_.Seen(key, link, last_sequence);
}

void Sessions::Moved(const MovedSession& session) {
  router_.SessionMoved(session.key, session.session_id);
}

void Sessions::LetGoOfAll() {
  router_.LetGoOfAll(Unavailable("NODE_TAKEN_OVER", "this node was silent for too long"));
}

size_t Sessions::Recover(const std::vector<HeldSession>& held) {
  size_t news = 0;
  for (const HeldSession& session : held) {
    if (!table_.Recover(session.key, session.session_id, steady_.Now())) continue;
    Record({SessionEffect::kEnd, session.key, session.session_id, 0, kLinkEnded});
    ++news;
  }
  return news;
}

void Sessions::Tick() {
  const absl::Time now = steady_.Now();
  std::vector<SessionEffect> again;
  {
    std::lock_guard lock(mutex_);
    again.swap(unrecorded_);
  }
  Record(again);
  Record(table_.Tick(now));
  router_.ExpireActs(now);
}

// Its end is on record, later than its return: the record has to say what is so.
void Sessions::Reconnect(const SessionEffect& ended) {
  const std::optional<SessionTable::View> session = table_.Find(ended.key);
  if (!session || session->session_id != ended.session_id || !session->connected) return;
  Mutation mutation = MutationOf(ended.key, {}, clock_.Now());
  mutation.act = ResumeSession{ended.session_id, options_.node_id, Presence::kUnspecified};
  writer_.Submit(std::move(mutation), absl::InfiniteFuture(), [](absl::StatusOr<Outcome>) {});
}

void Sessions::Record(const std::vector<SessionEffect>& effects) {
  for (const SessionEffect& effect : effects) Record(effect);
}

void Sessions::Record(const SessionEffect& effect) {
  if (effect.link != 0) {
    router_.SessionUnlinked(effect.link, effect.key.agent_id, effect.session_id);
  }
  Mutation mutation = MutationOf(effect.key, {}, clock_.Now());
  if (effect.kind == SessionEffect::kEnd) {
    mutation.act = EndSession{effect.session_id};
    mutation.committed = [this, effect](const Outcome& outcome) {
      if (outcome.applied) Reconnect(effect);
    };
  } else {
    router_.SessionOver(effect.key, effect.session_id);
    mutation.act = GoOffline{effect.session_id, effect.reason};
  }
  writer_.Submit(std::move(mutation), absl::InfiniteFuture(),
                 [this, effect](absl::StatusOr<Outcome> outcome) {
                   if (outcome.ok()) return;
                   if (absl::IsUnavailable(outcome.status())) return;  // draining
                   Log(Severity::kWarning)
                       .Msg("the end of a session is not on record yet")
                       .With("agent_id", effect.key.agent_id)
                       .Error(outcome.status());
                   std::lock_guard lock(mutex_);
                   unrecorded_.push_back(effect);
                   unrecorded_.back().link = 0;
                 });
}

}  // namespace muster::availability
