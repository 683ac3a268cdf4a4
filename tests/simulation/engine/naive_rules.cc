// The rules of who can take what, and of what it scores, as engine.h words them.
#include <algorithm>
#include <tuple>

#include "tests/simulation/engine/naive_matcher.h"

namespace muster::engine {
namespace {

std::int64_t Nano(absl::Duration d) { return absl::ToInt64Nanoseconds(d); }

std::int64_t Scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
  return static_cast<std::int64_t>(static_cast<__int128>(a) * b / c);
}

std::map<std::string, int> Merge(std::initializer_list<const std::vector<SkillLevel>*> lists) {
  std::map<std::string, int> levels;
  for (const auto* list : lists) {
    for (const SkillLevel& s : *list) levels[s.skill] = std::max(levels[s.skill], s.level);
  }
  return levels;
}

int LevelOf(const AgentSpec& agent, const std::string& skill) {
  int level = 0;
  for (const SkillLevel& s : agent.skills) {
    if (s.skill == skill) level = std::max(level, s.level);
  }
  return level;
}

bool SpeaksIt(const AgentSpec& agent, const std::string& language) {
  return std::count(agent.languages.begin(), agent.languages.end(), language) > 0;
}

}  // namespace

const NaiveMatcher::Queue& NaiveMatcher::QueueOf(const Ticket& ticket) const {
  static const Queue kUnknown;
  const auto it = queues_.find(ticket.spec.queue_id);
  return it == queues_.end() ? kUnknown : it->second;
}

absl::Time NaiveMatcher::Rank(const Ticket& ticket) const {
  return ticket.spec.create_time - ticket.spec.priority_ahead -
         QueueOf(ticket).rules.priority_ahead -
         (ticket.spec.interrupted ? absl::Hours(7 * 24) : absl::ZeroDuration());
}

int NaiveMatcher::StepOf(const Ticket& ticket) const {
  int step = 0;
  for (const RelaxStep& s : QueueOf(ticket).rules.relax_steps) {
    step += ticket.spec.create_time + s.after <= now_ ? 1 : 0;
  }
  return step;
}

bool NaiveMatcher::SuitsDemands(const Queue& queue, const Levels& extra,
                                const std::string& language, int step, const Agent& agent) const {
  Levels needs = Merge({&queue.rules.required_skills});
  for (const auto& [skill, level] : extra) needs[skill] = std::max(needs[skill], level);
  bool any_language = language.empty();
  Levels named;
  for (int s = 0; s < step; ++s) {
    const RelaxStep& relax = queue.rules.relax_steps[static_cast<std::size_t>(s)];
    any_language = any_language || relax.any_language;
    for (const auto& [skill, level] : Merge({&relax.skills})) named[skill] = level;
  }
  for (const auto& [skill, level] : needs) {
    const auto less = named.find(skill);
    const int needed = less == named.end() ? level : std::min(level, less->second);
    if (LevelOf(agent.spec, skill) < needed) return false;
  }
  return any_language || SpeaksIt(agent.spec, language);
}

bool NaiveMatcher::Suits(const Ticket& ticket, const Agent& agent) const {
  if (!agent.registered) return false;
  if (!ticket.only_agent.empty()) return agent.spec.agent_id == ticket.only_agent;
  return SuitsDemands(QueueOf(ticket), Merge({&ticket.spec.extra_skills}), ticket.spec.language,
                      ticket.step, agent);
}

bool NaiveMatcher::InPlay(const Ticket& ticket) const {
  const Queue& queue = QueueOf(ticket);
  if (!queue.exists || queue.rules.phase == Phase::kPaused) return false;
  return ticket.state == TicketState::kWaiting ||
         (ticket.state == TicketState::kOffered &&
          ticket.offers.size() < queue.rules.offers_at_once);
}

bool NaiveMatcher::HasRoom(const Agent& agent) const {
  return agent.registered && agent.spec.presence == Presence::kOnline && agent.spec.connected &&
         agent.load < agent.spec.capacity &&
         (pool_.most_offers_per_agent == 0 || agent.offers < pool_.most_offers_per_agent);
}

bool NaiveMatcher::Wants(const Ticket& ticket, const Agent& agent) const {
  for (const auto& [id, seen_by] : ticket.offers) {
    if (seen_by == agent.spec.agent_id) return false;
  }
  const auto price = ticket.prices.find(agent.spec.agent_id);
  return price == ticket.prices.end() || price->second <= now_;
}

bool NaiveMatcher::CanTake(const std::string& ticket_id, const Agent& agent) const {
  const Ticket& ticket = tickets_.at(ticket_id);
  return InPlay(ticket) && HasRoom(agent) && Suits(ticket, agent) && Wants(ticket, agent) &&
         (agent.claim.empty() || agent.claim == ticket_id) &&
         agent.load + QueueOf(ticket).rules.weight <= agent.spec.capacity;
}

bool NaiveMatcher::HasTaker(const std::string& ticket_id) const {
  return std::any_of(agents_.begin(), agents_.end(),
                     [&](const auto& a) { return CanTake(ticket_id, a.second); });
}

bool NaiveMatcher::CouldClaim(const std::string& ticket_id, const Agent& agent) const {
  const Ticket& ticket = tickets_.at(ticket_id);
  const QueueRules& rules = QueueOf(ticket).rules;
  return InPlay(ticket) && ticket.state == TicketState::kWaiting && ticket.claim.empty() &&
         rules.weight > 1 && ticket.spec.create_time + rules.capacity_claim_after <= now_ &&
         HasRoom(agent) && agent.claim.empty() && Suits(ticket, agent) && Wants(ticket, agent) &&
         rules.weight <= agent.spec.capacity && agent.load + rules.weight > agent.spec.capacity &&
         !HasTaker(ticket_id);
}

bool NaiveMatcher::ClaimHolds(const Ticket& ticket) const {
  const auto it = agents_.find(ticket.claim);
  if (it == agents_.end() || ticket.state != TicketState::kWaiting || !InPlay(ticket)) return false;
  const Agent& agent = it->second;
  return agent.registered && agent.spec.presence == Presence::kOnline && agent.spec.connected &&
         Suits(ticket, agent) && QueueOf(ticket).rules.weight <= agent.spec.capacity &&
         Wants(ticket, agent);
}

NaiveMatcher::LineId NaiveMatcher::LineOf(const Ticket& ticket) const {
  return {ticket.spec.queue_id, Merge({&ticket.spec.extra_skills}), ticket.spec.language,
          ticket.step};
}

std::int64_t NaiveMatcher::WorthBound() const {
  const std::int64_t bound = pool_.scarcity ? Nano(pool_.scarcity_bound) : 0;
  return bound / 30 == 0 ? 0 : bound;
}

std::int64_t NaiveMatcher::LineWorth(const Ticket& ticket) const {
  if (WorthBound() == 0 || !ticket.only_agent.empty()) return 0;
  const auto it = learnt_.find(LineOf(ticket));
  return it == learnt_.end() ? 0 : it->second / WorthStep();
}

std::int64_t NaiveMatcher::WorthOf(const Agent& agent) const {
  std::int64_t worth = 0;
  if (WorthBound() == 0) return worth;
  for (const auto& [line, learnt] : learnt_) {
    const auto& [queue_id, extra, language, step] = line;
    const Queue& queue = queues_.at(queue_id);
    if (queue.rules.weight > agent.spec.capacity ||
        !SuitsDemands(queue, extra, language, step, agent)) {
      continue;
    }
    worth = std::max(worth, learnt / WorthStep());
  }
  return worth;
}

std::int64_t NaiveMatcher::Misfit(const Ticket& ticket, const Agent& agent) const {
  if (!ticket.only_agent.empty()) return 0;
  const QueueRules& rules = QueueOf(ticket).rules;
  std::int64_t misfit = 0;
  for (const auto& [skill, level] :
       Merge({&rules.required_skills, &ticket.spec.extra_skills, &rules.preferred_skills})) {
    misfit += Nano(rules.missing_level_price) * std::max(0, level - LevelOf(agent.spec, skill));
  }
  if (!ticket.spec.language.empty() && !SpeaksIt(agent.spec, ticket.spec.language)) {
    misfit += Nano(rules.missing_language_price);
  }
  return misfit;
}

std::int64_t NaiveMatcher::Score(const Ticket& ticket, const Agent& agent) const {
  const QueueRules& rules = QueueOf(ticket).rules;
  const std::int64_t wait = Nano(now_ - Rank(ticket));
  const std::int64_t half = Nano(rules.target_wait) / 2;
  std::int64_t urgency = 0;
  if (wait >= 2 * half) {
    urgency = Nano(rules.target_boost);
  } else if (wait > half) {
    urgency = Scaled(Nano(rules.target_boost), wait - half, half);
  }
  const bool known = ticket.spec.preferred_agent_id == agent.spec.agent_id;
  const std::int64_t idle =
      agent.value >= now_ ? 0 : Nano(std::min(now_ - agent.value, pool_.idle_bound));
  const std::int64_t taken = std::min(agent.load, agent.spec.capacity);
  const std::int64_t loaded =
      taken == 0 ? 0 : Nano(pool_.loaded_price) * taken / agent.spec.capacity;
  const std::int64_t scarce = std::max<std::int64_t>(0, agent.worth - LineWorth(ticket));
  return wait + urgency + (known ? Nano(rules.known_agent_bonus) : 0) + idle -
         Misfit(ticket, agent) - loaded - (scarce > 0 ? scarce * WorthStep() : 0);
}

bool NaiveMatcher::Better(const Pair& p, const Pair& q) const {
  if (p.kind != q.kind) return p.kind > q.kind;
  if (p.score != q.score) return p.score > q.score;
  if (p.ticket != q.ticket) {
    const auto order = [&](const std::string& id) {
      return std::make_tuple(tickets_.at(id).spec.create_time, id);
    };
    return order(p.ticket) < order(q.ticket);
  }
  const auto order = [&](const std::string& id) {
    return std::make_tuple(agents_.at(id).value, id);
  };
  return order(p.agent) < order(q.agent);
}

std::optional<NaiveMatcher::Pair> NaiveMatcher::NextPair() const {
  std::optional<Pair> best;
  if (!open_ || pool_.phase == Phase::kPaused) return best;
  for (const auto& [ticket_id, ticket] : tickets_) {
    for (const auto& [agent_id, agent] : agents_) {
      const bool take = CanTake(ticket_id, agent);
      const bool claim = !take && CouldClaim(ticket_id, agent);
      if (!take && !claim) continue;
      const Pair pair{ticket.offers.empty() ? Kind::kFirst : Kind::kShare, claim,
                      Score(ticket, agent), ticket_id, agent_id};
      if (!best || Better(pair, *best)) best = pair;
    }
  }
  return best;
}

}  // namespace muster::engine
