#include "tests/simulation/engine/naive_matcher.h"

#include <algorithm>
#include <tuple>
#include <variant>

namespace muster::engine {
namespace {

int LevelOf(const std::vector<SkillLevel>& skills, const std::string& skill) {
  int level = 0;
  for (const SkillLevel& s : skills) {
    if (s.skill == skill) level = std::max(level, s.level);
  }
  return level;
}

bool Covers(const std::vector<SkillLevel>& has, const std::vector<SkillLevel>& needs) {
  return std::all_of(needs.begin(), needs.end(), [&](const SkillLevel& need) {
    return LevelOf(has, need.skill) >= need.level;
  });
}

}  // namespace

void NaiveMatcher::Expect(bool ok, const std::string& what) {
  if (!ok && complaint_.empty()) complaint_ = what;
}

void NaiveMatcher::Learn(const Event& event, const Effects& effects, absl::Time now) {
  now_ = now;
  std::visit([this](const auto& e) { On(e); }, event);
  bool matching = false;
  for (const Effect& effect : effects) {
    const bool is_offer = std::holds_alternative<MakeOffer>(effect);
    Expect(is_offer || !matching, "offers come last");
    if (is_offer && !matching) DropReservations();
    matching = matching || is_offer;
    std::visit([this](const auto& e) { See(e); }, effect);
  }
  DropReservations();
  const auto left = NextPair();
  Expect(!left.has_value(), left ? left->first + " could be offered to " + left->second : "");
  CheckOffers();
  ForgetUnusedAgents();
}

void NaiveMatcher::On(const QueueChanged& e) { queues_[e.queue_id] = {true, e.rules}; }
void NaiveMatcher::On(const QueueRemoved& e) { queues_[e.queue_id].exists = false; }

void NaiveMatcher::On(const TicketQueued& e) { tickets_[e.ticket.ticket_id].spec = e.ticket; }

void NaiveMatcher::On(const TicketDetailed& e) {
  if (tickets_.count(e.ticket.ticket_id) > 0) tickets_[e.ticket.ticket_id].spec = e.ticket;
}

void NaiveMatcher::On(const TicketGone& e) {
  const auto it = tickets_.find(e.ticket_id);
  if (it != tickets_.end() && it->second.state != TicketState::kServed) tickets_.erase(it);
}

void NaiveMatcher::On(const AgentChanged& e) {
  Agent& agent = agents_[e.agent.agent_id];
  const bool was_online = agent.registered && agent.spec.presence == Presence::kOnline;
  if (e.agent.presence == Presence::kOnline &&
      (!was_online || agent.spec.presence_time != e.agent.presence_time)) {
    const bool told = e.agent.presence_time > absl::InfinitePast();
    agent.idle_since =
        std::max(agent.idle_since, told ? std::min(now_, e.agent.presence_time) : now_);
  }
  agent.registered = true;
  agent.spec = e.agent;
}

void NaiveMatcher::On(const AgentRemoved& e) {
  const auto it = agents_.find(e.agent_id);
  if (it == agents_.end()) return;
  it->second.registered = false;
  it->second.spec.presence = Presence::kOffline;
}

void NaiveMatcher::On(const AssignmentRestored& e) {
  const auto known = tickets_.find(e.ticket_id);
  if (known != tickets_.end() && (known->second.state == TicketState::kAssigned ||
                                  known->second.state == TicketState::kServed)) {
    return;
  }
  if (known == tickets_.end()) {
    tickets_[e.ticket_id].spec = {
        .ticket_id = e.ticket_id, .queue_id = e.queue_id, .create_time = e.create_time};
  }
  tickets_[e.ticket_id].state =
      e.state == AssignmentState::kActive ? TicketState::kAssigned : TicketState::kServed;
  tickets_[e.ticket_id].only_agent.clear();
  agents_[e.agent_id].spec.agent_id = e.agent_id;
  agents_[e.agent_id].load += e.weight;
  assignments_[e.assignment] = {e.ticket_id, e.agent_id};
  weights_[e.assignment] = e.weight;
}

void NaiveMatcher::On(const AssignmentFailed& e) {
  const auto it = assignments_.find(e.assignment);
  if (it == assignments_.end()) return;
  const auto [ticket_id, agent_id] = it->second;
  if (e.forget_ticket) {
    tickets_.erase(ticket_id);
  } else {
    tickets_[ticket_id].state = TicketState::kWaiting;
    Price(ticket_id, agent_id, queues_[tickets_[ticket_id].spec.queue_id].rules.expiry_price);
  }
  assignments_.erase(it);
  Unload(e.assignment, agent_id, false);
}

void NaiveMatcher::See(const MakeOffer& e) {
  const auto next = NextPair();
  Expect(next.has_value(), std::string(e.ticket_id) + " was offered, and nothing should have been");
  if (next) {
    Expect(next->first == std::string(e.ticket_id) && next->second == std::string(e.agent_id),
           std::string(e.ticket_id) + " was offered to " + std::string(e.agent_id) + ", not " +
               next->first + " to " + next->second);
  }
  Expect(tickets_[std::string(e.ticket_id)].state == TicketState::kWaiting,
         std::string(e.ticket_id) + " did not wait");
  tickets_[std::string(e.ticket_id)].state = TicketState::kOffered;
  Expect(last_offer_ < e.offer, "offers are numbered upwards");
  last_offer_ = e.offer;
  offers_[e.offer] = {std::string(e.ticket_id), std::string(e.agent_id)};
  weights_[e.offer] = e.weight;
  agents_[std::string(e.agent_id)].load += e.weight;
}

void NaiveMatcher::See(const EndOffer& e) {
  Expect(offers_.erase(e.offer) == 1, "an offer ended that was not pending");
  const bool refused = e.outcome == OfferOutcome::kDeclined || e.outcome == OfferOutcome::kExpired;
  Unload(e.offer, std::string(e.agent_id), refused);
  const auto it = tickets_.find(std::string(e.ticket_id));
  if (it == tickets_.end() || it->second.state != TicketState::kOffered) return;
  it->second.state = TicketState::kWaiting;
  const QueueRules& rules = queues_[std::string(e.queue_id)].rules;
  const bool taken = e.reason == reason::kRequeued || e.reason == reason::kTransferred;
  if (e.outcome == OfferOutcome::kExpired)
    Price(std::string(e.ticket_id), std::string(e.agent_id), rules.expiry_price);
  if (e.outcome == OfferOutcome::kDeclined || taken) {
    Price(std::string(e.ticket_id), std::string(e.agent_id), rules.decline_price);
  }
  if (refused) it->second.only_agent.clear();
}

void NaiveMatcher::See(const Assign& e) {
  Expect(tickets_[std::string(e.ticket_id)].state == TicketState::kWaiting,
         std::string(e.ticket_id) + " assigned twice");
  tickets_[std::string(e.ticket_id)].state = TicketState::kAssigned;
  tickets_[std::string(e.ticket_id)].only_agent.clear();
  assignments_[e.assignment] = {std::string(e.ticket_id), std::string(e.agent_id)};
  weights_[e.assignment] = e.weight;
  agents_[std::string(e.agent_id)].load += e.weight;
  Expect(agents_[std::string(e.agent_id)].load <= agents_[std::string(e.agent_id)].spec.capacity,
         std::string(e.agent_id) + " is full");
}

void NaiveMatcher::See(const StartWrapUp& e) {
  tickets_[std::string(e.ticket_id)].state = TicketState::kServed;
}

void NaiveMatcher::See(const EndAssignment& e) {
  Expect(assignments_.erase(e.assignment) == 1, "an assignment ended that was not live");
  Unload(e.assignment, std::string(e.agent_id), true);
  if (e.reason == reason::kRequeued || e.reason == reason::kTransferred) {
    tickets_[std::string(e.ticket_id)].state = TicketState::kWaiting;
    Price(std::string(e.ticket_id), std::string(e.agent_id),
          queues_[std::string(e.queue_id)].rules.decline_price);
  } else {
    tickets_.erase(std::string(e.ticket_id));
  }
}

void NaiveMatcher::See(const RequeueTicket& e) {
  Ticket& ticket = tickets_[std::string(e.ticket_id)];
  ticket.spec.queue_id = std::string(e.queue_id);
  ticket.only_agent = std::string(e.agent_id);
  ticket.prices.erase(std::string(e.agent_id));
}

void NaiveMatcher::See(const ExpireTicket& e) {
  Expect(tickets_[std::string(e.ticket_id)].state == TicketState::kWaiting,
         std::string(e.ticket_id) + " expired in service");
  Expect(e.expire_time <= now_, std::string(e.ticket_id) + " expired too early");
  tickets_.erase(std::string(e.ticket_id));
}

void NaiveMatcher::Price(const std::string& ticket_id, const std::string& agent_id,
                         absl::Duration price) {
  if (price > absl::ZeroDuration()) tickets_[ticket_id].prices[agent_id] = now_ + price;
}

void NaiveMatcher::Unload(const OfferId& id, const std::string& agent_id, bool idle_from_now) {
  agents_[agent_id].load -= weights_[id];
  if (idle_from_now) agents_[agent_id].idle_since = now_;
  weights_.erase(id);
}

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
  std::map<std::string, int> of_ticket;
  for (const auto& [id, pair] : offers_) {
    const Agent& agent = agents_[pair.second];
    Expect(++of_ticket[pair.first] == 1, pair.first + " has two offers");
    Expect(Suits(tickets_[pair.first], agent), pair.second + " does not fit its offer");
    Expect(agent.spec.presence == Presence::kOnline || agent.spec.presence == Presence::kDraining,
           pair.second + " has an offer and is not at work");
    Expect(agent.load <= agent.spec.capacity, pair.second + " is offered too much");
  }
}

const NaiveMatcher::Queue& NaiveMatcher::QueueOf(const Ticket& ticket) const {
  static const Queue kUnknown;
  const auto it = queues_.find(ticket.spec.queue_id);
  return it == queues_.end() ? kUnknown : it->second;
}

absl::Time NaiveMatcher::Rank(const Ticket& ticket) const {
  return ticket.spec.create_time - ticket.spec.priority_ahead -
         QueueOf(ticket).rules.priority_ahead;
}

bool NaiveMatcher::Suits(const Ticket& ticket, const Agent& agent) const {
  if (!agent.registered) return false;
  if (!ticket.only_agent.empty()) return agent.spec.agent_id == ticket.only_agent;
  const std::vector<std::string>& languages = agent.spec.languages;
  return Covers(agent.spec.skills, QueueOf(ticket).rules.required_skills) &&
         Covers(agent.spec.skills, ticket.spec.extra_skills) &&
         (ticket.spec.language.empty() ||
          std::count(languages.begin(), languages.end(), ticket.spec.language) > 0);
}

bool NaiveMatcher::CanTake(const Ticket& ticket, const Agent& agent) const {
  const Queue& queue = QueueOf(ticket);
  if (ticket.state != TicketState::kWaiting || !queue.exists || !Suits(ticket, agent)) return false;
  if (agent.spec.presence != Presence::kOnline || !agent.spec.connected) return false;
  if (agent.load + queue.rules.weight > agent.spec.capacity) return false;
  const auto price = ticket.prices.find(agent.spec.agent_id);
  return price == ticket.prices.end() || price->second <= now_;
}

std::optional<std::string> NaiveMatcher::NextAgent(const Ticket& ticket) const {
  std::optional<std::string> best;
  const auto order = [this](const std::string& id) {
    const Agent& agent = agents_.at(id);
    return std::make_tuple(agent.load > 0, agent.idle_since, id);
  };
  for (const auto& [id, agent] : agents_) {
    if (!CanTake(ticket, agent)) continue;
    if (id == ticket.spec.preferred_agent_id) return id;
    if (!best || order(id) < order(*best)) best = id;
  }
  return best;
}

std::optional<std::pair<std::string, std::string>> NaiveMatcher::NextPair() const {
  std::optional<std::pair<std::string, std::string>> best;
  if (!open_) return best;
  const auto order = [this](const std::string& id) {
    const Ticket& ticket = tickets_.at(id);
    return std::make_tuple(Rank(ticket), ticket.spec.create_time, id);
  };
  for (const auto& [id, ticket] : tickets_) {
    const std::optional<std::string> agent = NextAgent(ticket);
    if (agent && (!best || order(id) < order(best->first))) best = {id, *agent};
  }
  return best;
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
