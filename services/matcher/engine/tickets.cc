// Tickets: what the feed tells of them, their place in a line, their expiry, and who is to wait
// before seeing them again.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

void Core::On(const TicketQueued& event) {
  const TicketSpec& spec = event.ticket;
  if (!WithinLimits(spec)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded,
                  absl::StrCat("ticket ", spec.ticket_id));
  }
  if (const Index known = Find(ticket_ids_, spec.ticket_id); known != kNone) {
    return UpdateTicket(known, spec);
  }
  Enlist(NewTicket(spec, TicketState::kWaiting));
}

void Core::On(const TicketDetailed& event) {
  const Index t = Find(ticket_ids_, event.ticket.ticket_id);
  if (t != kNone) On(TicketQueued{event.ticket});
}

void Core::On(const TicketGone& event) {
  const Index t = Find(ticket_ids_, event.ticket_id);
  if (t == kNone) return;
  TicketRecord& ticket = tickets_[t];
  switch (ticket.state) {
    case TicketState::kWaiting:
      if (ticket.line != kNone) Delist(t);
      return ForgetTicket(t);
    case TicketState::kOffered:
      ReleaseOffer(ticket.offer, OfferOutcome::kRevoked, reason::kTicketGone, 0);
      return ForgetTicket(t);
    case TicketState::kAssigned:
      return FinishAssignment(
          ticket.assignment,
          event.why == GoneReason::kCancelled ? reason::kCustomerLeft : reason::kTicketClosed, 0);
    case TicketState::kServed:
      return;  // its after-work goes on
  }
}

Index Core::NewTicket(const TicketSpec& spec, TicketState state) {
  const Index t = tickets_.Add();
  TicketRecord& ticket = tickets_[t];
  ticket.state = state;
  ticket.spec = spec;
  ticket.lives_from = spec.create_time;
  ticket.queue = QueueFor(spec.queue_id);
  ++queues_[ticket.queue].references;
  ticket_ids_.emplace(spec.ticket_id, t);
  CountTicket(t, +1);
  return t;
}

void Core::UpdateTicket(Index t, const TicketSpec& spec) {
  TicketRecord& ticket = tickets_[t];
  if (ticket.spec == spec) return;
  const bool same_queue = ticket.spec.queue_id == spec.queue_id;
  if (ticket.state == TicketState::kWaiting) {
    if (ticket.line != kNone) Delist(t);
    SetSpec(t, spec);
    Enlist(t);
    return;
  }
  if (ticket.state == TicketState::kOffered && !same_queue) {
    ReleaseOffer(ticket.offer, OfferOutcome::kRevoked, reason::kNoLongerEligible, 0);
    SetSpec(t, spec);
    Enlist(t);
    return;
  }
  SetSpec(t, spec);
  if (ticket.state == TicketState::kOffered && !FitsTicket(offers_[ticket.offer].agent, ticket)) {
    RevokeToQueue(ticket.offer, reason::kNoLongerEligible);
  }
}

void Core::SetSpec(Index t, const TicketSpec& spec) {
  TicketRecord& ticket = tickets_[t];
  CountTicket(t, -1);
  const Index before = ticket.queue;
  ticket.queue = QueueFor(spec.queue_id);
  ++queues_[ticket.queue].references;
  if (ticket.lives_from == ticket.spec.create_time) ticket.lives_from = spec.create_time;
  ticket.spec = spec;
  CountTicket(t, +1);
  --queues_[before].references;
  ForgetQueueIfUnused(before);
}

void Core::ForgetTicket(Index t) {
  TicketRecord& ticket = tickets_[t];
  timers_.Cancel(ticket.price_timer, TimerKind::kPriceEnd, t);
  CountTicket(t, -1);
  const Index q = ticket.queue;
  --queues_[q].references;
  ticket_ids_.erase(ticket.spec.ticket_id);
  tickets_.Free(t);
  ForgetQueueIfUnused(q);
}

void Core::SetState(Index t, TicketState state) {
  CountTicket(t, -1);
  tickets_[t].state = state;
  CountTicket(t, +1);
}

void Core::CountTicket(Index t, int sign) {
  const TicketRecord& ticket = tickets_[t];
  const bool waiting = ticket.state == TicketState::kWaiting;
  if (!waiting && ticket.state != TicketState::kOffered) return;
  QueueRecord& queue = queues_[ticket.queue];
  const std::uint64_t one = sign > 0 ? 1 : ~std::uint64_t{0};
  (waiting ? queue.waiting : queue.offered) += one;
  (waiting ? pool_.waiting : pool_.offered) += one;
  if (sign > 0) {
    queue.unassigned.insert({ticket.spec.create_time, t});
  } else {
    queue.unassigned.erase({ticket.spec.create_time, t});
  }
}

void Core::Enlist(Index t) {
  TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  if (ticket.only_agent != kNone &&
      (!queue.exists || !CanServeReserved(ticket.only_agent, queue.rules.weight))) {
    ticket.only_agent = kNone;
  }
  if (!queue.exists) return;
  LineKey key{.only_agent = ticket.only_agent};
  if (ticket.only_agent == kNone) {
    key.extra = Intern(ticket.spec.extra_skills);
    if (!ticket.spec.language.empty()) key.language = InternWord(ticket.spec.language);
  }
  ticket.line = LineFor(ticket.queue, key);
  ticket.key = {
      .rank = ticket.spec.create_time - queue.rules.priority_ahead - ticket.spec.priority_ahead,
      .create_time = ticket.spec.create_time,
      .id = &ticket.spec.ticket_id,
      .ticket = t};
  NoteInUse(ticket.line);
  lines_[ticket.line].waiting.insert(ticket.key);
  ArmExpiry(t);
  touched_tickets_.push_back(t);
}

void Core::Delist(Index t) {
  TicketRecord& ticket = tickets_[t];
  DisarmExpiry(t);
  const Index l = ticket.line;
  ticket.line = kNone;
  lines_[l].waiting.erase(ticket.key);
  if (lines_[l].waiting.empty()) NoteEmpty(l);
}

void Core::ArmExpiry(Index t) {
  TicketRecord& ticket = tickets_[t];
  ticket.expire_at = ticket.lives_from + queues_[ticket.queue].rules.time_to_live;
  timers_.Set(ticket.expire_at, TimerKind::kTicketExpiry, t);
}

void Core::DisarmExpiry(Index t) {
  timers_.Cancel(tickets_[t].expire_at, TimerKind::kTicketExpiry, t);
  tickets_[t].expire_at = absl::InfiniteFuture();
}

void Core::Expire(Index t) {
  TicketRecord& ticket = tickets_[t];
  const absl::Time expire_at = ticket.expire_at;
  ticket.expire_at = absl::InfiniteFuture();
  if (!open_) return;  // it may turn out to be assigned; looked at again when matching opens
  Emit(ExpireTicket{.ticket_id = ticket.spec.ticket_id,
                    .queue_id = queues_[ticket.queue].id,
                    .create_time = ticket.spec.create_time,
                    .expire_time = expire_at});
  Delist(t);
  ForgetTicket(t);
}

void Core::AddPrice(Index t, Index a, absl::Duration price) {
  if (price <= absl::ZeroDuration()) return;
  std::vector<Price>& prices = tickets_[t].prices;
  const std::uint64_t serial = agents_[a].serial;
  const auto sooner = [](const Price& x, const Price& y) { return x.until < y.until; };
  const auto same = std::find_if(prices.begin(), prices.end(),
                                 [&](const Price& p) { return p.agent_serial == serial; });
  if (same != prices.end()) {
    same->until = now_ + price;
  } else {
    if (prices.size() == limits::kMaxPricesPerTicket) {
      prices.erase(std::min_element(prices.begin(), prices.end(), sooner));
    }
    prices.push_back({serial, now_ + price});
  }
  SetPriceTimer(t);
}

void Core::SetPriceTimer(Index t) {
  TicketRecord& ticket = tickets_[t];
  timers_.Cancel(ticket.price_timer, TimerKind::kPriceEnd, t);
  ticket.price_timer = absl::InfiniteFuture();
  for (const Price& p : ticket.prices) ticket.price_timer = std::min(ticket.price_timer, p.until);
  timers_.Set(ticket.price_timer, TimerKind::kPriceEnd, t);
}

void Core::PriceEnded(Index t) {
  TicketRecord& ticket = tickets_[t];
  const auto over = [this](const Price& p) { return p.until <= now_; };
  ticket.prices.erase(std::remove_if(ticket.prices.begin(), ticket.prices.end(), over),
                      ticket.prices.end());
  SetPriceTimer(t);
  touched_tickets_.push_back(t);
}

bool Core::Priced(const TicketRecord& ticket, const AgentRecord& agent) const {
  return std::any_of(ticket.prices.begin(), ticket.prices.end(), [&](const Price& p) {
    return p.agent_serial == agent.serial && p.until > now_;
  });
}

}  // namespace muster::engine
