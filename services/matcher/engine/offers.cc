// Offers: made, acknowledged, answered, expired, revoked.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

void Core::Offer(Index t, Index a) {
  TicketRecord& ticket = tickets_[t];
  AgentRecord& agent = agents_[a];
  const QueueRules& rules = queues_[ticket.queue].rules;
  const absl::Duration to_acknowledge = rules.acknowledge_timeout > absl::ZeroDuration()
                                            ? rules.acknowledge_timeout
                                            : rules.offer_timeout;
  Delist(t);
  const Index o = offers_.Add();
  offers_[o] = {.number = next_number_++,
                .ticket = t,
                .agent = a,
                .queue = ticket.queue,
                .weight = rules.weight,
                .make_time = now_,
                .deadline = now_ + to_acknowledge,
                .offer_timeout = rules.offer_timeout};
  const OfferRecord& offer = offers_[o];
  offer_numbers_.emplace(offer.number, o);
  timers_.Set(offer.deadline, TimerKind::kOfferDeadline, o);
  ticket.offer = o;
  SetState(t, TicketState::kOffered);
  Withdraw(a);
  agent.reserved += offer.weight;
  agent.offers.push_back(o);
  Present(a);
  Emit(MakeOffer{.offer = IdOf(offer),
                 .ticket_id = ticket.spec.ticket_id,
                 .agent_id = agent.spec.agent_id,
                 .queue_id = queues_[ticket.queue].id,
                 .weight = offer.weight,
                 .make_time = now_,
                 .deadline = offer.deadline,
                 .offer_timeout = offer.offer_timeout,
                 .waited = now_ - ticket.spec.create_time});
}

void Core::On(const OfferReceived& event) {
  const Index o = PendingOrAnswer(event.offer, event.agent_id, event.act, std::nullopt);
  if (o == kNone) return;
  OfferRecord& offer = offers_[o];
  if (offer.acknowledged) return Emit(Unchanged{.offer = event.offer, .act = event.act});
  timers_.Cancel(offer.deadline, TimerKind::kOfferDeadline, o);
  offer.acknowledged = true;
  offer.deadline = now_ + offer.offer_timeout;
  timers_.Set(offer.deadline, TimerKind::kOfferDeadline, o);
  Emit(MoveDeadline{.offer = event.offer,
                    .agent_id = agents_[offer.agent].spec.agent_id,
                    .deadline = offer.deadline,
                    .act = event.act});
}

void Core::On(const OfferAccepted& event) {
  const Index o = PendingOrAnswer(event.offer, event.agent_id, event.act, OfferOutcome::kAccepted);
  if (o == kNone) return;
  const OfferRecord offer = offers_[o];
  TicketRecord& ticket = tickets_[offer.ticket];
  AgentRecord& agent = agents_[offer.agent];
  Withdraw(offer.agent);
  agent.reserved -= offer.weight;
  agent.offers.erase(std::find(agent.offers.begin(), agent.offers.end(), o));
  CloseOffer(o, OfferOutcome::kAccepted, {}, 0);
  ticket.only_agent = kNone;
  SetState(offer.ticket, TicketState::kAssigned);
  AddAssignment({.id = event.offer,
                 .ticket_id = ticket.spec.ticket_id,
                 .ticket = offer.ticket,
                 .agent = offer.agent,
                 .queue = offer.queue,
                 .weight = offer.weight,
                 .assign_time = now_});
  Present(offer.agent);
  Emit(Assign{.assignment = event.offer,
              .ticket_id = ticket.spec.ticket_id,
              .agent_id = agent.spec.agent_id,
              .queue_id = queues_[ticket.queue].id,
              .weight = offer.weight,
              .create_time = ticket.spec.create_time,
              .make_time = offer.make_time,
              .assign_time = now_,
              .waited = now_ - ticket.spec.create_time,
              .act = event.act});
}

void Core::On(const OfferDeclined& event) {
  const Index o = PendingOrAnswer(event.offer, event.agent_id, event.act, OfferOutcome::kDeclined);
  if (o == kNone) return;
  const OfferRecord offer = offers_[o];
  ReleaseOffer(o, OfferOutcome::kDeclined, {}, event.act);
  AddPrice(offer.ticket, offer.agent, queues_[offer.queue].rules.decline_price);
  tickets_[offer.ticket].only_agent = kNone;
  Enlist(offer.ticket);
}

void Core::ExpireOffer(Index o) {
  const OfferRecord offer = offers_[o];
  ReleaseOffer(o, OfferOutcome::kExpired,
               offer.acknowledged ? reason::kNotAnswered : reason::kNotAcknowledged, 0);
  AddPrice(offer.ticket, offer.agent, queues_[offer.queue].rules.expiry_price);
  tickets_[offer.ticket].only_agent = kNone;
  Enlist(offer.ticket);
}

void Core::RevokeToQueue(Index o, std::string_view why) {
  const Index t = offers_[o].ticket;
  ReleaseOffer(o, OfferOutcome::kRevoked, why, 0);
  Enlist(t);
}

void Core::ReleaseOffer(Index o, OfferOutcome outcome, std::string_view why, ActToken act) {
  const Index t = offers_[o].ticket;
  const Index a = offers_[o].agent;
  AgentRecord& agent = agents_[a];
  Withdraw(a);
  agent.reserved -= offers_[o].weight;
  agent.offers.erase(std::find(agent.offers.begin(), agent.offers.end(), o));
  // Who did not want it goes behind the others; a revoked offer is not the agent's doing.
  if (outcome != OfferOutcome::kRevoked) agent.idle_since = now_;
  Present(a);
  Touch(a);
  CloseOffer(o, outcome, why, act);
  SetState(t, TicketState::kWaiting);
}

void Core::CloseOffer(Index o, OfferOutcome outcome, std::string_view why, ActToken act) {
  const OfferRecord& offer = offers_[o];
  TicketRecord& ticket = tickets_[offer.ticket];
  const std::string& agent_id = agents_[offer.agent].spec.agent_id;
  ended_[offer.number % ended_.size()] = {
      .number = offer.number, .agent_id = agent_id, .outcome = outcome};
  Emit(EndOffer{.offer = IdOf(offer),
                .ticket_id = ticket.spec.ticket_id,
                .agent_id = agent_id,
                .queue_id = queues_[ticket.queue].id,
                .outcome = outcome,
                .reason = why,
                .make_time = offer.make_time,
                .end_time = now_,
                .act = act});
  ticket.offer = kNone;
  timers_.Cancel(offer.deadline, TimerKind::kOfferDeadline, o);
  offer_numbers_.erase(offer.number);
  offers_.Free(o);
}

EndedOffer* Core::Remembered(const OfferId& id) {
  EndedOffer& ended = ended_[id.number % ended_.size()];
  const bool known =
      id.epoch == options_.epoch && ended.number == id.number && !ended.agent_id.empty();
  return known ? &ended : nullptr;
}

Index Core::PendingOrAnswer(const OfferId& id, std::string_view agent_id, ActToken act,
                            std::optional<OfferOutcome> wish) {
  const auto refuse = [&](absl::StatusCode code, std::string_view reason) {
    Refuse(act, code, reason, absl::StrCat("offer ", DebugString(id)));
    return kNone;
  };
  const auto is_other = [agent_id](const std::string& owner) {
    return !agent_id.empty() && owner != agent_id;
  };
  const auto pending = offer_numbers_.find(id.number);
  if (id.epoch == options_.epoch && pending != offer_numbers_.end()) {
    if (is_other(agents_[offers_[pending->second].agent].spec.agent_id)) {
      return refuse(absl::StatusCode::kPermissionDenied, reason::kOfferNotYours);
    }
    return pending->second;
  }
  if (const EndedOffer* ended = Remembered(id)) {
    AnswerEnded(id, *ended, agent_id, act, wish);
    return kNone;
  }
  if (const auto it = assignment_ids_.find(id); it != assignment_ids_.end()) {  // restored
    const EndedOffer accepted{.number = id.number,
                              .agent_id = agents_[assignments_[it->second].agent].spec.agent_id,
                              .outcome = OfferOutcome::kAccepted};
    AnswerEnded(id, accepted, agent_id, act, wish);
    return kNone;
  }
  if (id.epoch < options_.epoch) {  // what a former matcher offered ended with it
    return refuse(absl::StatusCode::kFailedPrecondition, reason::kOfferRevoked);
  }
  return refuse(absl::StatusCode::kNotFound, reason::kOfferNotFound);
}

void Core::AnswerEnded(const OfferId& id, const EndedOffer& ended, std::string_view agent_id,
                       ActToken act, std::optional<OfferOutcome> wish) {
  std::string subject = absl::StrCat("offer ", DebugString(id));
  if (!agent_id.empty() && ended.agent_id != agent_id) {
    return Refuse(act, absl::StatusCode::kPermissionDenied, reason::kOfferNotYours,
                  std::move(subject));
  }
  if (wish == ended.outcome) return Emit(Unchanged{.offer = id, .act = act});
  std::string_view why = reason::kOfferRevoked;
  if (ended.outcome == OfferOutcome::kAccepted) why = reason::kOfferAccepted;
  if (ended.outcome == OfferOutcome::kDeclined) why = reason::kOfferDeclined;
  if (ended.outcome == OfferOutcome::kExpired) why = reason::kOfferExpired;
  Refuse(act, absl::StatusCode::kFailedPrecondition, why, std::move(subject));
}

}  // namespace muster::engine
