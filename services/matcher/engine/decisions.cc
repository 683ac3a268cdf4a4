// Why an offer was made, written down while it is made.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {

Terms Core::TicketTerms(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  const Nanos ahead = queue.ahead + ticket.priority;
  const Nanos wait = now_ - ticket.create;
  return {.wait = Term(wait),
          .priority = Term(ahead),
          .urgency = Term(Urgency(queue.half_target, queue.boost, wait + ahead))};
}

Terms Core::TermsOf(Index t, Index a) const {
  const TicketRecord& ticket = tickets_[t];
  const AgentRecord& agent = agents_[a];
  const QueueRecord& queue = queues_[ticket.queue];
  Terms terms = TicketTerms(t);
  if (ticket.preferred == a) terms.known = Term(queue.known_bonus);
  terms.idle = Term(IdleScore(agent.value));
  terms.misfit = Term(-MisfitPrice(FitIn(a, ticket.line)->misfit, queue));
  terms.loaded = Term(-LoadedPrice(agent));
  terms.scarcity = Term(-ScarcityPrice(agent.worth, heads_[ticket.line]));
  return terms;
}

Decision* Core::Record(const Pair& pair, Decision::Trigger trigger) {
  if (decisions_used_ == decisions_.size()) decisions_.emplace_back();
  Decision& decision = decisions_[decisions_used_++];
  const TicketRecord& ticket = tickets_[pair.ticket];
  decision.ticket_id = ticket.id;
  decision.agent_id = agents_[pair.agent].id;
  decision.queue_id = queues_[ticket.queue].id;
  decision.time = now_time_;
  decision.trigger = trigger;
  decision.relax_step = ticket.step;
  decision.terms = TermsOf(pair.ticket, pair.agent);
  decision.eligible = CountEligible(pair.ticket, &decision.ineligible);
  if (!agents_[pair.agent].standing) {  // it has just been freed, and was not counted yet
    ++decision.eligible;
    decision.ineligible.full -= std::min(decision.ineligible.full, 1U);
  }
  decision.runners_up.clear();
  if (trigger == Decision::Trigger::kAgentFreed) {
    TicketsBehind(pair, &decision.runners_up);
  } else {
    AgentsBehind(pair, &decision.runners_up);
  }
  return &decision;
}

std::uint32_t Core::CountEligible(Index t, Ineligible* others) const {
  const TicketRecord& ticket = tickets_[t];
  const LineRecord& line = lines_[ticket.line];
  std::uint32_t declined = 0;
  for (const Price& price : ticket.prices) {
    if (price.until <= now_ || !agents_.Has(price.agent)) continue;
    const AgentRecord& agent = agents_[price.agent];
    declined += agent.serial == price.agent_serial && agent.standing &&
                agent.stood_free >= heads_[ticket.line].weight &&
                FitIn(price.agent, ticket.line) != nullptr;
  }
  const std::uint32_t eligible = heads_[ticket.line].eligible - declined;
  *others = {
      .lacks_skill = static_cast<std::uint32_t>(pool_.agents) - line.skilled,
      .lacks_language = line.skilled - line.speaking,
      .offline = line.fitting_offline,
      .paused = line.fitting_paused,
      .full = line.speaking - line.fitting_offline - line.fitting_paused - declined - eligible,
      .declined = declined};
  return eligible;
}

// In a burst all who are matched in it are still listed: so many are looked at to name the next
// ones, and no more.
constexpr int kMostLookedAt = 24;

// The next agents of each group; those who know the ticket come in their groups.
void Core::AgentsBehind(const Pair& pair, RunnersUp* out) const {
  const TicketRecord& ticket = tickets_[pair.ticket];
  const IdleOrder order = Idles();
  BestFew<limits::kMaxRunnersUp> few;
  for (const Group& group : lines_[ticket.line].groups) {
    if (group.short_of_units || group.idle.empty()) continue;
    HeapCursor<IdleOrder> cursor(group.idle, order);
    std::size_t seen = 0;
    for (int looked = 0; looked < kMostLookedAt; ++looked) {
      const Entry* entry = cursor.Peek();
      if (entry == nullptr) break;
      const Entry next = *entry;
      cursor.Pass();
      if (!order.Live(next) || next.record == pair.agent || !Wants(ticket, next.record)) continue;
      few.Add({PairKind::kOffer, ScoreOf(pair.ticket, next.record), pair.ticket, next.record},
              [this](const Pair& p, const Pair& q) { return Better(p, q); });
      if (++seen == limits::kMaxRunnersUp) break;
    }
  }
  for (const Pair& p : few) {
    out->push_back({.ticket_id = ticket.id,
                    .agent_id = agents_[p.agent].id,
                    .terms = TermsOf(p.ticket, p.agent)});
  }
}

// The first tickets of the agent's lines, as it has just compared them, and the one behind the
// chosen in its own.
void Core::TicketsBehind(const Pair& pair, RunnersUp* out) const {
  const TicketRecord& chosen = tickets_[pair.ticket];
  const auto better = [this](const Pair& p, const Pair& q) { return Better(p, q); };
  BestFew<limits::kMaxRunnersUp> few;
  const auto known_of = [&](Index t) {
    return std::any_of(few.begin(), few.end(), [t](const Pair& p) { return p.ticket == t; });
  };
  for (const Pair& p : compared_) {  // one that prefers the agent may be there twice
    if (p.ticket != pair.ticket && !known_of(p.ticket)) few.Add(p, better);
  }
  const WaitOrder order = Waits();
  Lane::Cursor<WaitOrder> cursor(lines_[chosen.line].waiting, order);
  for (int i = 0; i < 2; ++i) {
    const Entry* entry = cursor.Next();
    if (entry == nullptr) break;
    const Index t = entry->record;
    if (t == pair.ticket || known_of(t)) continue;
    const LineHead& head = heads_[chosen.line];
    const bool known = chosen.preferred == pair.agent || tickets_[t].preferred == pair.agent;
    const Nanos score =
        known ? ScoreOf(t, pair.agent)
              : pair.score + TicketScore(head, entry->key) - TicketScore(head, chosen.rank);
    if (!few.TooLow(score) && Wants(tickets_[t], pair.agent)) {
      few.Add({PairKind::kOffer, score, t, pair.agent}, better);
    }
  }
  for (const Pair& p : few) {
    out->push_back({.ticket_id = tickets_[p.ticket].id,
                    .agent_id = agents_[p.agent].id,
                    .terms = TermsOf(p.ticket, p.agent)});
  }
}

}  // namespace muster::engine
