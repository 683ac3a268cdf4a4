// PoolRunner: what agents and operations do, and what they are answered.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/strings.h"
#include "common/obs/log.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/domain/work_id.h"

namespace muster::matcher {

namespace av = availability::v1;
namespace r = engine::reason;

namespace {

using AgentAct = av::DeliverResponse::Act;

std::string WorkIdOf(const AgentAct& act) {
  switch (act.kind_case()) {
    case AgentAct::kReceiveOffer:
      return act.receive_offer().offer_id();
    case AgentAct::kAcceptOffer:
      return act.accept_offer().offer_id();
    case AgentAct::kDeclineOffer:
      return act.decline_offer().offer_id();
    case AgentAct::kStartWrapUp:
      return act.start_wrap_up().assignment_id();
    case AgentAct::kCompleteAssignment:
      return act.complete_assignment().assignment_id();
    case AgentAct::KIND_NOT_SET:
      break;
  }
  return "";
}

engine::Event EventOf(const AgentAct& act, const engine::OfferId& id, engine::ActToken token) {
  switch (act.kind_case()) {
    case AgentAct::kReceiveOffer:
      return engine::OfferReceived{id, act.agent_id(), token};
    case AgentAct::kAcceptOffer:
      return engine::OfferAccepted{id, act.agent_id(), token};
    case AgentAct::kDeclineOffer:
      return engine::OfferDeclined{id, act.agent_id(), token};
    case AgentAct::kStartWrapUp:
      return engine::WrapUpStarted{id, act.agent_id(), token};
    default:
      return engine::AssignmentCompleted{id, act.agent_id(), token};
  }
}

bool IsAboutOffer(const AgentAct& act) {
  return act.has_receive_offer() || act.has_accept_offer() || act.has_decline_offer();
}

// PostgreSQL's text holds no NUL; availability has checked all else.
absl::Status CheckText(const AgentAct& act) {
  for (const std::string* text :
       {&act.decline_offer().reason(), &act.complete_assignment().disposition(),
        &act.complete_assignment().note()}) {
    if (text->find('\0') != std::string::npos) {
      return InvalidField(act.has_decline_offer() ? "reason" : "note", "must have no NUL in it");
    }
  }
  return absl::OkStatus();
}

absl::Status NotServed() {
  return Unavailable("POOL_NOT_SERVED", "no matcher serves this pool now");
}

// Whether the records may know more of it than the engine, which forgets what has ended.
bool MayBeOnRecord(std::string_view reason) {
  return reason == r::kOfferNotFound || reason == r::kOfferAccepted ||
         reason == r::kAssignmentNotFound || reason == r::kAssignmentCompleted;
}

// A deadline that passed long ago was not written by a clock like ours: acts do not lie about so
// long.
constexpr absl::Duration kStalestAct = absl::Minutes(2);

bool NobodyWaits(const av::DeliverResponse::Act& act, absl::Time now) {
  if (!act.has_deadline()) return false;
  const absl::Duration passed = now - FromProtoTime(act.deadline());
  return passed >= absl::ZeroDuration() && passed < kStalestAct;
}

}  // namespace

void PoolRunner::OnAct(ActRef ref, AgentAct act, absl::Time received) {
  if (stopped_ || !started_) return parts_.delivery.Answer(ref, NotServed(), std::nullopt);
  Begin(received);
  if (NobodyWaits(act, now_)) return;
  PendingAct pending{ref, std::move(act), received};
  std::optional<WorkId> work = ParseWorkId(WorkIdOf(pending.act));
  if (!work || work->pool_id != options_.pool_id) {
    const char* kind = IsAboutOffer(pending.act) ? "offer" : "assignment";
    return Answer(pending, NotFound(kind, WorkIdOf(pending.act)));
  }
  if (absl::Status good = CheckText(pending.act); !good.ok()) return Answer(pending, good);
  engine::ActToken token = ++last_token_;
  engine::Event event = EventOf(pending.act, {work->epoch, work->number}, token);
  acts_.emplace(token, std::move(pending));
  Apply(event);
}

// The feed is about to say that the agent is gone; until it does, others had better be asked.
void PoolRunner::OnUndelivered(const std::string& agent_id) {
  if (stopped_) return;
  Begin(parts_.clock.Now());
  Events events;
  agents_.HoldBack(agent_id, now_, &events);
  ApplyAll(events);
}

std::optional<PoolRunner::PendingAct> PoolRunner::TakeAct(engine::ActToken token) {
  auto it = acts_.find(token);
  if (it == acts_.end()) return std::nullopt;
  PendingAct act = std::move(it->second);
  acts_.erase(it);
  return act;
}

std::unique_ptr<PoolRunner::PendingOperation> PoolRunner::TakeOperation(engine::ActToken token) {
  auto it = operations_.find(token);
  if (it == operations_.end()) return nullptr;
  std::unique_ptr<PendingOperation> operation = std::move(it->second);
  operations_.erase(it);
  return operation;
}

void PoolRunner::Answer(const PendingAct& act, const absl::Status& status,
                        std::optional<Confirmed> confirmed) {
  if (!status.ok()) parts_.metrics.refused_acts.Increment();
  parts_.delivery.Answer(act.ref, status, std::move(confirmed));
}

void PoolRunner::AnswerRecorded(const std::optional<PendingAct>& act, const absl::Status& status) {
  if (!act) return;
  parts_.metrics.act_to_record.Observe(absl::ToDoubleSeconds(parts_.clock.Now() - act->received));
  Answer(*act, status);
}

// ---- what changes nothing, and what is refused

void PoolRunner::Do(const engine::Unchanged& effect) {
  if (std::unique_ptr<PendingOperation> operation = TakeOperation(effect.act)) {
    OperationResult result;
    if (!operation->ended_assignment_id.empty()) {
      result.ended_assignment_id = operation->ended_assignment_id;
    }
    return operation->done(result);
  }
  if (std::optional<PendingAct> act = TakeAct(effect.act)) {
    AnswerRepeated(*std::move(act), effect.offer);
  }
}

// It was done before, and is answered as it was then: once it is on record.
void PoolRunner::AnswerRepeated(PendingAct act, const engine::OfferId& id) {
  if (act.act.has_receive_offer()) return Answer(act, absl::OkStatus());
  WhenSettled(IdText(id), [this, id, act = std::move(act)]() mutable {
    if (auto it = works_.find(id); it != works_.end() && act.act.has_accept_offer()) {
      return Answer(act, absl::OkStatus(), ConfirmedOf(*it->second));
    }
    if (act.act.has_decline_offer() || act.act.has_start_wrap_up()) {
      return Answer(act, absl::OkStatus());
    }
    const char* kind = IsAboutOffer(act.act) ? "offer" : "assignment";
    LookUp(std::move(act), id, NotFound(kind, IdText(id)));
  });
}

void PoolRunner::Do(const engine::Reject& effect) {
  absl::Status status = ErrorOf(effect.code, effect.reason,
                                absl::StrCat(effect.subject, ": ", ToAbsl(effect.reason)));
  if (std::unique_ptr<PendingOperation> operation = TakeOperation(effect.act)) {
    const bool ended = effect.reason == r::kTicketNotFound || effect.reason == r::kTicketResolved;
    return operation->done(
        ended ? FailedPrecondition("TICKET_NOT_LIVE", "the ticket neither waits nor is served")
              : status);
  }
  std::optional<PendingAct> act = TakeAct(effect.act);
  if (!act) {
    if (effect.act == 0) {
      Log(Severity::kWarning)
          .Msg("the engine refuses a fact")
          .With("pool_id", options_.pool_id)
          .With("reason", effect.reason)
          .With("subject", effect.subject);
    }
    return;
  }
  std::optional<WorkId> work = ParseWorkId(WorkIdOf(act->act));
  engine::OfferId id{work->epoch, work->number};
  // The engine takes every offer of an earlier epoch for revoked; some had been accepted.
  const bool earlier = id.epoch < static_cast<uint64_t>(options_.epoch);
  if (act->act.has_receive_offer() ||
      !(MayBeOnRecord(effect.reason) || (earlier && effect.reason == r::kOfferRevoked))) {
    return Answer(*act, status);
  }
  WhenSettled(IdText(id), [this, id, status, act = *std::move(act)]() mutable {
    LookUp(std::move(act), id, status);
  });
}

void PoolRunner::LookUp(PendingAct act, const engine::OfferId& id, absl::Status otherwise) {
  // An offer of an earlier epoch that nobody accepted went down with its matcher.
  if (IsAboutOffer(act.act) && id.epoch < static_cast<uint64_t>(options_.epoch)) {
    otherwise = FailedPrecondition(r::kOfferRevoked, "dispatch has restarted since the offer");
  }
  parts_.store.GetAssignment(
      IdText(id), parts_.wall.Now() + options_.read_deadline,
      [weak = weak_from_this(), &sequencer = parts_.sequencer, act = std::move(act),
       otherwise](absl::StatusOr<Assignment> found) mutable {
        sequencer.Post([weak, act = std::move(act), otherwise, found = std::move(found)] {
          auto self = weak.lock();
          if (!self) return;
          if (self->stopped_) {
            return self->parts_.delivery.Answer(act.ref, NotServed(), std::nullopt);
          }
          self->Begin(act.received);
          self->OnFound(act, found, otherwise);
        });
      });
}

void PoolRunner::OnFound(const PendingAct& act, const absl::StatusOr<Assignment>& found,
                         const absl::Status& otherwise) {
  if (absl::IsNotFound(found.status())) return Answer(act, otherwise);
  if (!found.ok()) return Answer(act, found.status());
  const bool about_offer = IsAboutOffer(act.act);
  if (found->agent_id != act.act.agent_id()) {
    return Answer(act, FailedPrecondition(about_offer ? r::kOfferNotYours : r::kAssignmentNotYours,
                                          "it is another agent's"));
  }
  const bool over =
      found->state == AssignmentState::kCompleted || found->state == AssignmentState::kWrapUp;
  if (act.act.has_accept_offer()) {
    Work work{.record = *found, .ticket = tickets_.Ticket(found->ticket_id), .on_record = true};
    Answer(act, absl::OkStatus(), ConfirmedOf(work));
    if (!IsLive(found->state)) TellEnded(found->agent_id, found->assignment_id, found->end_reason);
  } else if (act.act.has_decline_offer()) {
    Answer(act, FailedPrecondition(r::kOfferAccepted, "the offer has been accepted"));
  } else if (act.act.has_start_wrap_up() && over) {
    Answer(act, absl::OkStatus());
  } else if (act.act.has_complete_assignment() && over) {
    RepeatComplete(act, *found);
  } else {
    Answer(act, FailedPrecondition("ASSIGNMENT_ENDED",
                                   "the assignment has ended: " + found->end_reason));
  }
}

// The records decide whether it is the same complete again.
void PoolRunner::RepeatComplete(const PendingAct& act, const Assignment& assignment) {
  EndAssignment mutation{hold(), assignment.assignment_id, assignment.ticket_id};
  mutation.end_reason = end_reason::kCompleted;
  mutation.disposition = act.act.complete_assignment().disposition();
  mutation.note = act.act.complete_assignment().note();
  mutation.time = now_;
  Commit(assignment.assignment_id, std::move(mutation),
         [this, act](const absl::StatusOr<Outcome>& outcome) { Answer(act, outcome.status()); });
}

// ---- operations

void PoolRunner::Requeue(RequeueOperation operation, PoolOperations::Done<OperationResult> done) {
  if (stopped_ || !tickets_in_) return done(NotServed());
  Begin(parts_.clock.Now());
  engine::ActToken token = ++last_token_;
  auto pending = std::make_unique<PendingOperation>();
  pending->reason = std::move(operation.reason);
  pending->request = std::move(operation.request);
  pending->done = std::move(done);
  operations_.emplace(token, std::move(pending));
  Apply(engine::TicketRequeued{operation.ticket_id, token});
}

// To a queue and to an agent there: two moves, of which the second carries the request.
void PoolRunner::Transfer(TransferOperation operation, PoolOperations::Done<OperationResult> done) {
  if (stopped_ || !tickets_in_) return done(NotServed());
  Begin(parts_.clock.Now());
  auto pending = std::make_unique<PendingOperation>();
  pending->reason = std::move(operation.reason);
  pending->request = std::move(operation.request);
  pending->done = std::move(done);
  if (!operation.to_queue_id.empty() && !operation.to_agent_id.empty()) {
    if (!engine_.Agent(operation.to_agent_id)) {
      return pending->done(NotFound("agent", operation.to_agent_id));
    }
    // What it is told within Apply is a refusal; what comes later, the second move hears as well.
    auto refused = std::make_shared<absl::Status>();
    auto first = std::make_unique<PendingOperation>();
    first->reason = pending->reason;
    first->done = [refused](const absl::StatusOr<OperationResult>& result) {
      *refused = result.status();
    };
    engine::ActToken token = ++last_token_;
    operations_.emplace(token, std::move(first));
    last_ended_.clear();
    Apply(engine::TicketTransferred{operation.ticket_id, operation.to_queue_id, "", token});
    if (!refused->ok()) return pending->done(*refused);
    pending->ended_assignment_id = last_ended_;
    operation.to_queue_id.clear();
  }
  engine::ActToken token = ++last_token_;
  operations_.emplace(token, std::move(pending));
  Apply(engine::TicketTransferred{operation.ticket_id, operation.to_queue_id, operation.to_agent_id,
                                  token});
}

// ---- views

void PoolRunner::PendingOffers(const OfferFilter& filter,
                               PoolOperations::Done<std::vector<PendingOffer>> done) {
  if (stopped_) return done(NotServed());
  std::vector<engine::OfferView> views =
      filter.agent_id.empty() ? engine_.PendingOffers() : engine_.PendingOffersOf(filter.agent_id);
  std::vector<PendingOffer> offers;
  for (auto view = views.rbegin(); view != views.rend(); ++view) {
    if (!filter.ticket_id.empty() && view->ticket_id != filter.ticket_id) continue;
    auto it = offers_.find(view->offer);
    if (it == offers_.end()) continue;
    offers.push_back({IdText(view->offer), *view, it->second.made.waited, it->second.receive_time});
  }
  done(std::move(offers));
}

void PoolRunner::Inspect(PoolOperations::Done<PoolView> done) {
  if (stopped_ || !tickets_in_) return done(NotServed());
  done(PoolView{parts_.clock.Now(), engine_, statistics_, tickets_.Facts()});
}

void PoolRunner::ReadTape(uint64_t from, PoolOperations::Done<TapeView> done) const {
  if (stopped_) return done(NotServed());
  if (!tape_.on()) {
    return done(FailedPrecondition("TAPE_OFF", "this matcher keeps no tapes (--tape-bytes)"));
  }
  done(TapeView{tape_.head(), tape_.Read(from)});
}

}  // namespace muster::matcher
