// PoolRunner: what the engine wants done, done.
#include <algorithm>
#include <utility>

#include "common/obs/log.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/domain/work_id.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;
namespace r = engine::reason;

namespace {

// Stands in for a queue that has just been deleted.
const in::Queue& NoQueue() {
  static const in::Queue& none = *new in::Queue();
  return none;
}

}  // namespace

in::ProgressEntry PoolRunner::EntryAt(absl::Time time) {
  in::ProgressEntry entry;
  *entry.mutable_time() = ToProtoTime(time);
  return entry;
}

std::string PoolRunner::IdText(const engine::OfferId& id) const {
  return WorkId{options_.pool_id, id.epoch, id.number}.ToString();
}

PoolRunner::ToAgent PoolRunner::MessageTo(const std::string& agent_id) const {
  ToAgent message;
  message.set_pool_id(options_.pool_id);
  message.set_agent_id(agent_id);
  return message;
}

// Without a stream, nobody hears it; with the next one all is told again, but for what has ended.
void PoolRunner::Tell(ToAgent message) {
  const av::Agent* agent = agents_.Agent(message.agent_id());
  if (agent != nullptr && agents_.IsReady(agent->node_id())) {
    return parts_.delivery.Tell(agent->node_id(), std::move(message));
  }
  if (!message.has_assignment_ended() || untold_ >= options_.max_untold_ends) return;
  ++untold_;
  ends_untold_[message.agent_id()].push_back(std::move(message));
}

int64_t PoolRunner::AddProgress(const std::string& ticket_id, in::ProgressEntry entry) {
  entry.set_ticket_id(ticket_id);
  int64_t revision = order_.Add(std::move(entry));
  tickets_.Told(ticket_id, revision);
  return revision;
}

// What the engine has done is true even if its record is refused; unless there never was such an
// assignment, because its beginning could not be recorded.
void PoolRunner::SettleProgress(const std::string& ticket_id, int64_t revision,
                                const absl::Status& recorded) {
  if (absl::IsNotFound(recorded)) {
    order_.Drop(revision);
    tickets_.Refused(ticket_id, revision);
    untold_ends_.erase(revision);
  } else {
    order_.Release(revision);
  }
}

// ---- offers

void PoolRunner::Do(const engine::MakeOffer& effect) {
  OpenOffer& offer = offers_[effect.offer];
  offer = {effect,
           std::string(effect.ticket_id),
           std::string(effect.agent_id),
           std::string(effect.queue_id),
           effect.deadline,
           std::nullopt};
  statistics_.OfferMade(effect.queue_id, effect.make_time);
  parts_.metrics.offers_made.Increment();
  TellOffer(offer);
  parts_.metrics.event_to_offer.Observe(absl::ToDoubleSeconds(parts_.clock.Now() - received_));
}

void PoolRunner::TellOffer(const OpenOffer& offer) {
  engine::MakeOffer made = offer.made;
  made.ticket_id = offer.ticket_id;
  made.agent_id = offer.agent_id;
  made.queue_id = offer.queue_id;
  const in::Queue* queue = tickets_.Queue(offer.queue_id);
  TicketPtr ticket = tickets_.Ticket(offer.ticket_id);
  ToAgent message = MessageTo(offer.agent_id);
  *message.mutable_offer() = ToOfferNotice(IdText(made.offer), made, queue ? *queue : NoQueue(),
                                           ticket ? *ticket : in::Ticket::default_instance());
  *message.mutable_offer()->mutable_deadline() = ToProtoTime(offer.deadline);
  *message.mutable_offer()->mutable_waited() = ToProtoDuration(made.waited + now_ - made.make_time);
  Tell(std::move(message));
}

void PoolRunner::Do(const engine::MoveDeadline& effect) {
  if (auto it = offers_.find(effect.offer); it != offers_.end()) {
    it->second.deadline = effect.deadline;
    it->second.receive_time = now_;
  }
  if (std::optional<PendingAct> act = TakeAct(effect.act)) Answer(*act, absl::OkStatus());
}

void PoolRunner::Do(const engine::EndOffer& effect) {
  statistics_.OfferEnded(effect.queue_id, effect.end_time, ToOfferState(effect.outcome));
  parts_.metrics.OffersEnded(ToOfferState(effect.outcome)).Increment();
  if (effect.outcome == engine::OfferOutcome::kAccepted) return;  // Assign follows
  auto it = offers_.find(effect.offer);
  if (it == offers_.end()) return;
  OpenOffer offer = std::move(it->second);
  offers_.erase(it);
  if (effect.outcome != engine::OfferOutcome::kDeclined) {
    ToAgent message = MessageTo(offer.agent_id);
    message.mutable_offer_revoked()->set_offer_id(IdText(effect.offer));
    message.mutable_offer_revoked()->set_reason(ToRevokeReason(effect.outcome, effect.reason));
    Tell(std::move(message));
  }
  RecordEndedOffer(effect, offer);
}

void PoolRunner::RecordEndedOffer(const engine::EndOffer& effect, const OpenOffer& offer) {
  std::optional<PendingAct> act = TakeAct(effect.act);
  Offer record;
  record.offer_id = IdText(effect.offer);
  record.pool_id = options_.pool_id;
  record.ticket_id = std::string(effect.ticket_id);
  record.queue_id = std::string(effect.queue_id);
  record.agent_id = std::string(effect.agent_id);
  record.state = ToOfferState(effect.outcome);
  record.reason = act ? act->act.decline_offer().reason() : std::string(effect.reason);
  record.ticket_create_time = offer.made.make_time - offer.made.waited;
  record.create_time = effect.make_time;
  record.receive_time = offer.receive_time;
  record.expire_time = offer.deadline;
  record.end_time = effect.end_time;
  std::string id = record.offer_id;
  Commit(id, RecordOfferEnded{hold(), std::move(record)},
         [this, act = std::move(act)](const absl::StatusOr<Outcome>& outcome) {
           AnswerRecorded(act, outcome.status());
         });
}

// ---- assignments

Assignment PoolRunner::RecordOf(const engine::Assign& effect, const OpenOffer& offer) const {
  Assignment record;
  record.assignment_id = IdText(effect.assignment);
  record.pool_id = options_.pool_id;
  record.ticket_id = std::string(effect.ticket_id);
  record.queue_id = std::string(effect.queue_id);
  record.agent_id = std::string(effect.agent_id);
  record.weight = static_cast<int>(effect.weight);
  record.ticket_create_time = effect.create_time;
  record.offer_time = effect.make_time;
  record.offer_receive_time = offer.receive_time;
  record.offer_expire_time = offer.deadline;
  record.accept_time = effect.assign_time;
  return record;
}

void PoolRunner::Do(const engine::Assign& effect) {
  OpenOffer offer;
  if (auto it = offers_.find(effect.assignment); it != offers_.end()) {
    offer = std::move(it->second);
    offers_.erase(it);
  }
  auto work = std::make_shared<Work>();
  work->record = RecordOf(effect, offer);
  const Assignment& record = work->record;
  work->ticket = tickets_.Ticket(record.ticket_id);
  const in::Queue* queue = tickets_.Queue(record.queue_id);
  if (queue != nullptr) work->after_work_time = AfterWorkTimeOf(*queue);
  works_[effect.assignment] = work;
  LookForAbsence(record.agent_id);
  absl::Duration target = queue != nullptr ? TargetWaitOf(*queue) : kDefaultTargetWait;
  statistics_.Assigned(effect.queue_id, effect.assign_time, {effect.waited, target});

  in::ProgressEntry entry = EntryAt(effect.assign_time);
  entry.mutable_assigned()->set_assignment_id(record.assignment_id);
  entry.mutable_assigned()->set_agent_id(record.agent_id);
  entry.mutable_assigned()->set_agent_display_name(agents_.DisplayName(record.agent_id));
  int64_t revision = AddProgress(record.ticket_id, std::move(entry));
  Commit(record.assignment_id, RecordAssignment{hold(), record, agents_.Capacity(record.agent_id)},
         [this, work, revision, act = TakeAct(effect.act)](const absl::StatusOr<Outcome>& outcome) {
           OnAssigned(work, revision, act, outcome);
         });
}

void PoolRunner::OnAssigned(const WorkPtr& work, int64_t revision, std::optional<PendingAct> act,
                            const absl::StatusOr<Outcome>& outcome) {
  if (outcome.ok()) {
    work->on_record = true;
    parts_.metrics.assignments.Increment();
    order_.Release(revision);
    if (act) {
      parts_.metrics.act_to_record.Observe(
          absl::ToDoubleSeconds(parts_.clock.Now() - act->received));
      Answer(*act, absl::OkStatus(), ConfirmedOf(*work));
      // An answer that comes too late reaches nobody.
      const bool late =
          act->act.has_deadline() && FromProtoTime(act->act.deadline()) <= parts_.clock.Now();
      work->tell_again = work->tell_again || late;
    }
    if (work->tell_again) TellConfirmed(*work);
    return;
  }
  Log(Severity::kError)
      .Msg("an acceptance could not be recorded")
      .With("assignment_id", work->record.assignment_id)
      .With("ticket_id", work->record.ticket_id)
      .Error(outcome.status());
  order_.Drop(revision);
  tickets_.Refused(work->record.ticket_id, revision);
  std::optional<WorkId> id = ParseWorkId(work->record.assignment_id);
  engine::AssignmentId assignment{id->epoch, id->number};
  works_.erase(assignment);
  Apply(engine::AssignmentFailed{assignment});
  if (act) Answer(*act, outcome.status());
}

void PoolRunner::TellConfirmed(const Work& work) {
  ToAgent message = MessageTo(work.record.agent_id);
  *message.mutable_assignment_confirmed() = ConfirmedOf(work);
  Tell(std::move(message));
}

PoolRunner::Confirmed PoolRunner::ConfirmedOf(const Work& work) const {
  return ToAssignmentConfirmed(work.record,
                               work.ticket ? *work.ticket : in::Ticket::default_instance(),
                               agents_.DisplayName(work.record.agent_id), work.after_work_time);
}

void PoolRunner::Do(const engine::StartWrapUp& effect) {
  auto it = works_.find(effect.assignment);
  if (it == works_.end()) return;
  Assignment& record = it->second->record;
  record.state = AssignmentState::kWrapUp;
  record.wrap_up_time = effect.start_time;
  record.wrap_up_until = effect.deadline;
  statistics_.TicketResolved(effect.queue_id, effect.start_time);

  in::ProgressEntry entry = EntryAt(effect.start_time);
  entry.mutable_resolved()->set_assignment_id(record.assignment_id);
  int64_t revision = AddProgress(record.ticket_id, std::move(entry));
  untold_ends_[revision] = it->second;
  tickets_.Drop(record.ticket_id);
  StartWrapUp mutation{hold(), record.assignment_id, record.ticket_id, effect.start_time,
                       effect.deadline};
  Commit(record.assignment_id, std::move(mutation),
         [this, revision, ticket_id = record.ticket_id,
          act = TakeAct(effect.act)](const absl::StatusOr<Outcome>& outcome) {
           SettleProgress(ticket_id, revision, outcome.status());
           AnswerRecorded(act, outcome.status());
         });
}

void PoolRunner::Do(const engine::EndAssignment& effect) {
  auto it = works_.find(effect.assignment);
  if (it == works_.end()) return;
  WorkPtr work = std::move(it->second);
  works_.erase(it);
  work->ended = true;
  statistics_.AssignmentEnded(effect.queue_id, effect.end_time,
                              effect.end_time - work->record.accept_time);
  const std::string reason =
      work->customer_left ? std::string(end_reason::kCustomerLeft) : ToEndReason(effect.reason);
  if (reason == end_reason::kRequeued || reason == end_reason::kTransferred) {
    // It ends with the move that follows, in one record. Its agent is told then.
    taken_back_ = work->record.assignment_id;
    return;
  }
  // Its ticket waits again, or is set aside, whatever follows.
  const bool lost = reason == end_reason::kLost && effect.from == engine::AssignmentState::kActive;
  std::optional<PendingAct> act = TakeAct(effect.act);
  const bool asked = act && act->act.has_complete_assignment();
  EndAssignment mutation{hold(), work->record.assignment_id, work->record.ticket_id};
  mutation.end_reason = reason;
  if (lost) mutation.state = AssignmentState::kLost;
  mutation.time = effect.end_time;
  if (asked) {
    mutation.disposition = act->act.complete_assignment().disposition();
    mutation.note = act->act.complete_assignment().note();
  }
  std::optional<int64_t> revision;
  const bool resolved = effect.from == engine::AssignmentState::kActive && !lost &&
                        reason != end_reason::kCustomerLeft;
  if (resolved) statistics_.TicketResolved(effect.queue_id, effect.end_time);
  if (resolved || (asked && reason != end_reason::kCustomerLeft)) {
    in::ProgressEntry entry = EntryAt(effect.end_time);
    entry.mutable_resolved()->set_assignment_id(work->record.assignment_id);
    entry.mutable_resolved()->set_disposition(mutation.disposition);
    revision = AddProgress(work->record.ticket_id, std::move(entry));
    untold_ends_[*revision] = work;
    tickets_.Drop(work->record.ticket_id);
  }
  Commit(
      work->record.assignment_id, std::move(mutation),
      [this, work, reason, revision, act = std::move(act)](const absl::StatusOr<Outcome>& outcome) {
        if (revision) SettleProgress(work->record.ticket_id, *revision, outcome.status());
        if (outcome.ok()) TellEnded(work->record.agent_id, work->record.assignment_id, reason);
        AnswerRecorded(act, outcome.status());
      });
}

// The customer's word was first (docs/decisions/0004): the agent's conversation was with nobody.
void PoolRunner::CustomerHadLeft(const WorkPtr& work) {
  work->customer_left = true;
  if (!work->ended) return;  // in after-work: it will end so
  Commit(work->record.assignment_id,
         RecordCustomerLeft{hold(), work->record.assignment_id, work->record.ticket_id},
         [this](const absl::StatusOr<Outcome>& outcome) {
           if (outcome.ok() && !outcome->assignment_id.empty()) {
             TellEnded(outcome->agent_id, outcome->assignment_id, end_reason::kCustomerLeft);
           }
         });
}

void PoolRunner::TellEnded(const std::string& agent_id, const std::string& assignment_id,
                           std::string_view reason) {
  ToAgent message = MessageTo(agent_id);
  message.mutable_assignment_ended()->set_assignment_id(assignment_id);
  message.mutable_assignment_ended()->set_reason(ToAssignmentEndReason(reason));
  Tell(std::move(message));
}

// ---- tickets

void PoolRunner::Do(const engine::RequeueTicket& effect) {
  std::unique_ptr<PendingOperation> operation = TakeOperation(effect.act);
  const std::string reason = ToEndReason(effect.reason);
  statistics_.TicketRequeued(effect.queue_id, now_);
  TicketMove move;
  move.pool_id = options_.pool_id;
  move.ticket_id = std::string(effect.ticket_id);
  const TicketPtr known = tickets_.Ticket(move.ticket_id);
  move.interrupted = reason == end_reason::kLost || (known != nullptr && known->interrupted());
  if (reason == end_reason::kLost) move.reason = "its agent was out of reach for too long";
  if (reason == end_reason::kTransferred) move.queue_id = std::string(effect.queue_id);
  move.preferred_agent_id = std::string(effect.agent_id);
  move.ended_assignment_id = std::exchange(taken_back_, std::nullopt).value_or("");
  move.time = now_;
  if (operation) {
    move.reason = operation->reason;
    if (move.ended_assignment_id.empty()) {
      move.ended_assignment_id = operation->ended_assignment_id;
    }
  }
  last_ended_ = move.ended_assignment_id;
  in::ProgressEntry entry = EntryAt(now_);
  *entry.mutable_requeued() = ToRequeued(move);
  move.progress_revision = AddProgress(move.ticket_id, std::move(entry));
  tickets_.Move(move);

  RecordMove mutation{hold(), move, reason};
  if (operation) {
    mutation.request_id = operation->request.request_id;
    mutation.fingerprint = operation->request.fingerprint;
  }
  std::string work_id =
      move.ended_assignment_id.empty() ? move.ticket_id : move.ended_assignment_id;
  Commit(work_id, std::move(mutation),
         [this, reason, move,
          operation = std::move(operation)](const absl::StatusOr<Outcome>& outcome) mutable {
           SettleProgress(move.ticket_id, move.progress_revision, outcome.status());
           if (outcome.ok() && !outcome->assignment_id.empty()) {
             TellEnded(outcome->agent_id, outcome->assignment_id, reason);
           }
           if (!operation) return;
           if (!outcome.ok()) return operation->done(outcome.status());
           OperationResult result;
           if (!move.ended_assignment_id.empty()) {
             result.ended_assignment_id = move.ended_assignment_id;
           }
           operation->done(result);
         });
}

void PoolRunner::Do(const engine::ResendToAgent& effect) {
  if (!KnowsWhatAgentsHave()) return;  // then all are told all
  for (const engine::OfferId& id : effect.offers) {
    if (auto it = offers_.find(id); it != offers_.end()) TellOffer(it->second);
  }
  for (const engine::AssignmentId& id : effect.assignments) {
    auto it = works_.find(id);
    if (it == works_.end()) continue;
    if (it->second->on_record) {
      TellConfirmed(*it->second);
    } else {
      it->second->tell_again = true;  // the answer to its act goes to a session that has ended
    }
  }
}

}  // namespace muster::matcher
