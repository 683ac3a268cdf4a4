// Tickets: what the feed tells of them, and how they are counted.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

Index Core::FindTicket(std::string_view id) const {
  return ticket_ids_.Find(HashText(id), [&](Index t) { return tickets_[t].id == id; });
}

void Core::On(const TicketQueued& event) {
  const TicketSpec& spec = event.ticket;
  if (!WithinLimits(spec)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded,
                  absl::StrCat("ticket ", spec.ticket_id));
  }
  if (const Index known = FindTicket(spec.ticket_id); known != kNone) {
    return UpdateTicket(known, spec);
  }
  const Index t =
      NewTicket(spec.ticket_id, spec.queue_id, ToNanos(spec.create_time), TicketState::kWaiting);
  SetDemands(t, spec);
  Enlist(t);
}

void Core::On(const TicketDetailed& event) {
  const Index t = FindTicket(event.ticket.ticket_id);
  if (t != kNone) On(TicketQueued{event.ticket});
}

void Core::On(const TicketGone& event) {
  const Index t = FindTicket(event.ticket_id);
  if (t == kNone) return;
  TicketRecord& ticket = tickets_[t];
  switch (ticket.state) {
    case TicketState::kWaiting:
      Delist(t);
      return ForgetTicket(t);
    case TicketState::kOffered:
      ReleaseOffersOf(t, reason::kTicketGone);
      return ForgetTicket(t);
    case TicketState::kAssigned:
      return FinishAssignment(
          ticket.assignment,
          event.why == GoneReason::kCancelled ? reason::kCustomerLeft : reason::kTicketClosed, 0);
    case TicketState::kServed:
      return;  // its after-work goes on
  }
}

Index Core::NewTicket(std::string_view id, std::string_view queue_id, Nanos create,
                      TicketState state) {
  const Index t = tickets_.Add();
  wait_stamps_.Cover(t);
  price_stamps_.Cover(t);
  if (priced_.size() <= t) priced_.resize(t + 1);
  priced_[t] = 0;
  TicketRecord& ticket = tickets_[t];
  ticket.id.Assign(id);
  ticket.hash = HashText(id);
  ticket.create = ticket.lives_from = create;
  ticket.waits_since = now_;
  ticket.state = state;
  ticket.queue = QueueFor(queue_id);
  ++queues_[ticket.queue].references;
  ticket_ids_.Insert(ticket.hash, t);
  CountTicket(ticket, +1);
  return t;
}

// The ticket is in no line. Its queue and place are others' business.
bool Core::SetDemands(Index t, const TicketSpec& spec) {
  TicketRecord& ticket = tickets_[t];
  bool other = false;
  const auto set = [&other](auto* to, auto value) {
    if (*to == value) return;
    *to = std::move(value);
    other = true;
  };
  ticket.interrupted = ticket.interrupted || spec.interrupted;
  set(&ticket.priority,
      ToNanos(spec.priority_ahead) + (ticket.interrupted ? ToNanos(limits::kInterruptedAhead) : 0));
  set(&ticket.language, spec.language.empty() ? kNone : InternWord(spec.language));
  if (!spec.extra_skills.empty() || !ticket.extra.empty()) {
    set(&ticket.extra, Intern(spec.extra_skills));
  }
  if (spec.preferred_agent_id.empty() && ticket.preferred == kNone) return other;
  const Index preferred =
      spec.preferred_agent_id.empty() ? kNone : AgentFor(spec.preferred_agent_id);
  if (preferred == ticket.preferred) return other;
  Prefer(t, preferred);
  return true;
}

void Core::Prefer(Index t, Index a) {
  TicketRecord& ticket = tickets_[t];
  if (ticket.preferred == a) return;
  const Index before = ticket.preferred;
  ticket.preferred = a;
  if (a != kNone) ++agents_[a].references;
  if (before == kNone) return;
  --agents_[before].references;
  ForgetAgentIfUnused(before);
}

void Core::UpdateTicket(Index t, const TicketSpec& spec) {
  TicketRecord& ticket = tickets_[t];
  const bool moves = queues_[ticket.queue].id != spec.queue_id;
  if (ticket.state == TicketState::kWaiting) Delist(t);
  if (ticket.state == TicketState::kOffered) Unshare(t);
  if (ticket.state == TicketState::kOffered && moves) {
    ReleaseOffersOf(t, reason::kNoLongerEligible);
  }
  const Nanos create = ToNanos(spec.create_time);
  if (create != ticket.create) {
    if (ticket.lives_from == ticket.create) ticket.lives_from = create;
    ticket.create = create;
  }
  const bool other = SetDemands(t, spec);
  if (moves) MoveTo(t, QueueFor(spec.queue_id));
  if (ticket.state == TicketState::kWaiting) return Enlist(t);
  if (ticket.state != TicketState::kOffered) return;
  Share(t);
  if (!other) return;
  for (std::uint8_t i = ticket.offers; i-- > 0;) {
    const Index w = ticket.offer[i];
    if (!FitsTicket(works_[w].agent, ticket)) RevokeToQueue(w, reason::kNoLongerEligible);
  }
}

void Core::MoveTo(Index t, Index q) {
  TicketRecord& ticket = tickets_[t];
  CountTicket(ticket, -1);
  const Index before = ticket.queue;
  ticket.queue = q;
  ++queues_[q].references;
  CountTicket(ticket, +1);
  --queues_[before].references;
  ForgetQueueIfUnused(before);
}

void Core::ForgetTicket(Index t) {
  TicketRecord& ticket = tickets_[t];
  if (priced_[t] != 0 && ticket.price_at != kNever) {
    price_stamps_.Bump(t);
    timers_.Drop(TimerKind::kPriceEnd, ticket.price_at);
  }
  if (ticket.preferred != kNone) Prefer(t, kNone);
  DropClaim(t);
  CountTicket(ticket, -1);
  const Index q = ticket.queue;
  --queues_[q].references;
  ticket_ids_.Erase(ticket.hash, t);
  tickets_.Free(t);
  ForgetQueueIfUnused(q);
}

void Core::SetState(Index t, TicketState state) {
  TicketRecord& ticket = tickets_[t];
  CountTicket(ticket, -1);
  ticket.state = state;
  if (state == TicketState::kWaiting) ticket.waits_since = now_;
  CountTicket(ticket, +1);
}

void Core::CountTicket(const TicketRecord& ticket, int sign) {
  const bool waiting = ticket.state == TicketState::kWaiting;
  if (!waiting && ticket.state != TicketState::kOffered) return;
  QueueRecord& queue = queues_[ticket.queue];
  const std::uint64_t one = sign > 0 ? 1 : ~std::uint64_t{0};
  (waiting ? queue.waiting : queue.offered) += one;
  (waiting ? pool_.waiting : pool_.offered) += one;
}

}  // namespace muster::engine
