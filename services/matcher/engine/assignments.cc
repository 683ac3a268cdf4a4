// Assignments: from an accepted offer, or restored, to after-work and their end.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {
namespace {

AssignmentState StateOf(const WorkRecord& work) {
  return work.state == WorkState::kWrapUp ? AssignmentState::kWrapUp : AssignmentState::kActive;
}

}  // namespace

void Core::CountAssignment(const WorkRecord& work, int sign) {
  QueueRecord& queue = queues_[work.queue];
  const bool active = work.state == WorkState::kActive;
  const std::uint64_t one = sign > 0 ? 1 : ~std::uint64_t{0};
  (active ? queue.assigned : queue.wrap_up) += one;
  (active ? pool_.assigned : pool_.wrap_up) += one;
}

// Its capacity has been given back, its timer dropped.
void Core::FreeWork(Index w) {
  WorkRecord& work = works_[w];
  auto& works = agents_[work.agent].works;
  works.erase(std::find(works.begin(), works.end(), w));
  if (work.id.epoch == options_.epoch) {
    work_numbers_.Erase(HashNumber(work.id.number), w);
  } else {
    restored_.erase(work.id);
  }
  const Index q = work.queue;
  works_.Free(w);
  --queues_[q].references;
  ForgetQueueIfUnused(q);
}

void Core::EndWork(Index w, bool worked) {
  WorkRecord& work = works_[w];
  const Index a = work.agent;
  Unstand(a);
  Load(a, -static_cast<std::int64_t>(work.weight), 0);
  if (worked) {
    const Nanos lasted = now_ - std::min(work.assigned, now_);
    // Without a window nothing carries over; and nothing is divided by it, should no time have
    // passed.
    const Nanos carry = work.credit == 0 || fair_window_ == 0
                            ? 0
                            : MulDiv(work.credit, fair_window_, fair_window_ + lasted);
    StartIdling(a, now_, carry);
  }
  if (work.deadline != kNever) {
    work_stamps_.Bump(w);
    timers_.Drop(TimerKind::kWrapUpEnd, work.deadline);
  }
  CountAssignment(work, -1);
  FreeWork(w);
  Loosen(a);
  ForgetAgentIfUnused(a);
}

void Core::EmitEnd(const WorkRecord& work, std::string_view why, ActToken act) {
  Emit(EndAssignment{.assignment = work.id,
                     .ticket_id = tickets_[work.ticket].id,
                     .agent_id = agents_[work.agent].id,
                     .queue_id = queues_[work.queue].id,
                     .from = StateOf(work),
                     .reason = why,
                     .end_time = now_time_,
                     .act = act});
}

void Core::FinishAssignment(Index w, std::string_view why, ActToken act) {
  ticket_ids_.Prefetch(tickets_[works_[w].ticket].hash);
  EmitEnd(works_[w], why, act);
  if (EndedOffer* ended = Remembered(works_[w].id)) ended->completed = true;
  const Index t = works_[w].ticket;
  EndWork(w, /*worked=*/true);
  ForgetTicket(t);
}

void Core::On(const WrapUpStarted& event) {
  const Index w = LiveOrAnswer(event.assignment, event.agent_id, event.act, /*completing=*/false);
  if (w == kNone) return;
  WorkRecord& work = works_[w];
  if (work.state == WorkState::kWrapUp) {
    return Emit(Unchanged{.offer = event.assignment, .act = event.act});
  }
  const absl::Duration after_work = queues_[work.queue].rules.after_work_time;
  if (after_work <= absl::ZeroDuration()) {
    return FinishAssignment(w, reason::kNoAfterWork, event.act);
  }
  CountAssignment(work, -1);
  work.state = WorkState::kWrapUp;
  const absl::Time deadline = now_time_ + after_work;
  work.deadline = ToNanos(deadline);
  CountAssignment(work, +1);
  timers_.Set(TimerKind::kWrapUpEnd, work.deadline, w);
  SetState(work.ticket, TicketState::kServed);
  Emit(StartWrapUp{.assignment = work.id,
                   .ticket_id = tickets_[work.ticket].id,
                   .agent_id = agents_[work.agent].id,
                   .queue_id = queues_[work.queue].id,
                   .start_time = now_time_,
                   .deadline = deadline,
                   .act = event.act});
}

void Core::On(const AssignmentCompleted& event) {
  const Index w = LiveOrAnswer(event.assignment, event.agent_id, event.act, /*completing=*/true);
  if (w != kNone) FinishAssignment(w, reason::kCompletedByAgent, event.act);
}

void Core::On(const AssignmentRestored& event) {
  if (FindWork(event.assignment) != kNone) return;
  const bool active = event.state == AssignmentState::kActive;
  const TicketState state = active ? TicketState::kAssigned : TicketState::kServed;
  Index t = FindTicket(event.ticket_id);
  if (t == kNone) {
    t = NewTicket(event.ticket_id, event.queue_id, ToNanos(event.create_time), state);
  } else if (tickets_[t].assignment != kNone) {
    return Refuse(0, absl::StatusCode::kFailedPrecondition, reason::kTicketAssigned,
                  absl::StrCat("ticket ", event.ticket_id));
  } else {
    ReleaseOffersOf(t, reason::kAssignedElsewhere);
    Delist(t);
    tickets_[t].only_agent = kNone;
    SetState(t, state);
  }
  const Index a = AgentFor(event.agent_id);
  const Index w = works_.Add();
  work_stamps_.Cover(w);
  WorkRecord& work = works_[w];
  work.id = event.assignment;
  work.ticket = t;
  work.agent = a;
  work.queue = QueueFor(event.queue_id);
  work.weight = event.weight;
  work.state = active ? WorkState::kActive : WorkState::kWrapUp;
  work.assigned = ToNanos(event.assign_time);
  work.deadline = active ? kNever : ToNanos(event.wrap_up_deadline);
  ++queues_[work.queue].references;
  if (work.id.epoch == options_.epoch) {
    work_numbers_.Insert(HashNumber(work.id.number), w);
  } else {
    restored_.emplace(work.id, w);
  }
  tickets_[t].assignment = w;
  CountAssignment(work, +1);
  timers_.Set(TimerKind::kWrapUpEnd, work.deadline, w);
  Unstand(a);
  Load(a, work.weight, 0);
  agents_[a].works.push_back(w);
  Loosen(a);
  RevokeOffersAfterChange(a);  // it may now have less room than it was offered work for
}

void Core::On(const AssignmentFailed& event) {
  const Index w = FindWork(event.assignment);
  if (w == kNone || works_[w].state == WorkState::kOffer) return;
  if (EndedOffer* ended = Remembered(event.assignment)) ended->outcome = OfferOutcome::kRevoked;
  const Index t = works_[w].ticket;
  tickets_[t].assignment = kNone;
  SetState(t, TicketState::kWaiting);
  AddPrice(t, works_[w].agent, ToNanos(queues_[works_[w].queue].rules.expiry_price));
  EndWork(w, /*worked=*/false);
  if (event.forget_ticket) return ForgetTicket(t);
  Enlist(t);
}

void Core::On(const AssignmentLost& event) {
  const Index w = FindWork(event.assignment);
  if (w == kNone || works_[w].state == WorkState::kOffer) return;
  if (works_[w].state == WorkState::kWrapUp) return FinishAssignment(w, reason::kAgentLost, 0);
  const Index t = works_[w].ticket;
  Detach(t, reason::kAgentLost);
  if (Refused(t)) return;
  TicketRecord& ticket = tickets_[t];
  if (!std::exchange(ticket.interrupted, true)) {
    ticket.priority += ToNanos(limits::kInterruptedAhead);
  }
  Emit(RequeueTicket{
      .ticket_id = ticket.id, .queue_id = queues_[ticket.queue].id, .reason = reason::kAgentLost});
  Enlist(t);
}

}  // namespace muster::engine
