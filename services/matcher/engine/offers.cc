// Offers: made, acknowledged, accepted, declined, expired, revoked.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {

Index Core::Offer(Index t, Index a) {
  TicketRecord& ticket = tickets_[t];
  AgentRecord& agent = agents_[a];
  QueueRecord& queue = queues_[ticket.queue];
  DropClaim(t);
  Delist(t);
  Unshare(t);
  const Index w = works_.Add();
  work_stamps_.Cover(w);
  WorkRecord& work = works_[w];
  work.id = {options_.epoch, next_number_++};
  work.ticket = t;
  work.agent = a;
  work.queue = ticket.queue;
  work.weight = queue.weight;
  work.place = static_cast<std::uint32_t>(pending_.size());
  pending_.push_back(w);
  work.made = now_;
  work.offer_timeout = queue.offer_timeout;
  const absl::Time deadline = now_time_ + queue.to_acknowledge;
  work.deadline = ToNanos(deadline);
  ++queue.references;
  work_numbers_.Insert(HashNumber(work.id.number), w);
  timers_.Set(TimerKind::kOfferDeadline, work.deadline, w);
  ticket.offer[ticket.offers++] = w;
  if (ticket.state != TicketState::kOffered) SetState(t, TicketState::kOffered);
  Share(t);
  Unstand(a);
  Load(a, 0, work.weight);
  ++agent.offers;
  agent.works.push_back(w);
  Emit(MakeOffer{.offer = work.id,
                 .ticket_id = ticket.id,
                 .agent_id = agent.id,
                 .queue_id = queue.id,
                 .weight = work.weight,
                 .make_time = now_time_,
                 .deadline = deadline,
                 .offer_timeout = queue.offer_timeout,
                 .waited = ToDuration(now_ - ticket.create)});
  return w;
}

void Core::On(const OfferReceived& event) {
  const Index w = PendingOrAnswer(event.offer, event.agent_id, event.act, std::nullopt);
  if (w == kNone) return;
  WorkRecord& work = works_[w];
  if (work.acknowledged) return Emit(Unchanged{.offer = event.offer, .act = event.act});
  work_stamps_.Bump(w);
  timers_.Drop(TimerKind::kOfferDeadline, work.deadline);
  work.acknowledged = true;
  const absl::Time deadline = now_time_ + work.offer_timeout;
  work.deadline = ToNanos(deadline);
  timers_.Set(TimerKind::kOfferDeadline, work.deadline, w);
  Emit(MoveDeadline{.offer = event.offer,
                    .agent_id = agents_[work.agent].id,
                    .deadline = deadline,
                    .act = event.act});
}

void Core::On(const OfferAccepted& event) {
  const Index w = PendingOrAnswer(event.offer, event.agent_id, event.act, OfferOutcome::kAccepted);
  if (w == kNone) return;
  WorkRecord& work = works_[w];
  const Index t = work.ticket;
  TicketRecord& ticket = tickets_[t];
  AgentRecord& agent = agents_[work.agent];
  agent.ignored = 0;
  CloseOffer(w, OfferOutcome::kAccepted, {}, 0);
  Unshare(t);
  ticket.only_agent = kNone;
  SetState(t, TicketState::kAssigned);
  ticket.assignment = w;
  work.state = WorkState::kActive;
  work.assigned = now_;
  work.credit = std::min(Credit(agent), fair_window_);
  CountAssignment(work, +1);
  Load(work.agent, work.weight, -static_cast<std::int64_t>(work.weight));
  --agent.offers;
  if (!agent.standing) Loosen(work.agent);  // it may be offered more again
  Emit(Assign{.assignment = event.offer,
              .ticket_id = ticket.id,
              .agent_id = agent.id,
              .queue_id = queues_[ticket.queue].id,
              .weight = work.weight,
              .create_time = ToTime(ticket.create),
              .make_time = ToTime(work.made),
              .assign_time = now_time_,
              .waited = ToDuration(now_ - ticket.create),
              .act = event.act});
  if (ticket.offers > 0) ReleaseOffersOf(t, reason::kTaken);
}

void Core::On(const OfferDeclined& event) {
  const Index w = PendingOrAnswer(event.offer, event.agent_id, event.act, OfferOutcome::kDeclined);
  if (w == kNone) return;
  const WorkRecord work = works_[w];
  agents_[work.agent].ignored = 0;
  ReleaseOffer(w, OfferOutcome::kDeclined, {}, event.act);
  AfterRefusal(work.ticket, work.agent, ToNanos(queues_[work.queue].rules.decline_price));
}

void Core::ExpireOffer(Index w) {
  const WorkRecord work = works_[w];
  ReleaseOffer(w, OfferOutcome::kExpired,
               work.acknowledged ? reason::kNotAnswered : reason::kNotAcknowledged, 0);
  AfterRefusal(work.ticket, work.agent, ToNanos(queues_[work.queue].rules.expiry_price));
  Ignored(work.agent);
}

void Core::AfterRefusal(Index t, Index a, Nanos price) {
  AddPrice(t, a, price);
  tickets_[t].only_agent = kNone;
  if (!Refused(t)) BackInLine(t);
}

void Core::BackInLine(Index t) {
  if (tickets_[t].state == TicketState::kWaiting) {
    Enlist(t);
  } else {
    Share(t);
  }
}

void Core::RevokeToQueue(Index w, std::string_view why) {
  const Index t = works_[w].ticket;
  ReleaseOffer(w, OfferOutcome::kRevoked, why, 0);
  BackInLine(t);
}

void Core::ReleaseOffersOf(Index t, std::string_view why) {
  TicketRecord& ticket = tickets_[t];
  while (ticket.offers > 0) ReleaseOffer(ticket.offer[0], OfferOutcome::kRevoked, why, 0);
}

void Core::ReleaseOffer(Index w, OfferOutcome outcome, std::string_view why, ActToken act) {
  WorkRecord& work = works_[w];
  const Index t = work.ticket;
  const Index a = work.agent;
  AgentRecord& agent = agents_[a];
  Unstand(a);
  CloseOffer(w, outcome, why, act);
  Load(a, 0, -static_cast<std::int64_t>(work.weight));
  --agent.offers;
  // Who did not want it goes behind the others; a revoked offer is not the agent's doing.
  if (outcome != OfferOutcome::kRevoked) StartIdling(a, now_, 0);
  FreeWork(w);
  Loosen(a);
  Unshare(t);
  if (tickets_[t].state == TicketState::kOffered && tickets_[t].offers == 0) {
    SetState(t, TicketState::kWaiting);
  }
}

void Core::CloseOffer(Index w, OfferOutcome outcome, std::string_view why, ActToken act) {
  WorkRecord& work = works_[w];
  TicketRecord& ticket = tickets_[work.ticket];
  const std::string_view agent_id = agents_[work.agent].id;
  EndedOffer& ended = ended_[work.id.number % ended_.size()];
  ended.number = work.id.number;
  ended.agent_id.Assign(agent_id);
  ended.outcome = outcome;
  ended.completed = false;
  pending_[work.place] = pending_.back();
  works_[pending_.back()].place = work.place;
  pending_.pop_back();
  Emit(EndOffer{.offer = work.id,
                .ticket_id = ticket.id,
                .agent_id = agent_id,
                .queue_id = queues_[ticket.queue].id,
                .outcome = outcome,
                .reason = why,
                .make_time = ToTime(work.made),
                .end_time = now_time_,
                .act = act});
  const auto end = ticket.offer.begin() + ticket.offers;
  const auto gone = std::find(ticket.offer.begin(), end, w);
  std::move(gone + 1, end, gone);
  --ticket.offers;
  work_stamps_.Bump(w);
  timers_.Drop(TimerKind::kOfferDeadline, work.deadline);
  work.deadline = kNever;
}

}  // namespace muster::engine
