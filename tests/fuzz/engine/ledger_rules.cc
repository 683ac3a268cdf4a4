#include <algorithm>

#include "tests/fuzz/engine/ledger.h"

namespace muster::fuzz {

using namespace engine;  // NOLINT: the vocabulary of this file

namespace {

using Demands = std::map<std::string, int>;

void Raise(const std::vector<SkillLevel>& skills, Demands* demands) {
  for (const SkillLevel& s : skills) {
    int& level = (*demands)[s.skill];
    level = std::max(level, s.level);
  }
}

int LevelOf(const AgentSpec& agent, const std::string& skill) {
  int level = 0;
  for (const SkillLevel& s : agent.skills) {
    if (s.skill == skill) level = std::max(level, s.level);
  }
  return level;
}

bool SameDemands(const TicketSpec& a, const TicketSpec& b) {
  return a.queue_id == b.queue_id && a.language == b.language && a.extra_skills == b.extra_skills &&
         a.preferred_agent_id.empty() && b.preferred_agent_id.empty();
}

}  // namespace

const Ledger::Queue& Ledger::QueueOf(const Ticket& ticket) const {
  static const Queue kUnknown;
  const auto it = queues_.find(ticket.spec.queue_id);
  return it == queues_.end() ? kUnknown : it->second;
}

absl::Time Ledger::RankOf(const Ticket& ticket) const {
  return ticket.spec.create_time - ticket.spec.priority_ahead -
         QueueOf(ticket).rules.priority_ahead -
         (ticket.spec.interrupted ? absl::Hours(7 * 24) : absl::ZeroDuration());
}

bool Ledger::AtWork(const Agent& agent) const {
  return agent.registered && !agent.paused && agent.spec.presence == Presence::kOnline &&
         agent.spec.connected;
}

std::uint32_t Ledger::LoadOf(const std::string& agent) const {
  std::uint32_t load = 0;
  for (const auto& [id, offer] : offers_) load += offer.agent == agent ? offer.weight : 0;
  for (const auto& [id, work] : assignments_) load += work.agent == agent ? work.weight : 0;
  return load;
}

// `surely`: on the narrowest reading of the rules. Otherwise on the widest.
bool Ledger::Fits(const Ticket& ticket, const Agent& agent, bool surely) const {
  const QueueRules& rules = QueueOf(ticket).rules;
  Demands demands;
  Raise(rules.required_skills, &demands);
  Raise(ticket.spec.extra_skills, &demands);
  bool any_language = ticket.spec.language.empty();
  for (const RelaxStep& step : rules.relax_steps) {
    if (step.after > now_ - ticket.spec.create_time) continue;
    any_language = any_language || step.any_language;
    if (surely && !ticket.spec.extra_skills.empty()) continue;
    for (const SkillLevel& s : step.skills) {
      if (const auto it = demands.find(s.skill); it != demands.end()) {
        it->second = std::min(it->second, s.level);
      }
    }
  }
  const auto& languages = agent.spec.languages;
  return (any_language ||
          std::count(languages.begin(), languages.end(), ticket.spec.language) > 0) &&
         std::all_of(demands.begin(), demands.end(), [&](const auto& demand) {
           return LevelOf(agent.spec, demand.first) >= demand.second;
         });
}

void Ledger::CheckOffer(const MakeOffer& e, const Ticket& ticket) {
  const std::string id(e.ticket_id);
  const std::string agent_id(e.agent_id);
  const std::string pair = id + " for " + agent_id;
  const Agent& agent = agents_[agent_id];
  const Queue& queue = QueueOf(ticket);
  Expect(open_, id, "was offered while matching is closed");
  Expect(last_offer_ < e.offer, id, "was offered under a number that was used");
  Expect(!ticket.spec.ticket_id.empty(), id, "was offered and is not known");
  Expect(ticket.state == TicketState::kWaiting || ticket.state == TicketState::kOffered, id,
         "was offered while it is served");
  Expect(ticket.offers.size() < queue.rules.offers_at_once, id, "is offered to too many");
  for (const OfferId& other : ticket.offers) {
    Expect(offers_[other].agent != agent_id, pair, "is offered twice");
  }
  Expect(queue.exists && e.weight == queue.rules.weight, id, "was offered by other rules");
  Expect(queue.rules.phase != Phase::kPaused && pool_.phase != Phase::kPaused, id,
         "was offered while its queue or pool is paused");
  Expect(AtWork(agent), pair, "is not at work");
  Expect(ticket.reserved_for == agent_id || Fits(ticket, agent, /*surely=*/false), pair,
         "does not fit");
  Expect(LoadOf(agent_id) + e.weight <= agent.spec.capacity, pair, "is beyond its capacity");
  const auto turned_down = ticket.turned_down.find(agent_id);
  Expect(turned_down == ticket.turned_down.end() || turned_down->second <= now_, pair,
         "was offered again, though it turned it down");
  Expect(e.make_time == now_ && e.waited == now_ - ticket.spec.create_time, id,
         "was offered at another time");
  const QueueRules& rules = queue.rules;
  const absl::Duration first = rules.acknowledge_timeout > absl::ZeroDuration()
                                   ? rules.acknowledge_timeout
                                   : rules.offer_timeout;
  Expect(e.deadline == now_ + first && e.offer_timeout == rules.offer_timeout, id,
         "was offered for another time than its queue says");
}

// Whoever has the same demands, is ahead, and might have gone to this agent, must not be left.
void Ledger::CheckOrder(const std::string& id, const std::string& agent_id) {
  const auto offered = tickets_.find(id);
  if (offered == tickets_.end() || !offered->second.reserved_for.empty()) return;
  const Ticket& ticket = offered->second;
  const Agent& agent = agents_[agent_id];
  // A heavy ticket that has claimed the agent goes before those that could not claim it then.
  const QueueRules& rules = QueueOf(ticket).rules;
  if (rules.weight > 1 && now_ - ticket.spec.create_time >= rules.capacity_claim_after) return;
  for (const auto& [other_id, other] : tickets_) {
    if (other.state != TicketState::kWaiting || !other.reserved_for.empty()) continue;
    if (!SameDemands(ticket.spec, other.spec) || RankOf(other) >= RankOf(ticket)) continue;
    if (const auto it = other.excused.find(agent_id);
        it != other.excused.end() && it->second > now_) {
      continue;
    }
    if (!Fits(other, agent, /*surely=*/true)) continue;
    Expect(false, other_id, "was passed over for " + id);
  }
}

void Ledger::CheckAfter(absl::Time wakeup) {
  Expect(accepted_.empty(), "an accepted offer", "led to no assignment");
  for (const auto& [id, offer] : offers_) {
    Expect(open_, offer.ticket, "is on offer while matching is closed");
    Expect(offer.deadline > now_, offer.ticket, "is on offer beyond its deadline");
    Expect(offer.deadline >= wakeup, "the engine", "wakes too late for an offer");
  }
  for (const auto& [id, work] : assignments_) {
    Expect(!work.wrap_up || work.deadline > now_, work.ticket, "is in wrap-up for too long");
    Expect(work.deadline >= wakeup, "the engine", "wakes too late for the end of a wrap-up");
  }
  CheckLoad();
  if (open_) CheckNobodyWaits();
}

void Ledger::CheckLoad() {
  for (const auto& [id, offer] : offers_) {
    const Agent& agent = agents_[offer.agent];
    Expect(LoadOf(offer.agent) <= agent.spec.capacity, offer.agent, "is beyond its capacity");
    Expect(agent.registered && (agent.spec.presence == Presence::kOnline ||
                                agent.spec.presence == Presence::kDraining),
           offer.agent, "has an offer and is not at work");
  }
}

// A ticket that has waited long and is too heavy for what is free may keep the agent for itself.
bool Ledger::MayBeClaimed(const Agent& agent, std::uint32_t free) const {
  return std::any_of(tickets_.begin(), tickets_.end(), [&](const auto& entry) {
    const Ticket& ticket = entry.second;
    const QueueRules& rules = QueueOf(ticket).rules;
    return ticket.state == TicketState::kWaiting && rules.weight > free &&
           now_ - ticket.spec.create_time >= rules.capacity_claim_after;
  });
}

void Ledger::CheckNobodyWaits() {
  if (pool_.phase == Phase::kPaused) return;
  for (const auto& [id, ticket] : tickets_) {
    const Queue& queue = QueueOf(ticket);
    if (ticket.state != TicketState::kWaiting || !queue.exists) continue;
    Expect(ticket.put_back || ticket.spec.create_time + queue.rules.time_to_live > now_, id,
           "should have expired");
    if (queue.rules.phase == Phase::kPaused || !ticket.reserved_for.empty()) continue;
    for (const auto& [agent_id, agent] : agents_) {
      const std::uint32_t load = LoadOf(agent_id);
      if (!AtWork(agent) || load + queue.rules.weight > agent.spec.capacity) continue;
      if (pool_.most_offers_per_agent > 0 && load > 0) continue;
      if (const auto it = ticket.excused.find(agent_id);
          it != ticket.excused.end() && it->second > now_) {
        continue;
      }
      if (load > 0 && MayBeClaimed(agent, agent.spec.capacity - load)) continue;
      Expect(!Fits(ticket, agent, /*surely=*/true), id,
             "waits though " + agent_id + " could take it");
    }
  }
}

}  // namespace muster::fuzz
