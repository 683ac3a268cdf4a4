#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/strings.h"
#include "services/intake/domain/acts.h"

namespace muster::intake {
namespace {

absl::Status At(std::string_view field, absl::Status status) {
  SetErrorField(status, field);
  return status;
}

void Count(Workspace& workspace, const Ticket& ticket, int by) {
  QueueSlot* queue = workspace.FindQueue(ticket.pool_id, ticket.queue_id);
  if (queue == nullptr) return;  // a queue without live tickets may be gone
  queue->waiting += ticket.state == TicketState::kQueued ? by : 0;
  queue->live += IsLive(ticket.state) ? by : 0;
  queue->counters_changed = true;
}

// Puts `next` in the place of the slot's ticket, under a new revision of its pool.
const Ticket& Replace(Workspace& workspace, TicketSlot& slot, Ticket next) {
  PoolSlot& pool = *workspace.FindPool(slot.ticket.pool_id);
  Count(workspace, slot.ticket, -1);
  next.revision = pool.pool.revision = ++pool.revision;
  slot.ticket = std::move(next);
  Count(workspace, slot.ticket, +1);
  return slot.ticket;
}

void LeaveAgent(Ticket& ticket) {
  ticket.agent_id.clear();
  ticket.agent_display_name.clear();
  ticket.assignment_id.clear();
}

void End(Ticket& ticket, const std::string& reason, absl::Time time) {
  ticket.end_reason = reason;
  ticket.end_time = time;
}

// False if the entry does not fit the ticket for another reason than its state.
bool Fits(Workspace& workspace, const Ticket& ticket, const ProgressEntry& entry) {
  if (*entry.event == TicketEvent::kResolved) return entry.assignment_id == ticket.assignment_id;
  if (*entry.event == TicketEvent::kRequeued && !entry.queue_id.empty()) {
    return workspace.FindQueue(ticket.pool_id, entry.queue_id) != nullptr;
  }
  return true;
}

void Progress(const ProgressEntry& entry, Ticket& ticket) {
  const TicketState from = ticket.state;
  ticket.state = StateAfter(*entry.event);
  ticket.progress_revision = entry.progress_revision;
  switch (*entry.event) {
    case TicketEvent::kAssigned:
      ticket.assign_time = entry.time;
      ticket.agent_id = entry.agent_id;
      ticket.agent_display_name = entry.agent_display_name;
      ticket.assignment_id = entry.assignment_id;
      ticket.end_reason.clear();
      break;
    case TicketEvent::kRequeued:
      ticket.requeue_count += from == TicketState::kAssigned ? 1 : 0;
      if (!entry.queue_id.empty()) ticket.queue_id = entry.queue_id;
      if (!entry.preferred_agent_id.empty()) ticket.preferred_agent_id = entry.preferred_agent_id;
      if (entry.interrupted) ticket.interrupted = true;
      LeaveAgent(ticket);
      ticket.end_reason.clear();
      break;
    case TicketEvent::kResolved:
      // The conversation ended when it was first said to have.
      End(ticket, entry.reason.empty() ? ticket.end_reason : entry.reason,
          ticket.end_time.value_or(entry.time));
      break;
    case TicketEvent::kExpired:
      End(ticket, "", entry.time);
      break;
    case TicketEvent::kHeld:
      LeaveAgent(ticket);
      ticket.end_reason = entry.reason;
      ticket.hold_time = entry.time;
      ticket.refusal_count = entry.refusals;
      break;
    case TicketEvent::kCancel:
    case TicketEvent::kCancelAssigned:
    case TicketEvent::kRelease:
      break;  // customers cancel and operations release, matchers do not
  }
}

ProgressAnswer Record(Workspace& workspace, const std::string& pool_id,
                      const ProgressEntry& entry) {
  ProgressAnswer answer{.ticket_id = entry.ticket_id};
  TicketSlot* slot = workspace.FindTicket(entry.ticket_id);
  if (slot == nullptr || slot->ticket.pool_id != pool_id) return answer;
  answer.state = slot->ticket.state;
  if (entry.progress_revision <= slot->ticket.progress_revision) {
    answer.outcome = ProgressOutcome::kStale;
  } else if (IsLegal(*entry.event, answer.state) && Fits(workspace, slot->ticket, entry)) {
    Ticket next = slot->ticket;
    Progress(entry, next);
    answer.state = Replace(workspace, *slot, std::move(next)).state;
    answer.outcome = ProgressOutcome::kApplied;
  }
  return answer;
}

}  // namespace

absl::StatusOr<Outcome> Do(Workspace& workspace, const CreateTicket& act, absl::Time now) {
  const Ticket& wanted = act.ticket;
  PoolSlot* pool = workspace.FindPool(wanted.pool_id);
  if (pool == nullptr) return At("ticket.pool_id", NotFound("pool", wanted.pool_id));
  QueueSlot* queue = workspace.FindQueue(wanted.pool_id, wanted.queue_id);
  if (queue == nullptr) return At("ticket.queue_id", NotFound("queue", wanted.queue_id));
  if (pool->pool.rules.phase == Phase::kDraining) {
    return FailedPrecondition("POOL_DRAINING",
                              absl::StrCat("pool ", wanted.pool_id, " takes no new tickets"));
  }
  if (queue->queue.rules.phase == Phase::kDraining) {
    return FailedPrecondition("QUEUE_DRAINING",
                              absl::StrCat("queue ", wanted.queue_id, " takes no new tickets"));
  }
  if (queue->waiting >= queue->queue.most_waiting) {
    return ResourceExhausted("QUEUE_FULL",
                             absl::StrCat("queue ", wanted.queue_id, " has ", queue->waiting,
                                          " tickets waiting, and takes no more"));
  }
  TicketSlot& slot = workspace.tickets[wanted.ticket_id];
  slot.ticket = wanted;
  slot.ticket.state = TicketState::kQueued;
  slot.ticket.create_time = now;
  slot.ticket.expire_time = now + queue->queue.time_to_live;
  slot.ticket.revision = pool->pool.revision = ++pool->revision;
  Count(workspace, slot.ticket, +1);
  return slot.ticket;
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const CancelTicket& act, absl::Time now) {
  TicketSlot* slot = workspace.FindTicket(act.ticket_id);
  if (slot == nullptr) return At("ticket_id", NotFound("ticket", act.ticket_id));
  const TicketState state = slot->ticket.state;
  const TicketEvent event =
      act.even_if_assigned ? TicketEvent::kCancelAssigned : TicketEvent::kCancel;
  if (!IsLegal(event, state)) {
    const bool assigned = state == TicketState::kAssigned;
    return FailedPrecondition(
        assigned ? "TICKET_ASSIGNED" : "TICKET_ENDED",
        assigned ? "an agent is at work on the ticket" : "the ticket has ended",
        {{"state", std::string(NameOf(state))}});
  }
  Ticket next = slot->ticket;
  next.state = StateAfter(event);
  End(next, act.reason, now);
  return Replace(workspace, *slot, std::move(next));
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const ReleaseTicket& act, absl::Time now) {
  TicketSlot* slot = workspace.FindTicket(act.ticket_id);
  if (slot == nullptr) return At("ticket_id", NotFound("ticket", act.ticket_id));
  if (!IsLegal(TicketEvent::kRelease, slot->ticket.state)) {
    return FailedPrecondition("TICKET_NOT_HELD", "the ticket is not set aside",
                              {{"state", std::string(NameOf(slot->ticket.state))}});
  }
  // It goes back to its old place, so its time to live counts from the same moment as before.
  const QueueSlot* queue = workspace.FindQueue(slot->ticket.pool_id, slot->ticket.queue_id);
  if (queue != nullptr && now >= slot->ticket.create_time + queue->queue.time_to_live) {
    return FailedPrecondition("TICKET_OUTLIVED",
                              "it has outlived its queue's time to live and would expire at once; "
                              "lengthen that, or cancel the ticket");
  }
  Ticket next = slot->ticket;
  next.state = StateAfter(TicketEvent::kRelease);
  next.end_reason.clear();
  return Replace(workspace, *slot, std::move(next));
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const RecordProgress& act, absl::Time now) {
  if (workspace.FindPool(act.pool_id) == nullptr) {
    return At("pool_id", NotFound("pool", act.pool_id));
  }
  std::vector<ProgressAnswer> answers;
  answers.reserve(act.entries.size());
  for (const ProgressEntry& entry : act.entries) {
    answers.push_back(Record(workspace, act.pool_id, entry));
  }
  return answers;
}

}  // namespace muster::intake
