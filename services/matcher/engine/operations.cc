// What operations do to a ticket: requeue and transfer.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

void Core::Detach(Index t, std::string_view why) {
  TicketRecord& ticket = tickets_[t];
  Delist(t);
  while (ticket.offers > 0) {
    const WorkRecord work = works_[ticket.offer[0]];
    ReleaseOffer(ticket.offer[0], OfferOutcome::kRevoked, why, 0);
    AddPrice(t, work.agent, ToNanos(queues_[work.queue].rules.decline_price));
  }
  if (ticket.state == TicketState::kAssigned) {
    const Index w = ticket.assignment;
    EmitEnd(works_[w], why, 0);
    ticket.assignment = kNone;
    SetState(t, TicketState::kWaiting);
    AddPrice(t, works_[w].agent, ToNanos(queues_[works_[w].queue].rules.decline_price));
    EndWork(w, /*worked=*/true);
  }
  ticket.only_agent = kNone;
  ticket.lives_from = now_;  // its place is the old one, its time to live a new one
}

void Core::On(const TicketRequeued& event) {
  const Index t = FindTicket(event.ticket_id);
  std::string subject = absl::StrCat("ticket ", event.ticket_id);
  if (t == kNone) {
    return Refuse(event.act, absl::StatusCode::kNotFound, reason::kTicketNotFound,
                  std::move(subject));
  }
  const TicketRecord& ticket = tickets_[t];
  if (ticket.state == TicketState::kServed) {
    return Refuse(event.act, absl::StatusCode::kFailedPrecondition, reason::kTicketResolved,
                  std::move(subject));
  }
  if (ticket.state == TicketState::kWaiting && ticket.only_agent == kNone) {
    return Emit(Unchanged{.act = event.act});
  }
  Detach(t, reason::kRequeued);
  Emit(RequeueTicket{.ticket_id = ticket.id,
                     .queue_id = queues_[ticket.queue].id,
                     .reason = reason::kRequeued,
                     .act = event.act});
  Enlist(t);
}

std::optional<Reject> Core::CheckTarget(const TicketTransferred& event) const {
  const auto reject = [&](absl::StatusCode code, std::string_view why, std::string subject) {
    return Reject{.code = code, .reason = why, .subject = std::move(subject), .act = event.act};
  };
  const Index t = FindTicket(event.ticket_id);
  const std::string ticket = absl::StrCat("ticket ", event.ticket_id);
  if (event.to_queue_id.empty() == event.to_agent_id.empty()) {
    return reject(absl::StatusCode::kInvalidArgument, reason::kInvalidTarget, ticket);
  }
  if (t == kNone) return reject(absl::StatusCode::kNotFound, reason::kTicketNotFound, ticket);
  if (tickets_[t].state == TicketState::kServed) {
    return reject(absl::StatusCode::kFailedPrecondition, reason::kTicketResolved, ticket);
  }
  if (!event.to_queue_id.empty()) {
    const Index q = FindQueue(event.to_queue_id);
    if (q != kNone && queues_[q].exists) return std::nullopt;
    return reject(absl::StatusCode::kNotFound, reason::kQueueNotFound,
                  absl::StrCat("queue ", event.to_queue_id));
  }
  const Index a = FindAgent(event.to_agent_id);
  const std::string agent = absl::StrCat("agent ", event.to_agent_id);
  if (a == kNone || !agents_[a].registered) {
    return reject(absl::StatusCode::kNotFound, reason::kAgentNotFound, agent);
  }
  const QueueRecord& queue = queues_[tickets_[t].queue];
  if (!queue.exists || !CanServeReserved(a, queue.rules.weight)) {
    return reject(absl::StatusCode::kFailedPrecondition, reason::kAgentNotAvailable, agent);
  }
  return std::nullopt;
}

void Core::On(const TicketTransferred& event) {
  if (std::optional<Reject> reject = CheckTarget(event)) return Emit(*std::move(reject));
  const Index t = FindTicket(event.ticket_id);
  TicketRecord& ticket = tickets_[t];
  const Index target = event.to_agent_id.empty() ? kNone : FindAgent(event.to_agent_id);
  const bool has_it =
      target != kNone && (Offered(ticket, target) || (ticket.state == TicketState::kAssigned &&
                                                      works_[ticket.assignment].agent == target));
  if (has_it) return Emit(Unchanged{.act = event.act});
  Detach(t, reason::kTransferred);
  if (!event.to_queue_id.empty()) {
    MoveTo(t, FindQueue(event.to_queue_id));
  } else {
    ticket.only_agent = target;
    const std::uint64_t serial = agents_[target].serial;
    ticket.prices.erase(
        std::remove_if(ticket.prices.begin(), ticket.prices.end(),
                       [serial](const Price& p) { return p.agent_serial == serial; }),
        ticket.prices.end());
    SetPriceTimer(t);
  }
  Emit(RequeueTicket{.ticket_id = ticket.id,
                     .queue_id = queues_[ticket.queue].id,
                     .agent_id = target == kNone ? std::string_view() : agents_[target].id,
                     .reason = reason::kTransferred,
                     .act = event.act});
  Enlist(t);
}

}  // namespace muster::engine
