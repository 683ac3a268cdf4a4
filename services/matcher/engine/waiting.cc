// A ticket's place in a line, the timers that run while it waits, and who is to wait before seeing
// it again.
#include <algorithm>
#include <vector>

#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

std::uint8_t Core::StepAt(const TicketRecord& ticket, Nanos now) const {
  const std::vector<RelaxStep>& steps = queues_[ticket.queue].rules.relax_steps;
  std::uint8_t step = 0;
  while (step < steps.size() && Plus(ticket.create, ToNanos(steps[step].after)) <= now) {
    ++step;
  }
  return step;
}

void Core::Enlist(Index t) {
  TicketRecord& ticket = tickets_[t];
  QueueRecord& queue = queues_[ticket.queue];
  if (ticket.only_agent != kNone &&
      (!queue.exists || !CanServeReserved(ticket.only_agent, queue.weight))) {
    ticket.only_agent = kNone;
  }
  if (!queue.exists) return;
  ticket.step = queue.relaxed.empty() ? 0 : StepAt(ticket, now_);
  const bool plain = ticket.only_agent == kNone && ticket.step == 0 && ticket.extra.empty() &&
                     ticket.language == kNone;
  if (plain) {
    if (queue.plain_line == kNone) queue.plain_line = LineFor(ticket.queue, {});
    ticket.line = queue.plain_line;
  } else {
    ticket.line = LineFor(ticket.queue, KeyOf(ticket));
  }
  ticket.rank = ticket.create - queue.ahead - ticket.priority;
  ticket.waits = true;
  if (ticket.priority != 0) ++lines_[ticket.line].prioritised;
  NoteInUse(ticket.line);
  lines_[ticket.line].waiting.Push({.key = ticket.rank, .record = t, .stamp = wait_stamps_[t]},
                                   Waits());
  HeadChanged(ticket.line);
  if (ticket.preferred != kNone) JoinFans(t);
  ArmTimers(t);
  Touch(t);
}

void Core::Delist(Index t) {
  TicketRecord& ticket = tickets_[t];
  if (!ticket.waits) return;
  const Index l = ticket.line;
  wait_stamps_.Bump(t);
  lines_[l].waiting.Drop(Waits());
  DropTimers(t);
  if (ticket.fan_place != kNone) LeaveFans(t);
  if (ticket.claim != kNone) claims_.push_back(t);
  if (ticket.priority != 0) --lines_[l].prioritised;
  ticket.waits = false;
  ticket.line = kNone;
  HeadChanged(l);
  DropLineIfEmpty(l);
}

void Core::Share(Index t) {
  TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  if (!queue.exists || ticket.shared || ticket.offers >= queue.offers_at_once) return;
  ticket.line = LineFor(ticket.queue, KeyOf(ticket));
  ticket.rank = ticket.create - queue.ahead - ticket.priority;
  ticket.shared = true;
  NoteInUse(ticket.line);
  lines_[ticket.line].more.Push({.key = ticket.rank, .record = t, .stamp = wait_stamps_[t]},
                                Waits());
  HeadChanged(ticket.line);
  if (ticket.preferred != kNone) JoinFans(t);
  Touch(t);
}

void Core::Unshare(Index t) {
  TicketRecord& ticket = tickets_[t];
  if (!ticket.shared) return;
  const Index l = ticket.line;
  wait_stamps_.Bump(t);
  lines_[l].more.Drop(Waits());
  if (ticket.fan_place != kNone) LeaveFans(t);
  ticket.shared = false;
  ticket.line = kNone;
  HeadChanged(l);
  DropLineIfEmpty(l);
}

void Core::ArmTimers(Index t) {
  TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  // While matching is closed a ticket may turn out to be assigned: it does not expire.
  ticket.expire_at = open_ ? Plus(ticket.lives_from, queue.time_to_live) : kNever;
  timers_.Set(TimerKind::kTicketExpiry, ticket.expire_at, t);
  ticket.relax_at = kNever;
  if (ticket.only_agent == kNone && ticket.step < queue.relaxed.size()) {
    ticket.relax_at = Plus(ticket.create, ToNanos(queue.rules.relax_steps[ticket.step].after));
    timers_.Set(TimerKind::kRelaxStep, ticket.relax_at, t);
  }
  ticket.claim_at = kNever;
  if (queue.weight > 1 && !LongWaiting(ticket)) {
    ticket.claim_at = Plus(ticket.create, queue.claim_after);
    timers_.Set(TimerKind::kClaim, ticket.claim_at, t);
  }
}

void Core::DropTimers(Index t) {
  TicketRecord& ticket = tickets_[t];
  timers_.Drop(TimerKind::kTicketExpiry, ticket.expire_at);
  timers_.Drop(TimerKind::kRelaxStep, ticket.relax_at);
  timers_.Drop(TimerKind::kClaim, ticket.claim_at);
  ticket.expire_at = ticket.relax_at = ticket.claim_at = kNever;
}

void Core::JoinFans(Index t) {
  std::vector<Index>& fans = agents_[tickets_[t].preferred].fans;
  if (fans.size() == limits::kMaxFans) return;
  tickets_[t].fan_place = static_cast<std::uint32_t>(fans.size());
  fans.push_back(t);
}

void Core::LeaveFans(Index t) {
  std::vector<Index>& fans = agents_[tickets_[t].preferred].fans;
  const std::uint32_t place = tickets_[t].fan_place;
  fans[place] = fans.back();
  tickets_[fans[place]].fan_place = place;
  fans.pop_back();
  tickets_[t].fan_place = kNone;
}

void Core::Expire(Index t) {
  TicketRecord& ticket = tickets_[t];
  if (!open_) return Relist(t);  // without that timer
  Emit(ExpireTicket{.ticket_id = ticket.id,
                    .queue_id = queues_[ticket.queue].id,
                    .create_time = ToTime(ticket.create),
                    .expire_time = ToTime(ticket.expire_at)});
  Delist(t);
  ForgetTicket(t);
}

void Core::AddPrice(Index t, Index a, Nanos price) {
  if (price <= 0) return;
  std::vector<Price>& prices = tickets_[t].prices;
  const std::uint64_t serial = agents_[a].serial;
  const auto sooner = [](const Price& x, const Price& y) { return x.until < y.until; };
  const auto same = std::find_if(prices.begin(), prices.end(),
                                 [&](const Price& p) { return p.agent_serial == serial; });
  if (same != prices.end()) {
    same->until = Plus(now_, price);
  } else {
    if (prices.size() == limits::kMaxPricesPerTicket) {
      prices.erase(std::min_element(prices.begin(), prices.end(), sooner));
    }
    prices.push_back({a, serial, Plus(now_, price)});
  }
  SetPriceTimer(t);
}

void Core::SetPriceTimer(Index t) {
  TicketRecord& ticket = tickets_[t];
  if (ticket.price_at != kNever) {
    price_stamps_.Bump(t);
    timers_.Drop(TimerKind::kPriceEnd, ticket.price_at);
    ticket.price_at = kNever;
  }
  priced_[t] = !ticket.prices.empty();
  for (const Price& p : ticket.prices) ticket.price_at = std::min(ticket.price_at, p.until);
  timers_.Set(TimerKind::kPriceEnd, ticket.price_at, t);
}

void Core::PriceEnded(Index t) {
  TicketRecord& ticket = tickets_[t];
  const auto over = [this](const Price& p) { return p.until <= now_; };
  ticket.prices.erase(std::remove_if(ticket.prices.begin(), ticket.prices.end(), over),
                      ticket.prices.end());
  SetPriceTimer(t);
  Touch(t);
}

bool Core::Priced(const TicketRecord& ticket, const AgentRecord& agent) const {
  return std::any_of(ticket.prices.begin(), ticket.prices.end(), [&](const Price& p) {
    return p.agent_serial == agent.serial && p.until > now_;
  });
}

// Counts a refusal. The ticket waits in no line, or is still seen by others.
bool Core::Refused(Index t) {
  TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  ++ticket.refusals;
  const std::uint32_t most = queue.rules.most_refusals;
  if (!queue.exists || most == 0 || ticket.refusals < most) return false;
  Unshare(t);
  ReleaseOffersOf(t, reason::kTicketHeld);
  Emit(HoldTicket{.ticket_id = ticket.id,
                  .queue_id = queues_[ticket.queue].id,
                  .reason = reason::kTooManyRefusals,
                  .refusals = ticket.refusals,
                  .create_time = ToTime(ticket.create)});
  ForgetTicket(t);
  return true;
}

}  // namespace muster::engine
