#include "tests/simulation/engine/naive_matcher.h"

#include <algorithm>
#include <variant>

namespace muster::engine {

void NaiveMatcher::Expect(bool ok, const std::string& what) {
  if (!ok && complaint_.empty()) complaint_ = what;
}

void NaiveMatcher::Learn(const Event& event, const Effects& effects, absl::Time now) {
  now_ = now;
  std::visit([this](const auto& e) { On(e); }, event);
  bool matching = false;
  for (const Effect& effect : effects) {
    const bool is_offer = std::holds_alternative<MakeOffer>(effect);
    Expect(is_offer || !matching || std::holds_alternative<DecisionMade>(effect),
           "offers come last");
    if (is_offer && !matching) Settle();
    matching = matching || is_offer;
    std::visit([this](const auto& e) { See(e); }, effect);
  }
  if (!matching) Settle();
  TakeClaims();
  const auto left = NextPair();
  Expect(!left.has_value(), left ? left->ticket + " could be offered to " + left->agent : "");
  CheckOffers();
  CheckEvent();
  Learn();
  ForgetUnusedAgents();
}

void NaiveMatcher::CheckEvent() {
  Expect(must_hold_.empty(), must_hold_ + " should have been set aside");
  Expect(must_pause_.empty(), must_pause_ + " should have been paused");
}

void NaiveMatcher::Settle() {
  DropReservations();
  for (auto& [id, ticket] : tickets_) {
    const Queue& queue = QueueOf(ticket);
    if (!queue.exists) continue;
    if (ticket.state == TicketState::kWaiting) ticket.step = StepOf(ticket);
    const int steps = static_cast<int>(queue.rules.relax_steps.size());
    if (ticket.state == TicketState::kOffered) ticket.step = std::min(ticket.step, steps);
  }
  for (auto& [id, ticket] : tickets_) {
    if (!ticket.claim.empty() && !ClaimHolds(ticket)) Release(id);
  }
  for (auto& [id, agent] : agents_) {
    if (agent.stirred && agent.claim.empty()) agent.worth = WorthOf(agent);
    agent.stirred = false;
  }
}

// A claim shows in nothing but the offers that are not made.
void NaiveMatcher::TakeClaims() {
  for (auto next = NextPair(); next && next->claim; next = NextPair()) {
    tickets_[next->ticket].claim = next->agent;
    agents_[next->agent].claim = next->ticket;
  }
}

void NaiveMatcher::Release(const std::string& ticket_id) {
  Ticket& ticket = tickets_[ticket_id];
  const auto it = agents_.find(ticket.claim);
  if (it != agents_.end()) {
    it->second.claim.clear();
    it->second.worth = WorthOf(it->second);
  }
  ticket.claim.clear();
}

void NaiveMatcher::Forget(const std::string& ticket_id) {
  if (!tickets_[ticket_id].claim.empty()) Release(ticket_id);
  tickets_.erase(ticket_id);
}

void NaiveMatcher::On(const QueueChanged& e) {
  Queue& queue = queues_[e.queue_id];
  if (queue.exists && queue.rules == e.rules) return;
  queue = {true, e.rules};
  ForgetLessons(e.queue_id);
}

void NaiveMatcher::On(const QueueRemoved& e) {
  queues_[e.queue_id].exists = false;
  ForgetLessons(e.queue_id);
}

void NaiveMatcher::ForgetLessons(const std::string& queue_id) {
  std::erase_if(learnt_, [&](const auto& l) { return std::get<0>(l.first) == queue_id; });
}

void NaiveMatcher::On(const TicketQueued& e) {
  const auto [it, added] = tickets_.try_emplace(e.ticket.ticket_id);
  if (added) it->second.waits_since = now_;
  it->second.Take(e.ticket);
}

void NaiveMatcher::On(const TicketDetailed& e) {
  if (tickets_.count(e.ticket.ticket_id) > 0) tickets_[e.ticket.ticket_id].Take(e.ticket);
}

void NaiveMatcher::On(const TicketGone& e) {
  const auto it = tickets_.find(e.ticket_id);
  if (it != tickets_.end() && it->second.state != TicketState::kServed) Forget(e.ticket_id);
}

void NaiveMatcher::On(const AgentChanged& e) {
  Agent& agent = agents_[e.agent.agent_id];
  if (agent.registered && agent.spec == e.agent) return;
  const bool was_online = agent.registered && agent.spec.presence == Presence::kOnline;
  if (e.agent.presence == Presence::kOnline &&
      (!was_online || agent.spec.presence_time != e.agent.presence_time)) {
    const bool told = e.agent.presence_time > absl::InfinitePast();
    const absl::Time since = told ? std::min(now_, e.agent.presence_time) : now_;
    agent.idle_since = std::max(agent.idle_since, since);
    agent.value = std::max(agent.value, since);
    agent.ignored = 0;
  }
  agent.registered = true;
  agent.spec = e.agent;
  agent.stirred = true;
}

void NaiveMatcher::On(const AgentRemoved& e) {
  const auto it = agents_.find(e.agent_id);
  if (it == agents_.end()) return;
  it->second.registered = false;
  it->second.spec.presence = Presence::kOffline;
}

void NaiveMatcher::On(const PoolChanged& e) {
  pool_ = e.rules;
  for (auto& [line, learnt] : learnt_) learnt = std::min(learnt, WorthBound());
  for (auto& [id, agent] : agents_) agent.stirred = true;
}

void NaiveMatcher::On(const MatchingOpened&) {
  if (open_) return;
  open_ = true;
  for (auto& [id, agent] : agents_) agent.stirred = true;
}

void NaiveMatcher::On(const AssignmentRestored& e) {
  if (assignments_.count(e.assignment) > 0) return;
  const auto known = tickets_.find(e.ticket_id);
  if (known != tickets_.end() && (known->second.state == TicketState::kAssigned ||
                                  known->second.state == TicketState::kServed)) {
    return;
  }
  if (known == tickets_.end()) {
    tickets_[e.ticket_id].spec = {
        .ticket_id = e.ticket_id, .queue_id = e.queue_id, .create_time = e.create_time};
  }
  Ticket& ticket = tickets_[e.ticket_id];
  ticket.state =
      e.state == AssignmentState::kActive ? TicketState::kAssigned : TicketState::kServed;
  ticket.only_agent.clear();
  Agent& agent = agents_[e.agent_id];
  agent.spec.agent_id = e.agent_id;
  agent.load += e.weight;
  agent.stirred = true;
  assignments_[e.assignment] = {e.ticket_id, e.agent_id};
  weights_[e.assignment] = e.weight;
  works_[e.assignment] = {0, e.assign_time};
}

void NaiveMatcher::On(const AssignmentFailed& e) {
  const auto it = assignments_.find(e.assignment);
  if (it == assignments_.end()) return;
  const auto [ticket_id, agent_id] = it->second;
  if (e.forget_ticket) {
    Forget(ticket_id);
  } else {
    tickets_[ticket_id].state = TicketState::kWaiting;
    tickets_[ticket_id].waits_since = now_;
    Price(ticket_id, agent_id, queues_[tickets_[ticket_id].spec.queue_id].rules.expiry_price);
  }
  assignments_.erase(it);
  works_.erase(e.assignment);
  Unload(e.assignment, agent_id);
}

void NaiveMatcher::See(const MakeOffer& e) {
  TakeClaims();
  const auto next = NextPair();
  const std::string ticket_id(e.ticket_id);
  const std::string agent_id(e.agent_id);
  Expect(next.has_value(), ticket_id + " was offered, and nothing should have been");
  if (next) {
    Expect(
        next->ticket == ticket_id && next->agent == agent_id,
        ticket_id + " was offered to " + agent_id + ", not " + next->ticket + " to " + next->agent);
  }
  Ticket& ticket = tickets_[ticket_id];
  Agent& agent = agents_[agent_id];
  if (ticket.offers.empty() && ticket.only_agent.empty()) {
    lessons_.emplace_back(LineOf(ticket), absl::ToInt64Nanoseconds(now_ - ticket.waits_since));
  }
  if (!ticket.claim.empty()) Release(ticket_id);
  ticket.state = TicketState::kOffered;
  ticket.offers[e.offer] = agent_id;
  Expect(last_offer_ < e.offer, "offers are numbered upwards");
  last_offer_ = e.offer;
  offers_[e.offer] = {ticket_id, agent_id};
  weights_[e.offer] = e.weight;
  agent.load += e.weight;
  ++agent.offers;
  agent.worth = WorthOf(agent);
}

// An agent's wait for work teaches nothing, a ticket's does: what its line lacks.
void NaiveMatcher::Learn() {
  if (WorthBound() > 0) {
    for (const auto& [line, wait] : lessons_) {
      std::int64_t& learnt = learnt_[line];
      learnt += (std::min(wait, WorthBound()) - learnt) / 16;
    }
  }
  lessons_.clear();
}

void NaiveMatcher::See(const EndOffer& e) {
  const std::string ticket_id(e.ticket_id);
  const std::string agent_id(e.agent_id);
  Expect(offers_.erase(e.offer) == 1, "an offer ended that was not pending");
  const bool accepted = e.outcome == OfferOutcome::kAccepted;
  const bool refused = e.outcome == OfferOutcome::kDeclined || e.outcome == OfferOutcome::kExpired;
  Agent& agent = agents_[agent_id];
  if (accepted && pool_.most_offers_per_agent > 0 && agent.offers >= pool_.most_offers_per_agent) {
    agent.stirred = true;
  }
  if (accepted) {
    agent.load -= weights_[e.offer];
    weights_.erase(e.offer);
  } else {
    Unload(e.offer, agent_id);
  }
  --agent.offers;
  if (refused) IdleFromNow(&agent, 0);
  if (e.outcome == OfferOutcome::kDeclined || accepted) agent.ignored = 0;
  if (e.outcome == OfferOutcome::kExpired) {
    ++agent.ignored;
    const std::uint32_t most = pool_.ignored_offers_to_pause;
    if (most > 0 && agent.ignored >= most && agent.spec.presence == Presence::kOnline) {
      must_pause_ = agent_id;
    }
  }
  const auto it = tickets_.find(ticket_id);
  if (it == tickets_.end()) return;
  Ticket& ticket = it->second;
  ticket.offers.erase(e.offer);
  if (ticket.state != TicketState::kOffered || accepted) return;
  if (ticket.offers.empty()) {
    ticket.state = TicketState::kWaiting;
    ticket.waits_since = now_;
  }
  const QueueRules& rules = queues_[std::string(e.queue_id)].rules;
  const bool taken = e.reason == reason::kRequeued || e.reason == reason::kTransferred;
  if (e.outcome == OfferOutcome::kExpired) Price(ticket_id, agent_id, rules.expiry_price);
  if (e.outcome == OfferOutcome::kDeclined || taken) {
    Price(ticket_id, agent_id, rules.decline_price);
  }
  if (!refused) return;
  ticket.only_agent.clear();
  Refused(&ticket);
}

void NaiveMatcher::Refused(Ticket* ticket) {
  ++ticket->refusals;
  const Queue& queue = QueueOf(*ticket);
  if (queue.exists && queue.rules.most_refusals > 0 &&
      ticket->refusals >= queue.rules.most_refusals) {
    must_hold_ = ticket->spec.ticket_id;
  }
}

void NaiveMatcher::See(const HoldTicket& e) {
  Expect(must_hold_ == e.ticket_id, std::string(e.ticket_id) + " was set aside too early");
  must_hold_.clear();
  Forget(std::string(e.ticket_id));
}

void NaiveMatcher::See(const PauseAgent& e) {
  Expect(must_pause_ == e.agent_id, std::string(e.agent_id) + " was paused without a reason");
  must_pause_.clear();
  Agent& agent = agents_[std::string(e.agent_id)];
  agent.spec.presence = Presence::kPaused;
  agent.ignored = 0;
}

void NaiveMatcher::See(const Assign& e) {
  const std::string ticket_id(e.ticket_id);
  Ticket& ticket = tickets_[ticket_id];
  Expect(ticket.state == TicketState::kOffered, ticket_id + " was assigned without an offer");
  ticket.state = TicketState::kAssigned;
  ticket.only_agent.clear();
  Agent& agent = agents_[std::string(e.agent_id)];
  assignments_[e.assignment] = {ticket_id, std::string(e.agent_id)};
  weights_[e.assignment] = e.weight;
  works_[e.assignment] = {
      absl::ToInt64Nanoseconds(
          std::min(std::max(now_ - agent.value, absl::ZeroDuration()), pool_.fair_window)),
      now_};
  agent.load += e.weight;
  Expect(agent.load <= agent.spec.capacity, std::string(e.agent_id) + " is full");
}

void NaiveMatcher::See(const StartWrapUp& e) {
  tickets_[std::string(e.ticket_id)].state = TicketState::kServed;
}

void NaiveMatcher::See(const EndAssignment& e) {
  const std::string ticket_id(e.ticket_id);
  const std::string agent_id(e.agent_id);
  Expect(assignments_.erase(e.assignment) == 1, "an assignment ended that was not live");
  Unload(e.assignment, agent_id);
  const Work work = works_[e.assignment];
  works_.erase(e.assignment);
  const std::int64_t lasted =
      absl::ToInt64Nanoseconds(std::max(now_ - work.assigned, absl::ZeroDuration()));
  const std::int64_t window = absl::ToInt64Nanoseconds(pool_.fair_window);
  const std::int64_t carry = work.credit == 0
                                 ? 0
                                 : static_cast<std::int64_t>(static_cast<__int128>(work.credit) *
                                                             window / (window + lasted));
  IdleFromNow(&agents_[agent_id], carry);
  const bool lost = e.reason == reason::kAgentLost && e.from == engine::AssignmentState::kActive;
  if (e.reason == reason::kRequeued || e.reason == reason::kTransferred || lost) {
    Ticket& ticket = tickets_[ticket_id];
    ticket.state = TicketState::kWaiting;
    ticket.waits_since = now_;
    Price(ticket_id, agent_id, queues_[std::string(e.queue_id)].rules.decline_price);
    if (lost) Refused(&ticket);
  } else {
    Forget(ticket_id);
  }
}

void NaiveMatcher::See(const RequeueTicket& e) {
  Ticket& ticket = tickets_[std::string(e.ticket_id)];
  ticket.spec.queue_id = std::string(e.queue_id);
  ticket.only_agent = std::string(e.agent_id);
  ticket.prices.erase(ticket.only_agent);
  if (e.reason == reason::kAgentLost) ticket.spec.interrupted = true;
}

void NaiveMatcher::See(const ExpireTicket& e) {
  const std::string ticket_id(e.ticket_id);
  Expect(tickets_[ticket_id].state == TicketState::kWaiting, ticket_id + " expired in service");
  Expect(e.expire_time <= now_, ticket_id + " expired too early");
  Forget(ticket_id);
}

void NaiveMatcher::Price(const std::string& ticket_id, const std::string& agent_id,
                         absl::Duration price) {
  if (price > absl::ZeroDuration()) tickets_[ticket_id].prices[agent_id] = now_ + price;
}

void NaiveMatcher::Unload(const OfferId& id, const std::string& agent_id) {
  agents_[agent_id].load -= weights_[id];
  agents_[agent_id].stirred = true;
  weights_.erase(id);
}

void NaiveMatcher::IdleFromNow(Agent* agent, std::int64_t carry) {
  agent->idle_since = now_;
  agent->value = now_ - absl::Nanoseconds(carry);
}

}  // namespace muster::engine
