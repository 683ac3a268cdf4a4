// What must hold between two events, whatever has happened.
#include <string>

#include "tests/simulation/engine/naive_matcher.h"

namespace muster::engine {

void NaiveMatcher::DropReservations() {
  for (auto& [id, ticket] : tickets_) {
    if (ticket.only_agent.empty() || ticket.state != TicketState::kWaiting) continue;
    const auto it = agents_.find(ticket.only_agent);
    const Queue& queue = queues_[ticket.spec.queue_id];
    const bool holds = queue.exists && it != agents_.end() && it->second.registered &&
                       it->second.spec.capacity >= queue.rules.weight &&
                       (it->second.spec.presence == Presence::kOnline ||
                        it->second.spec.presence == Presence::kPaused);
    if (!holds) ticket.only_agent.clear();
  }
}

void NaiveMatcher::CheckOffers() {
  Expect(open_ || offers_.empty(), "an offer is pending while matching is closed");
  for (const auto& [id, pair] : offers_) {
    const Agent& agent = agents_[pair.second];
    const Ticket& ticket = tickets_[pair.first];
    Expect(ticket.offers.count(id) == 1, pair.first + " does not know its offer");
    Expect(Suits(ticket, agent), pair.second + " does not fit its offer");
    Expect(agent.spec.presence == Presence::kOnline || agent.spec.presence == Presence::kDraining,
           pair.second + " has an offer and is not at work");
    Expect(agent.load <= agent.spec.capacity, pair.second + " is offered too much");
  }
}

void NaiveMatcher::ForgetUnusedAgents() {
  for (auto it = agents_.begin(); it != agents_.end();) {
    if (it->second.registered || it->second.load > 0) {
      ++it;
      continue;
    }
    for (auto& [id, ticket] : tickets_) ticket.prices.erase(it->first);
    it = agents_.erase(it);
  }
}

std::map<std::string, TicketState> NaiveMatcher::tickets() const {
  std::map<std::string, TicketState> states;
  for (const auto& [id, ticket] : tickets_) states[id] = ticket.state;
  return states;
}

}  // namespace muster::engine
