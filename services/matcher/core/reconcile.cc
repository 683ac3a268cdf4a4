#include "services/matcher/core/reconcile.h"

#include <utility>

#include "common/rpc/proto_time.h"

namespace muster::matcher {
namespace {

namespace in = intake::v1;

// Whether operations took the ticket back from this assignment, or moved it after it had ended.
bool MovedAfter(const TicketMove& move, const Assignment& assignment) {
  return move.ended_assignment_id == assignment.assignment_id || move.time > assignment.accept_time;
}

Standing StandingOf(const Assignment* assignment, const TicketMove* move) {
  if (assignment == nullptr || (move != nullptr && MovedAfter(*move, *assignment))) {
    return Standing::kWaiting;
  }
  switch (assignment->state) {
    case AssignmentState::kActive:
      return Standing::kServed;
    case AssignmentState::kWrapUp:
    case AssignmentState::kCompleted:
      return Standing::kOver;
    case AssignmentState::kTransferred:
    case AssignmentState::kLost:
      break;
  }
  return Standing::kWaiting;
}

in::ProgressEntry EntryAt(const in::Ticket& ticket, absl::Time time) {
  in::ProgressEntry entry;
  entry.set_ticket_id(ticket.ticket_id());
  *entry.mutable_time() = ToProtoTime(time);
  return entry;
}

in::ProgressEntry Requeued(const in::Ticket& ticket, const Assignment* assignment,
                           const TicketMove* move) {
  if (move != nullptr) {
    in::ProgressEntry entry = EntryAt(ticket, move->time);
    *entry.mutable_requeued() = ToRequeued(*move);
    return entry;
  }
  bool ended = assignment != nullptr && assignment->end_time.has_value();
  in::ProgressEntry entry =
      EntryAt(ticket, ended ? *assignment->end_time : FromProtoTime(ticket.assign_time()));
  entry.mutable_requeued()->set_reason(ended ? assignment->end_reason
                                             : "its assignment is not on record");
  return entry;
}

in::ProgressEntry Assigned(const in::Ticket& ticket, const Assignment& assignment) {
  in::ProgressEntry entry = EntryAt(ticket, assignment.accept_time);
  entry.mutable_assigned()->set_assignment_id(assignment.assignment_id);
  entry.mutable_assigned()->set_agent_id(assignment.agent_id);
  return entry;
}

in::ProgressEntry Resolved(const in::Ticket& ticket, const Assignment& assignment) {
  absl::Time time =
      assignment.wrap_up_time.value_or(assignment.end_time.value_or(assignment.accept_time));
  in::ProgressEntry entry = EntryAt(ticket, time);
  entry.mutable_resolved()->set_assignment_id(assignment.assignment_id);
  entry.mutable_resolved()->set_disposition(assignment.disposition);
  return entry;
}

}  // namespace

Reconciliation Reconcile(const in::Ticket& ticket, const Assignment* assignment,
                         const TicketMove* move) {
  Reconciliation result;
  result.standing = StandingOf(assignment, move);
  const bool at_work = ticket.state() == in::TICKET_STATE_ASSIGNED;
  const TicketMove* untold =
      move != nullptr && move->progress_revision > ticket.progress_revision() ? move : nullptr;

  if (result.standing == Standing::kWaiting) {
    if (at_work || untold != nullptr) {
      result.entries.push_back(Requeued(ticket, assignment, untold));
    }
    return result;
  }
  if (!at_work || ticket.assignment_id() != assignment->assignment_id) {
    if (at_work || untold != nullptr) result.entries.push_back(Requeued(ticket, nullptr, untold));
    result.entries.push_back(Assigned(ticket, *assignment));
  }
  if (result.standing == Standing::kOver) result.entries.push_back(Resolved(ticket, *assignment));
  return result;
}

in::ProgressEntry::Requeued ToRequeued(const TicketMove& move) {
  in::ProgressEntry::Requeued requeued;
  requeued.set_reason(move.reason);
  requeued.set_queue_id(move.queue_id);
  requeued.set_preferred_agent_id(move.preferred_agent_id);
  requeued.set_interrupted(move.interrupted);
  return requeued;
}

}  // namespace muster::matcher
