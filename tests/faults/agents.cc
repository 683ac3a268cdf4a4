#include "tests/faults/agents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/channel.h"
#include "google/rpc/status.pb.h"

namespace muster::faults {
namespace {

using availability::v1::AgentFrame;
using availability::v1::AvailabilityService;
using availability::v1::PlatformFrame;

constexpr absl::Duration kRemindAfter = absl::Seconds(3);
constexpr absl::Duration kRemindEvery = absl::Milliseconds(500);
// A dead connection is found this soon, since agents here live only minutes.
constexpr absl::Duration kKeepalive = absl::Seconds(2);
constexpr double kShareDeclined = 0.08, kShareIgnored = 0.05, kShareByCall = 0.25;
constexpr double kShareReceived = 0.7;
constexpr absl::Duration kMostThinking = absl::Milliseconds(150);
constexpr absl::Duration kMostWork = absl::Milliseconds(400);
constexpr absl::Duration kBetweenPauses = absl::Seconds(12), kPause = absl::Milliseconds(800);

// As a balancer would: each in turn, and past those that are not there (common/rpc/channel.cc).
std::string Target(std::vector<std::string> addresses, Random& random) {
  std::rotate(addresses.begin(),
              addresses.begin() + random.Below(static_cast<int>(addresses.size())),
              addresses.end());
  return absl::StrJoin(addresses, ",");
}

std::string PresenceName(availability::v1::Presence presence) {
  return presence == availability::v1::PRESENCE_PAUSED ? "PAUSED" : "ONLINE";
}

}  // namespace

AgentClient::AgentClient(World& world, const std::vector<std::string>& addresses,
                         std::string pool_id, std::string agent_id)
    : world_(world), pool_id_(std::move(pool_id)), agent_id_(std::move(agent_id)) {
  for (const std::string& address : addresses) {
    stubs_.push_back(AvailabilityService::NewStub(MakeChannel(address, {.own_connection = true})));
  }
  ChannelOptions options;
  options.own_connection = true;
  options.keepalive_time = options.keepalive_timeout = kKeepalive;
  options.max_reconnect = absl::Milliseconds(500);
  link_ = std::make_unique<replay::Link>(
      world_.loop, MakeChannel(Target(addresses, world_.random), options),
      replay::Link::Listener{
          .connected = [this](replay::Link*) { Hello(); },
          .disconnected = [this](replay::Link*) { welcome_ = false; },
          .hear = [this](replay::Link*, const PlatformFrame& frame) { Hear(frame); }});
  Remind();
  Wander();
}

void AgentClient::Hello() {
  AgentFrame frame;
  frame.set_agent_id(agent_id_);
  auto& hello = *frame.mutable_hello();
  hello.set_pool_id(pool_id_);
  hello.set_client("chaos");
  hello.set_presence(resting_ ? availability::v1::PRESENCE_UNSPECIFIED
                              : availability::v1::PRESENCE_ONLINE);
  place_.Fill(&hello);
  link_->Send(frame);
}

void AgentClient::Hear(const PlatformFrame& frame) {
  if (const std::string wrong = place_.Take(frame); !wrong.empty()) {
    world_.history.Add({.act = Act::kMisnumbered,
                        .told = Told::kYes,
                        .client = agent_id_,
                        .pool_id = pool_id_,
                        .detail = wrong,
                        .asked_us = NowMicros(),
                        .answered_us = NowMicros()});
  }
  switch (frame.kind_case()) {
    case PlatformFrame::kWelcome:
      welcome_ = true;
      for (auto& [id, pending] : pending_) Send(pending);
      break;
    case PlatformFrame::kOffer:
      HearOffer(frame.offer());
      break;
    case PlatformFrame::kAssignmentConfirmed:
      HearConfirmed(frame.assignment_confirmed());
      break;
    case PlatformFrame::kAnswer:
      HearAnswer(frame.answer());
      break;
    case PlatformFrame::kSnapshotComplete:
      HearAll();
      break;
    case PlatformFrame::kSessionEnded:
      Hello();
      break;
    case PlatformFrame::kAssignmentEnded:
      works_.erase(frame.assignment_ended().assignment_id());
      break;
    default:
      break;
  }
}

// What was not told by now is no more.
void AgentClient::HearAll() {
  std::erase_if(works_, [this](const std::string& id) { return !place_.Has(id); });
}

void AgentClient::HearOffer(const availability::v1::OfferNotice& offer) {
  const std::string& id = offer.offer_id();
  if (!considered_.insert(id).second) return;  // told again; the answer is on its way
  if (world_.random.Chance(kShareReceived)) {
    AgentFrame frame;
    frame.set_agent_id(agent_id_);
    frame.mutable_receive_offer()->set_offer_id(id);
    link_->Send(frame);
  }
  const bool willing = world_.closing;
  if (!willing && world_.random.Chance(kShareIgnored)) return;
  const bool decline = !willing && world_.random.Chance(kShareDeclined);
  const bool by_call = world_.random.Chance(kShareByCall);
  world_.After(world_.random.Between(absl::ZeroDuration(), kMostThinking),
               [this, id, decline, by_call] {
                 if (decline) {
                   Decline(id);
                 } else if (by_call) {
                   AcceptByCall(id);
                 } else {
                   Accept(id);
                 }
               });
}

void AgentClient::Accept(const std::string& offer_id) {
  AgentFrame frame;
  frame.set_request_id("accept-" + offer_id);
  frame.mutable_accept_offer()->set_offer_id(offer_id);
  Submit(std::move(frame), {.act = Act::kAccept, .work_id = offer_id});
}

void AgentClient::AcceptByCall(const std::string& offer_id) {
  availability::v1::AcceptOfferRequest request;
  request.set_pool_id(pool_id_);
  request.set_agent_id(agent_id_);
  request.set_request_id("accept-" + offer_id);
  request.mutable_act()->set_offer_id(offer_id);
  Entry entry{.act = Act::kAccept,
              .client = agent_id_,
              .request_id = request.request_id(),
              .pool_id = pool_id_,
              .work_id = offer_id};
  using Confirmed = availability::v1::AssignmentConfirmed;
  Ask<AvailabilityService::Stub, availability::v1::AcceptOfferRequest, Confirmed>(
      world_, stubs_, &AvailabilityService::Stub::AsyncAcceptOffer, request, std::move(entry),
      [](const Confirmed&, Entry&) {},
      [this](const Entry& e, const Confirmed& confirmed) {
        if (e.told == Told::kYes) HearConfirmed(confirmed);
      });
}

void AgentClient::Decline(const std::string& offer_id) {
  AgentFrame frame;
  frame.set_request_id("decline-" + offer_id);
  frame.mutable_decline_offer()->set_offer_id(offer_id);
  frame.mutable_decline_offer()->set_reason("not now");
  Submit(std::move(frame), {.act = Act::kDecline, .work_id = offer_id});
}

void AgentClient::HearConfirmed(const availability::v1::AssignmentConfirmed& confirmed) {
  const std::string& id = confirmed.assignment_id();
  considered_.insert(id);
  if (!works_.insert(id).second) return;
  world_.history.Add({.act = Act::kConfirmed,
                      .told = Told::kYes,
                      .client = agent_id_,
                      .pool_id = pool_id_,
                      .ticket_id = confirmed.ticket().ticket_id(),
                      .work_id = id,
                      .asked_us = NowMicros(),
                      .answered_us = NowMicros()});
  world_.After(world_.random.Between(absl::Milliseconds(10), kMostWork), [this, id] {
    if (works_.count(id) > 0) Complete(id);
  });
}

void AgentClient::Complete(const std::string& assignment_id) {
  AgentFrame frame;
  frame.set_request_id("complete-" + assignment_id);
  frame.mutable_complete_assignment()->set_assignment_id(assignment_id);
  frame.mutable_complete_assignment()->set_disposition("solved");
  Submit(std::move(frame), {.act = Act::kComplete, .work_id = assignment_id, .detail = "solved"});
}

void AgentClient::Wander() {
  world_.After(world_.random.Exponential(kBetweenPauses), [this] {
    if (resting_ || world_.closing) return;
    SayPresence(availability::v1::PRESENCE_PAUSED, absl::StrCat("pause ", ++presences_));
    world_.After(kPause, [this] {
      if (!resting_) SayPresence(availability::v1::PRESENCE_ONLINE, "");
    });
    Wander();
  });
}

void AgentClient::Rest(const std::string& reason) {
  resting_ = true;
  SayPresence(availability::v1::PRESENCE_PAUSED, reason);
}

void AgentClient::SayPresence(availability::v1::Presence presence, const std::string& reason) {
  AgentFrame frame;
  frame.set_request_id(absl::StrCat("presence-", agent_id_, "-", ++presences_));
  frame.mutable_presence_change()->set_presence(presence);
  frame.mutable_presence_change()->set_reason(reason);
  Entry entry{.act = Act::kPresence, .detail = absl::StrCat(PresenceName(presence), " ", reason)};
  later_presences_.emplace_back(std::move(frame), std::move(entry));
  NextPresence();
}

// One at a time: else a word that is asked again could be answered after a later one.
void AgentClient::NextPresence() {
  const bool open = std::any_of(pending_.begin(), pending_.end(), [](const auto& entry) {
    return entry.second.entry.act == Act::kPresence;
  });
  if (open || later_presences_.empty()) return;
  auto [frame, entry] = std::move(later_presences_.front());
  later_presences_.pop_front();
  Submit(std::move(frame), std::move(entry));
}

void AgentClient::Submit(AgentFrame frame, Entry entry) {
  frame.set_agent_id(agent_id_);
  entry.client = agent_id_;
  entry.request_id = frame.request_id();
  entry.pool_id = pool_id_;
  const auto [at, fresh] = pending_.try_emplace(frame.request_id());
  if (!fresh) return;
  at->second = {std::move(frame), std::move(entry)};
  if (welcome_) Send(at->second);
}

void AgentClient::Send(Pending& pending) {
  if (pending.tries++ == 0) pending.entry.asked_us = NowMicros();
  pending.sent_us = NowMicros();
  link_->Send(pending.frame);
}

void AgentClient::HearAnswer(const PlatformFrame::Answer& answer) {
  const auto at = pending_.find(answer.request_id());
  if (at == pending_.end()) return;
  const absl::Status status(static_cast<absl::StatusCode>(answer.status().code()),
                            answer.status().message());
  Entry entry = at->second.entry;
  entry.told = ToldBy(status);
  entry.answered_us = NowMicros();
  if (!status.ok()) entry.error = answer.status().ShortDebugString();
  world_.history.Add(entry);
  if (entry.told == Told::kUnknown && at->second.tries < kMostTries) return;  // Remind asks again
  // The link stands, and the session is gone: as after a lease that ran out.
  if (absl::StrContains(entry.error, "NO_SESSION")) Hello();
  if (entry.act == Act::kComplete) works_.erase(entry.work_id);
  pending_.erase(at);
  NextPresence();
}

void AgentClient::Remind() {
  if (world_.over) return;
  const int64_t old = NowMicros() - absl::ToInt64Microseconds(kRemindAfter);
  for (auto& [id, pending] : pending_) {
    if (welcome_ && pending.sent_us < old) Send(pending);
  }
  world_.After(kRemindEvery, [this] { Remind(); });
}

std::string AgentClient::DebugString() const {
  std::string text = absl::StrCat(agent_id_, welcome_ ? "" : " (no link)", " has ", works_.size(),
                                  " in hand, waits for");
  for (const auto& [id, pending] : pending_) absl::StrAppend(&text, " ", id);
  return text;
}

}  // namespace muster::faults
