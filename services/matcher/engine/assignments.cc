// Assignments: from an accepted offer, or restored, to after-work and their end.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

Index Core::AddAssignment(AssignmentRecord assignment) {
  const Index s = assignments_.Add();
  assignments_[s] = std::move(assignment);
  const AssignmentRecord& added = assignments_[s];
  assignment_ids_.emplace(added.id, s);
  ++queues_[added.queue].references;
  CountAssignment(added, +1);
  timers_.Set(added.wrap_up_deadline, TimerKind::kWrapUpEnd, s);
  tickets_[added.ticket].assignment = s;
  AgentRecord& agent = agents_[added.agent];
  agent.busy += added.weight;
  agent.assignments.push_back(s);
  return s;
}

void Core::CountAssignment(const AssignmentRecord& assignment, int sign) {
  QueueRecord& queue = queues_[assignment.queue];
  const bool active = assignment.state == AssignmentState::kActive;
  const std::uint64_t one = sign > 0 ? 1 : ~std::uint64_t{0};
  (active ? queue.assigned : queue.wrap_up) += one;
  (active ? pool_.assigned : pool_.wrap_up) += one;
}

void Core::RemoveAssignment(Index s, bool worked) {
  const AssignmentRecord& assignment = assignments_[s];
  const Index a = assignment.agent;
  const Index q = assignment.queue;
  AgentRecord& agent = agents_[a];
  Withdraw(a);
  agent.busy -= assignment.weight;
  agent.assignments.erase(std::find(agent.assignments.begin(), agent.assignments.end(), s));
  if (worked) agent.idle_since = now_;
  Present(a);
  Touch(a);
  timers_.Cancel(assignment.wrap_up_deadline, TimerKind::kWrapUpEnd, s);
  CountAssignment(assignment, -1);
  --queues_[q].references;
  assignment_ids_.erase(assignment.id);
  assignments_.Free(s);
  ForgetQueueIfUnused(q);
  ForgetAgentIfUnused(a);
}

void Core::EmitEnd(const AssignmentRecord& assignment, std::string_view why, ActToken act) {
  Emit(EndAssignment{.assignment = assignment.id,
                     .ticket_id = assignment.ticket_id,
                     .agent_id = agents_[assignment.agent].spec.agent_id,
                     .queue_id = queues_[assignment.queue].id,
                     .from = assignment.state,
                     .reason = why,
                     .end_time = now_,
                     .act = act});
}

void Core::FinishAssignment(Index s, std::string_view why, ActToken act) {
  EmitEnd(assignments_[s], why, act);
  if (EndedOffer* ended = Remembered(assignments_[s].id)) ended->completed = true;
  const Index t = assignments_[s].ticket;
  RemoveAssignment(s, /*worked=*/true);
  ForgetTicket(t);
}

Index Core::LiveOrAnswer(const AssignmentId& id, std::string_view agent_id, ActToken act,
                         bool completing) {
  std::string subject = absl::StrCat("assignment ", DebugString(id));
  const auto live = assignment_ids_.find(id);
  const EndedOffer* ended = Remembered(id);
  const bool completed = live == assignment_ids_.end() && ended != nullptr && ended->completed;
  if (live == assignment_ids_.end() && !completed) {
    Refuse(act, absl::StatusCode::kNotFound, reason::kAssignmentNotFound, std::move(subject));
    return kNone;
  }
  const std::string& owner =
      completed ? ended->agent_id : agents_[assignments_[live->second].agent].spec.agent_id;
  if (!agent_id.empty() && owner != agent_id) {
    Refuse(act, absl::StatusCode::kPermissionDenied, reason::kAssignmentNotYours,
           std::move(subject));
    return kNone;
  }
  if (!completed) return live->second;
  if (completing) {
    Emit(Unchanged{.offer = id, .act = act});
  } else {
    Refuse(act, absl::StatusCode::kFailedPrecondition, reason::kAssignmentCompleted,
           std::move(subject));
  }
  return kNone;
}

void Core::On(const WrapUpStarted& event) {
  const Index s = LiveOrAnswer(event.assignment, event.agent_id, event.act, /*completing=*/false);
  if (s == kNone) return;
  AssignmentRecord& assignment = assignments_[s];
  if (assignment.state == AssignmentState::kWrapUp) {
    return Emit(Unchanged{.offer = event.assignment, .act = event.act});
  }
  const absl::Duration after_work = queues_[assignment.queue].rules.after_work_time;
  if (after_work <= absl::ZeroDuration()) {
    return FinishAssignment(s, reason::kNoAfterWork, event.act);
  }
  CountAssignment(assignment, -1);
  assignment.state = AssignmentState::kWrapUp;
  assignment.wrap_up_deadline = now_ + after_work;
  CountAssignment(assignment, +1);
  timers_.Set(assignment.wrap_up_deadline, TimerKind::kWrapUpEnd, s);
  SetState(assignment.ticket, TicketState::kServed);
  Emit(StartWrapUp{.assignment = assignment.id,
                   .ticket_id = assignment.ticket_id,
                   .agent_id = agents_[assignment.agent].spec.agent_id,
                   .queue_id = queues_[assignment.queue].id,
                   .start_time = now_,
                   .deadline = assignment.wrap_up_deadline,
                   .act = event.act});
}

void Core::On(const AssignmentCompleted& event) {
  const Index s = LiveOrAnswer(event.assignment, event.agent_id, event.act, /*completing=*/true);
  if (s != kNone) FinishAssignment(s, reason::kCompletedByAgent, event.act);
}

void Core::On(const AssignmentRestored& event) {
  if (assignment_ids_.contains(event.assignment)) return;
  const bool active = event.state == AssignmentState::kActive;
  const TicketState state = active ? TicketState::kAssigned : TicketState::kServed;
  Index t = Find(ticket_ids_, event.ticket_id);
  if (t == kNone) {
    t = NewTicket({.ticket_id = event.ticket_id,
                   .queue_id = event.queue_id,
                   .create_time = event.create_time},
                  state);
  } else if (tickets_[t].assignment != kNone) {
    return Refuse(0, absl::StatusCode::kFailedPrecondition, reason::kTicketAssigned,
                  absl::StrCat("ticket ", event.ticket_id));
  } else {
    if (tickets_[t].state == TicketState::kOffered) {
      ReleaseOffer(tickets_[t].offer, OfferOutcome::kRevoked, reason::kAssignedElsewhere, 0);
    }
    if (tickets_[t].line != kNone) Delist(t);
    tickets_[t].only_agent = kNone;
    SetState(t, state);
  }
  const Index a = AgentFor(event.agent_id);
  Withdraw(a);
  AddAssignment({.id = event.assignment,
                 .ticket_id = event.ticket_id,
                 .ticket = t,
                 .agent = a,
                 .queue = QueueFor(event.queue_id),
                 .weight = event.weight,
                 .state = event.state,
                 .assign_time = event.assign_time,
                 .wrap_up_deadline = active ? absl::InfiniteFuture() : event.wrap_up_deadline});
  Present(a);
  RevokeOffersAfterChange(a);  // it may now have less room than it was offered work for
}

void Core::On(const AssignmentFailed& event) {
  const auto it = assignment_ids_.find(event.assignment);
  if (it == assignment_ids_.end()) return;
  const AssignmentRecord assignment = assignments_[it->second];
  if (EndedOffer* ended = Remembered(assignment.id)) ended->outcome = OfferOutcome::kRevoked;
  const Index t = assignment.ticket;
  tickets_[t].assignment = kNone;
  SetState(t, TicketState::kWaiting);
  AddPrice(t, assignment.agent, queues_[assignment.queue].rules.expiry_price);
  RemoveAssignment(it->second, /*worked=*/false);
  if (event.forget_ticket) return ForgetTicket(t);
  Enlist(t);
}

void Core::On(const AssignmentLost& event) {
  const auto it = assignment_ids_.find(event.assignment);
  if (it == assignment_ids_.end()) return;
  const Index t = assignments_[it->second].ticket;
  if (tickets_[t].state != TicketState::kAssigned) return;
  Detach(t, reason::kAgentLost);
  Emit(RequeueTicket{.ticket_id = tickets_[t].spec.ticket_id,
                     .queue_id = queues_[tickets_[t].queue].id,
                     .reason = reason::kAgentLost});
  Enlist(t);
}

}  // namespace muster::engine
