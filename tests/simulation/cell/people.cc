#include "tests/simulation/cell/people.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace muster::cell {
namespace {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;
using faults::Act;
using faults::Entry;
using faults::Told;

constexpr absl::Duration kAnswerWithin = absl::Seconds(1), kAgain = absl::Milliseconds(100);
constexpr absl::Duration kReopen = absl::Milliseconds(100), kBeat = absl::Seconds(1);
constexpr absl::Duration kMostThinking = absl::Milliseconds(100);
constexpr absl::Duration kLeastWork = absl::Milliseconds(20), kMostWork = absl::Milliseconds(600);
constexpr double kLeaves = 0.15, kIgnores = 0.05, kDeclines = 0.1, kWandersOff = 0.02;

Told ToldBy(const absl::Status& status) {
  if (status.ok()) return Told::kYes;
  const bool open = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                    absl::IsResourceExhausted(status) || absl::IsAborted(status) ||
                    ErrorReason(status) == "NO_SESSION";
  return open ? Told::kUnknown : Told::kNo;
}

}  // namespace

Customer::Customer(Timeline& timeline, Chance& chance, IntakeNode& intake, faults::History& history,
                   std::string name, std::string pool_id)
    : timeline_(timeline),
      chance_(chance),
      intake_(intake),
      history_(history),
      name_(std::move(name)),
      pool_id_(std::move(pool_id)),
      host_(timeline, name_),
      link_(timeline, chance, host_, intake.host, absl::StrCat(name_, "->intake")) {
  host_.Start();
}

void Customer::Come() { Open(); }

void Customer::Open() {
  link_.Open({.opened = [this] { ticket_id_.empty() ? Ask() : Cancel(); },
              .broken = [this] { host_.After(kReopen, [this] { Open(); }); }},
             {});
}

// Asks until it is answered; an answer that settles nothing is asked again.
void Customer::Call(intake::Mutation mutation, Entry entry, std::function<void()> again,
                    std::function<void(const intake::Outcome&)> done) {
  const uint64_t call = ++calls_;
  entry.client = name_;
  entry.pool_id = pool_id_;
  entry.request_id = mutation.request.request_id;
  entry.asked_us = absl::ToUnixMicros(timeline_.now());
  link_.ToServer([this, mutation, entry, call, again, done, generation = link_.generation()] {
    intake_.Apply(mutation, [this, entry, call, again, done,
                             generation](const absl::StatusOr<intake::Outcome>& outcome) {
      if (link_.generation() != generation) return;
      link_.ToClient([this, entry, call, again, done, outcome]() mutable {
        if (call != calls_) return;
        ++calls_;
        entry.told = ToldBy(outcome.status());
        entry.answered_us = absl::ToUnixMicros(timeline_.now());
        if (!outcome.ok()) entry.error = outcome.status().ToString();
        if (entry.act == Act::kCreate && outcome.ok()) {
          entry.ticket_id = std::get<intake::Ticket>(*outcome).ticket_id;
        }
        history_.Add(entry);
        if (entry.told == Told::kUnknown) return host_.After(kAgain, again);
        if (outcome.ok()) done(*outcome);
      });
    });
  });
  host_.After(kAnswerWithin, [this, call, again] {
    if (call == calls_) again();
  });
}

void Customer::Ask() {
  intake::Ticket ticket{.ticket_id = absl::StrCat("t-", name_),
                        .pool_id = pool_id_,
                        .queue_id = "q",
                        .customer_id = name_};
  Call(
      {.act = intake::CreateTicket{ticket},
       .request = {absl::StrCat("create-", name_), 1},
       .now = {}},
      {.act = Act::kCreate, .detail = name_}, [this] { Ask(); },
      [this](const intake::Outcome& outcome) {
        ticket_id_ = std::get<intake::Ticket>(outcome).ticket_id;
        if (!chance_.Happens(kLeaves, name_)) return;
        leaving_ = true;
        host_.After(chance_.Between(absl::Milliseconds(5), absl::Seconds(2), name_),
                    [this] { Cancel(); });
      });
}

void Customer::Cancel() {
  if (!leaving_) return;
  Call(
      {.act = intake::CancelTicket{ticket_id_, "had enough", false},
       .request = {absl::StrCat("cancel-", name_), 1},
       .now = {}},
      {.act = Act::kCancel, .ticket_id = ticket_id_}, [this] { Cancel(); },
      [this](const intake::Outcome&) { leaving_ = false; });
}

Agent::Agent(Timeline& timeline, Chance& chance, std::vector<AvailabilityNode*> nodes,
             faults::History& history, std::string pool_id, std::string agent_id)
    : timeline_(timeline),
      chance_(chance),
      nodes_(std::move(nodes)),
      history_(history),
      pool_id_(std::move(pool_id)),
      agent_id_(std::move(agent_id)),
      host_(timeline, agent_id_) {
  for (AvailabilityNode* node : nodes_) {
    links_.push_back(std::make_unique<Connection>(
        timeline, chance, host_, node->host, absl::StrCat(agent_id_, "->", node->host.name())));
  }
  host_.Start();
}

std::vector<Connection*> Agent::connections() {
  std::vector<Connection*> all;
  for (const auto& link : links_) all.push_back(link.get());
  return all;
}

void Agent::Come() {
  Open();
  Beat();
}

void Agent::Open() {
  at_ = static_cast<size_t>(chance_.Below(static_cast<int>(links_.size()), agent_id_));
  there_ = std::make_shared<uint64_t>(0);
  AvailabilityNode* node = nodes_[at_];
  Connection* link = links_[at_].get();
  link->Open({.opened = [this] { Hello(); },
              .broken =
                  [this] {
                    welcome_ = false;
                    host_.After(kReopen, [this] { Open(); });
                  }},
             {.opened = [node, link, there = there_] { *there = node->LinkOpened(link); },
              .broken = [node, there = there_] { node->LinkBroken(*there); }});
}

void Agent::Send(AgentFrame frame) {
  frame.set_agent_id(agent_id_);
  AvailabilityNode* node = nodes_[at_];
  Connection* link = links_[at_].get();
  link->ToServer([this, node, link, there = there_, frame] {
    node->SetEar(*there, [this, link, there](const PlatformFrame& heard) {
      if (there == there_) Hear(heard);
    });
    node->Hear(*there, frame);
  });
}

void Agent::Hello() {
  AgentFrame frame;
  frame.set_request_id("hello");
  frame.mutable_hello()->set_pool_id(pool_id_);
  frame.mutable_hello()->set_presence(availability::v1::PRESENCE_ONLINE);
  place_.Fill(frame.mutable_hello());
  Send(frame);
}

void Agent::Beat() {
  if (welcome_) {
    AgentFrame frame;
    place_.Fill(frame.mutable_heartbeat());
    Send(frame);
    for (const auto& [id, pending] : pending_) {
      if (Micros() - pending.entry.answered_us > absl::ToInt64Microseconds(kAnswerWithin)) {
        Send(pending.frame);
      }
    }
  } else if (links_[at_]->up()) {
    Hello();  // the last one was not answered
  }
  if (!willing_ && welcome_ && chance_.Happens(kWandersOff, agent_id_)) links_[at_]->Break();
  host_.After(kBeat, [this] { Beat(); });
}

void Agent::Hear(const PlatformFrame& frame) {
  if (const std::string wrong = place_.Take(frame); !wrong.empty()) {
    history_.Add({.act = Act::kMisnumbered,
                  .told = Told::kYes,
                  .client = agent_id_,
                  .pool_id = pool_id_,
                  .detail = wrong});
  }
  switch (frame.kind_case()) {
    case PlatformFrame::kWelcome:
      welcome_ = true;
      for (const auto& [id, pending] : pending_) Send(pending.frame);
      break;
    case PlatformFrame::kOffer:
      HearOffer(frame.offer().offer_id());
      break;
    case PlatformFrame::kAssignmentConfirmed:
      HearConfirmed(frame.assignment_confirmed());
      break;
    case PlatformFrame::kAssignmentEnded:
      works_.erase(frame.assignment_ended().assignment_id());
      break;
    case PlatformFrame::kSnapshotComplete:
      std::erase_if(works_, [this](const std::string& id) { return !place_.Has(id); });
      break;
    case PlatformFrame::kSessionEnded:
    case PlatformFrame::kSessionReplaced:
      welcome_ = false;
      Hello();
      break;
    case PlatformFrame::kAnswer:
      HearAnswer(frame.answer());
      break;
    default:
      break;
  }
}

void Agent::HearOffer(const std::string& offer_id) {
  if (!considered_.insert(offer_id).second) return;
  if (!willing_ && chance_.Happens(kIgnores, agent_id_)) return;
  const bool declines = !willing_ && chance_.Happens(kDeclines, agent_id_);
  host_.After(chance_.Between(absl::ZeroDuration(), kMostThinking, agent_id_),
              [this, offer_id, declines] {
                AgentFrame frame;
                if (declines) {
                  frame.set_request_id("decline-" + offer_id);
                  frame.mutable_decline_offer()->set_offer_id(offer_id);
                  Submit(frame, {.act = Act::kDecline, .work_id = offer_id});
                } else {
                  frame.set_request_id("accept-" + offer_id);
                  frame.mutable_accept_offer()->set_offer_id(offer_id);
                  Submit(frame, {.act = Act::kAccept, .work_id = offer_id});
                }
              });
}

void Agent::HearConfirmed(const availability::v1::AssignmentConfirmed& confirmed) {
  const std::string& id = confirmed.assignment_id();
  considered_.insert(id);
  if (!works_.insert(id).second) return;
  history_.Add({.act = Act::kConfirmed,
                .told = Told::kYes,
                .client = agent_id_,
                .pool_id = pool_id_,
                .ticket_id = confirmed.ticket().ticket_id(),
                .work_id = id,
                .asked_us = Micros(),
                .answered_us = Micros()});
  host_.After(chance_.Between(kLeastWork, kMostWork, agent_id_), [this, id] {
    if (!works_.contains(id)) return;
    AgentFrame frame;
    frame.set_request_id("complete-" + id);
    frame.mutable_complete_assignment()->set_assignment_id(id);
    frame.mutable_complete_assignment()->set_disposition("solved");
    Submit(frame, {.act = Act::kComplete, .work_id = id, .detail = "solved"});
  });
}

void Agent::Submit(AgentFrame frame, Entry entry) {
  entry.client = agent_id_;
  entry.pool_id = pool_id_;
  entry.request_id = frame.request_id();
  entry.asked_us = entry.answered_us = Micros();
  if (!pending_.emplace(frame.request_id(), Pending{frame, entry}).second) return;
  if (welcome_) Send(frame);
}

void Agent::HearAnswer(const PlatformFrame::Answer& answer) {
  const absl::Status status(static_cast<absl::StatusCode>(answer.status().code()),
                            answer.status().message());
  if (answer.request_id() == "hello") {
    if (!status.ok()) welcome_ = false;  // Beat says it again
    return;
  }
  auto it = pending_.find(answer.request_id());
  if (it == pending_.end()) return;
  Entry& entry = it->second.entry;
  entry.told = ToldBy(status);
  const bool no_session = absl::StrContains(answer.status().ShortDebugString(), "NO_SESSION");
  if (no_session) entry.told = Told::kUnknown;
  entry.answered_us = Micros();
  entry.error = status.ok() ? "" : status.ToString();
  history_.Add(entry);
  if (no_session) {
    welcome_ = false;
    return Hello();
  }
  if (entry.told == Told::kUnknown) return;  // Beat asks again
  if (entry.act == Act::kComplete) works_.erase(entry.work_id);
  pending_.erase(it);
}

std::string Agent::DebugString() const {
  std::string text = absl::StrCat(agent_id_, welcome_ ? "" : " (no session)", " has ",
                                  works_.size(), " in hand, waits for");
  for (const auto& [id, pending] : pending_) absl::StrAppend(&text, " ", id);
  return text;
}

}  // namespace muster::cell
