#include "services/cli/replay/crew.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/status_convert.h"

namespace muster::replay {
namespace {

using availability::v1::AgentFrame;
using availability::v1::AssignmentConfirmed;
using availability::v1::AssignmentEnded;
using availability::v1::OfferNotice;
using availability::v1::PlatformFrame;
using availability::v1::Presence;

constexpr absl::Duration kFirstRepeat = absl::Milliseconds(5);
constexpr absl::Duration kLastRepeat = absl::Milliseconds(500);
constexpr int kDoublings = 7;
constexpr absl::Duration kAnswerWithin = absl::Seconds(5);
constexpr char kClient[] = "muster replay";

absl::Duration RepeatAfter(int tries) {
  return std::min(kFirstRepeat * (1 << std::min(tries, kDoublings)), kLastRepeat);
}

absl::Status StatusOf(const PlatformFrame::Answer& answer) {
  const google::rpc::Status& status = answer.status();
  return FromGrpc(
      {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()});
}

// The platform has ended the session, and takes no word before another hello.
bool HasNoSession(const absl::Status& status) { return ErrorReason(status) == "NO_SESSION"; }

// The refusals that an agent meets when somebody else was quicker.
bool IsTooLate(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition ||
         status.code() == absl::StatusCode::kNotFound;
}

Presence ToProto(Wish wish) {
  switch (wish) {
    case Wish::kOffline:
      return Presence::PRESENCE_OFFLINE;
    case Wish::kOnline:
      return Presence::PRESENCE_ONLINE;
    case Wish::kDraining:
      return Presence::PRESENCE_DRAINING;
  }
  return Presence::PRESENCE_OFFLINE;
}

std::optional<Wish> FromProto(Presence presence) {
  switch (presence) {
    case Presence::PRESENCE_OFFLINE:
      return Wish::kOffline;
    case Presence::PRESENCE_ONLINE:
      return Wish::kOnline;
    case Presence::PRESENCE_DRAINING:
      return Wish::kDraining;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool Crew::Agent::AtWork() const {
  return !offers.empty() ||
         std::any_of(jobs.begin(), jobs.end(), [](const auto& job) { return !job.second.over; });
}

bool Crew::Agent::Idle() const {
  return welcomed && on_duty && heard == Wish::kOnline && !AtWork();
}

Crew::Crew(Timers& timers, Troubles& troubles, std::string pool, Ears ears)
    : timers_(timers), troubles_(troubles), pool_(std::move(pool)), ears_(std::move(ears)) {}

void Crew::Add(const AgentProfile& profile, Wire* wire) {
  Agent& agent = agents_[profile.agent];
  agent.id = profile.agent;
  agent.skills = {profile.skills.begin(), profile.skills.end()};
  agent.wire = wire;
}

void Crew::Come(const std::string& agent) {
  agents_.at(agent).on_duty = true;
  SayPresence(agents_.at(agent));
}

void Crew::Go(const std::string& agent) {
  agents_.at(agent).on_duty = false;
  SayPresence(agents_.at(agent));
}

void Crew::Connected(Wire* wire) {
  for (auto& [id, agent] : agents_) {
    if (agent.wire == wire) SayHello(agent);
  }
}

void Crew::Disconnected(Wire* wire) {
  for (auto& [id, agent] : agents_) {
    if (agent.wire == wire) agent.welcomed = false;
  }
}

void Crew::SayHello(Agent& agent) {
  agent.welcomed = false;
  agent.said = WishOf(agent.on_duty, agent.AtWork());
  agent.presence_request = NewId("replay");
  AgentFrame frame;
  frame.set_agent_id(agent.id);
  frame.set_request_id(agent.presence_request);
  frame.mutable_hello()->set_pool_id(pool_);
  frame.mutable_hello()->set_client(kClient);
  frame.mutable_hello()->set_presence(ToProto(agent.said));
  agent.place.Fill(frame.mutable_hello());
  agent.wire->Send(frame);
}

void Crew::SayPresence(Agent& agent) {
  const Wish wish = WishOf(agent.on_duty, agent.AtWork());
  if (!agent.welcomed || wish == agent.said) return;
  agent.said = wish;
  agent.presence_request = NewId("replay");
  AgentFrame frame;
  frame.set_agent_id(agent.id);
  frame.set_request_id(agent.presence_request);
  frame.mutable_presence_change()->set_presence(ToProto(wish));
  agent.wire->Send(frame);
}

void Crew::RepeatPresence(Agent& agent, absl::Duration wait) {
  const std::string request = agent.presence_request;
  timers_.After(std::max(wait, RepeatAfter(agent.presence_tries++)), [this, &agent, request] {
    if (agent.presence_request != request) return;
    if (!agent.welcomed) return SayHello(agent);
    agent.said = agent.heard.value_or(Wish::kOffline);
    SayPresence(agent);
  });
}

void Crew::Say(Agent& agent, Frame frame) {
  const std::string request_id = NewId("replay");
  frame.set_agent_id(agent.id);
  frame.set_request_id(request_id);
  agent.acts[request_id].frame = std::move(frame);
  Transmit(agent, request_id);
}

// An act that stays unanswered is sent again; one that is said while the wire is down waits for the
// next welcome.
void Crew::Transmit(Agent& agent, const std::string& request_id) {
  if (!agent.welcomed) return;
  Act& act = agent.acts.at(request_id);
  const int tries = ++act.tries;
  agent.wire->Send(act.frame);
  timers_.After(kAnswerWithin, [this, &agent, request_id, tries] {
    const auto found = agent.acts.find(request_id);
    if (found != agent.acts.end() && found->second.tries == tries) Transmit(agent, request_id);
  });
}

void Crew::Hear(Wire* wire, const PlatformFrame& frame) {
  const auto found = agents_.find(frame.agent_id());
  if (found == agents_.end() || found->second.wire != wire) {
    return troubles_.Add(absl::StrCat("a frame for agent \"", frame.agent_id(), "\""),
                         StatusOf(frame.answer()));
  }
  Agent& agent = found->second;
  if (const std::string wrong = agent.place.Take(frame); !wrong.empty()) {
    troubles_.Add(absl::StrCat("agent ", agent.id), absl::DataLossError(wrong));
  }
  switch (frame.kind_case()) {
    case PlatformFrame::kWelcome:
      return HearWelcome(agent, frame.welcome());
    case PlatformFrame::kAnswer:
      return HearAnswer(agent, frame.answer());
    case PlatformFrame::kOffer:
      return HearOffer(agent, frame.offer());
    case PlatformFrame::kAssignmentConfirmed:
      return HearConfirmed(agent, frame.assignment_confirmed());
    case PlatformFrame::kAssignmentEnded:
      return HearEnded(agent, frame.assignment_ended());
    case PlatformFrame::kPresenceChanged:
      agent.heard = FromProto(frame.presence_changed().presence());
      agent.said = agent.heard.value_or(Wish::kOffline);
      return SayPresence(agent);
    case PlatformFrame::kSnapshotComplete:
      return HearAll(agent);
    case PlatformFrame::kSessionEnded:
      return SayHello(agent);
    case PlatformFrame::kSessionReplaced:
      return troubles_.Add(absl::StrCat("agent ", agent.id),
                           absl::AbortedError("another stream took over its session"));
    // A revoked offer needs nothing: its acceptance is on the way, and will be refused.
    case PlatformFrame::kOfferRevoked:
    case PlatformFrame::KIND_NOT_SET:
      return;
  }
}

// What was not told by now is no more.
void Crew::HearAll(Agent& agent) {
  for (auto& [id, job] : agent.jobs) {
    if (!job.over && !agent.place.Has(id)) EndJob(agent, id);
  }
  SayPresence(agent);
}

void Crew::HearWelcome(Agent& agent, const PlatformFrame::Welcome& welcome) {
  agent.welcomed = true;
  agent.presence_tries = 0;
  agent.heard = FromProto(welcome.agent().presence());
  for (auto& [request_id, act] : agent.acts) Transmit(agent, request_id);
  SayPresence(agent);
}

void Crew::HearAnswer(Agent& agent, const PlatformFrame::Answer& answer) {
  const absl::Status status = StatusOf(answer);
  if (answer.request_id() == agent.presence_request) return HearPresenceAnswer(agent, status);
  if (agent.acts.count(answer.request_id()) > 0) {
    return HearActAnswer(agent, answer.request_id(), status);
  }
  // What is left are answers to what was said twice, or overtaken by a later word.
  if (!status.ok() && !IsPassing(status)) {
    troubles_.Add(absl::StrCat("a word of agent ", agent.id), status);
  }
}

void Crew::HearPresenceAnswer(Agent& agent, const absl::Status& status) {
  if (!status.ok()) {
    if (HasNoSession(status)) return SayHello(agent);
    if (!IsPassing(status)) {
      troubles_.Add(absl::StrCat("hello or presence of agent ", agent.id), status);
      agent.welcomed = false;  // whatever it is, a hello makes a new start
    }
    return RepeatPresence(agent, RetryDelay(status));
  }
  if (!agent.welcomed) return;
  agent.presence_tries = 0;
  agent.heard = agent.said;
}

void Crew::HearActAnswer(Agent& agent, const std::string& request_id, const absl::Status& status) {
  // The act is said again after the welcome.
  if (HasNoSession(status)) return agent.welcomed ? SayHello(agent) : void();
  Act& act = agent.acts.at(request_id);
  if (IsPassing(status)) {
    const int tries = act.tries;
    timers_.After(RepeatAfter(tries), [this, &agent, request_id, tries] {
      const auto found = agent.acts.find(request_id);
      if (found != agent.acts.end() && found->second.tries == tries) Transmit(agent, request_id);
    });
    return;
  }
  if (!status.ok() && !IsTooLate(status)) {
    troubles_.Add(absl::StrCat("an act of agent ", agent.id), status);
  }
  const AgentFrame frame = std::move(act.frame);
  agent.acts.erase(request_id);
  if (frame.has_accept_offer()) {
    agent.offers.erase(frame.accept_offer().offer_id());
  } else {
    const std::string& assignment = frame.complete_assignment().assignment_id();
    if (status.ok()) told_[agent.jobs.at(assignment).told].completed = true;
    EndJob(agent, assignment);
  }
  SayPresence(agent);
}

void Crew::HearOffer(Agent& agent, const OfferNotice& offer) {
  ears_.offered(offer);
  // Who has gone does not answer: the offer is on its way back to its queue.
  if (WishOf(agent.on_duty, agent.AtWork()) == Wish::kOffline) return;
  const std::string& id = offer.offer_id();
  if (agent.offers.count(id) > 0 || agent.jobs.count(id) > 0) return;
  agent.offers.insert(id);
  AgentFrame frame;
  frame.mutable_accept_offer()->set_offer_id(id);
  Say(agent, std::move(frame));
}

void Crew::HearConfirmed(Agent& agent, const AssignmentConfirmed& confirmed) {
  const std::string& id = confirmed.assignment_id();
  if (!agent.jobs.emplace(id, Job{told_.size()}).second) return;
  ToldAssignment told;
  told.id = id;
  told.ticket = confirmed.ticket().ticket_id();
  told.agent = agent.id;
  told.started = FromProtoTime(confirmed.accept_time());
  told.from = ears_.now();
  told_.push_back(std::move(told));
  timers_.After(ears_.confirmed(confirmed.ticket()), [this, &agent, id] { FinishWork(agent, id); });
}

void Crew::FinishWork(Agent& agent, const std::string& assignment) {
  const Job& job = agent.jobs.at(assignment);
  if (job.over) return;
  told_[job.told].until = ears_.now();
  told_[job.told].disposition = kDisposition;
  AgentFrame frame;
  frame.mutable_complete_assignment()->set_assignment_id(assignment);
  frame.mutable_complete_assignment()->set_disposition(kDisposition);
  Say(agent, std::move(frame));
}

void Crew::HearEnded(Agent& agent, const AssignmentEnded& ended) {
  const auto found = agent.jobs.find(ended.assignment_id());
  if (found == agent.jobs.end()) return;
  if (ended.reason() == availability::v1::ASSIGNMENT_END_REASON_CUSTOMER_LEFT) {
    told_[found->second.told].customer_left = true;
  }
  EndJob(agent, ended.assignment_id());
  SayPresence(agent);
}

void Crew::EndJob(Agent& agent, const std::string& assignment) {
  Job& job = agent.jobs.at(assignment);
  job.over = true;
  ToldAssignment& told = told_[job.told];
  if (!told.until) told.until = ears_.now();
}

bool Crew::Welcomed() const {
  return std::all_of(agents_.begin(), agents_.end(),
                     [](const auto& agent) { return agent.second.welcomed; });
}

bool Crew::Gone() const {
  return std::all_of(agents_.begin(), agents_.end(), [](const auto& entry) {
    const Agent& agent = entry.second;
    return !agent.on_duty && !agent.AtWork() && agent.acts.empty() && agent.welcomed &&
           agent.said == Wish::kOffline && agent.heard == Wish::kOffline;
  });
}

std::vector<const OfferWatch::Skills*> Crew::IdleFor(const std::string& queue) const {
  std::vector<const OfferWatch::Skills*> idle;
  for (const auto& [id, agent] : agents_) {
    if (agent.Idle() && agent.skills.count(queue) > 0) idle.push_back(&agent.skills);
  }
  return idle;
}

int64_t Crew::OnDuty() const {
  return std::count_if(agents_.begin(), agents_.end(),
                       [](const auto& agent) { return agent.second.on_duty; });
}

int64_t Crew::AtWork() const {
  return std::count_if(agents_.begin(), agents_.end(),
                       [](const auto& agent) { return agent.second.AtWork(); });
}

}  // namespace muster::replay
