// The best pair that a ticket, or an agent, is part of. See engine.h for what a pair scores.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {

Nanos Core::Urgency(Nanos half_target, Nanos boost, Nanos wait) const {
  const Nanos beyond = wait - half_target;
  if (beyond >= half_target) return boost;
  return beyond <= 0 ? 0 : MulDiv(boost, beyond, half_target);
}

Nanos Core::TicketScore(const LineHead& head, Nanos rank) const {
  const Nanos wait = now_ - rank;
  return wait + Urgency(head.half_target, head.boost, wait);
}

Nanos Core::IdleScore(Nanos value) const {
  if (value >= now_) return 0;
  return std::min(Between(value, now_), idle_bound_);
}

Nanos Core::ScarcityPrice(std::uint32_t worth, const LineHead& head) const {
  return worth > head.worth ? scarcity_step_ * (worth - head.worth) : 0;
}

Nanos Core::MisfitPrice(const Misfit& misfit, const QueueRecord& queue) const {
  return queue.level_price * misfit.levels + (misfit.language ? queue.language_price : 0);
}

Nanos Core::ScoreOf(Index t, Index a) const {
  const TicketRecord& ticket = tickets_[t];
  const AgentRecord& agent = agents_[a];
  const QueueRecord& queue = queues_[ticket.queue];
  const LineHead& head = heads_[ticket.line];
  const LineFit* fit = FitIn(a, ticket.line);
  return TicketScore(head, ticket.rank) + (ticket.preferred == a ? queue.known_bonus : 0) +
         IdleScore(agent.value) - MisfitPrice(fit->misfit, queue) - LoadedPrice(agent) -
         ScarcityPrice(agent.worth, head);
}

bool Core::Better(const Pair& p, const Pair& q) const {
  if (!q) return static_cast<bool>(p);
  if ((p.kind == PairKind::kShare) != (q.kind == PairKind::kShare)) {
    return q.kind == PairKind::kShare;
  }
  if (p.score != q.score) return p.score > q.score;
  if (p.ticket != q.ticket) return Older(p.ticket, q.ticket);
  if (p.agent == q.agent) return false;
  const AgentRecord& a = agents_[p.agent];
  const AgentRecord& b = agents_[q.agent];
  return a.value != b.value ? a.value < b.value : a.id < b.id;
}

bool Core::Offered(const TicketRecord& ticket, Index a) const {
  for (std::uint8_t i = 0; i < ticket.offers; ++i) {
    if (works_[ticket.offer[i]].agent == a) return true;
  }
  return false;
}

bool Core::Wants(const TicketRecord& ticket, Index a) const {
  return (ticket.prices.empty() || !Priced(ticket, agents_[a])) &&
         (ticket.offers == 0 || !Offered(ticket, a));
}

bool Core::InPlay(const TicketRecord& ticket) const {
  return (ticket.waits || ticket.shared) && !queues_[ticket.queue].paused;
}

bool Core::CanTake(Index t, Index a) const {
  const TicketRecord& ticket = tickets_[t];
  const AgentRecord& agent = agents_[a];
  if (!InPlay(ticket) || FitIn(a, ticket.line) == nullptr) return false;
  if (agent.claim != kNone && agent.claim != t) return false;
  return HasRoom(agent) && Free(agent) >= heads_[ticket.line].weight && Wants(ticket, a);
}

bool Core::LongWaiting(const TicketRecord& ticket) const {
  const QueueRecord& queue = queues_[ticket.queue];
  return queue.weight > 1 && Plus(ticket.create, queue.claim_after) <= now_;
}

bool Core::CouldClaim(Index t, Index a) const {
  const TicketRecord& ticket = tickets_[t];
  const AgentRecord& agent = agents_[a];
  return ticket.waits && ticket.claim == kNone && InPlay(ticket) && LongWaiting(ticket) &&
         CanStand(agent) && Free(agent) < heads_[ticket.line].weight &&
         FitIn(a, ticket.line) != nullptr && Wants(ticket, a);
}

void Core::ConsiderGroups(Index t, bool short_of_units, Pair* best) {
  const TicketRecord& ticket = tickets_[t];
  LineRecord& line = lines_[ticket.line];
  const LineHead& head = heads_[ticket.line];
  const QueueRecord& queue = queues_[ticket.queue];
  const Nanos own = TicketScore(head, ticket.rank);
  const IdleOrder order = Idles();
  const PairKind kind =
      short_of_units ? PairKind::kClaim : (ticket.waits ? PairKind::kOffer : PairKind::kShare);
  for (Group& group : line.groups) {
    if (group.short_of_units != short_of_units) continue;
    while (!group.idle.empty() && !order.Live(group.idle.top())) group.idle.Pop(order);
    if (group.idle.empty()) continue;
    const Entry* first = &group.idle.top();
    HeapCursor<IdleOrder> cursor(group.idle, order);
    if (!Wants(ticket, first->record)) {  // seldom: look on behind the first
      for (first = cursor.Peek(); first != nullptr; first = cursor.Peek()) {
        if (order.Live(*first) && Wants(ticket, first->record)) break;
        cursor.Pass();
      }
      if (first == nullptr) continue;
    }
    const Nanos score = own + IdleScore(first->key) - MisfitPrice(group.misfit, queue) -
                        group.loaded - ScarcityPrice(group.worth, head);
    const Pair pair{kind, score, t, first->record};
    if (Better(pair, *best)) *best = pair;
  }
  const Index known = ticket.preferred;
  if (known == kNone || !agents_[known].standing || FitIn(known, ticket.line) == nullptr ||
      (head.weight > agents_[known].stood_free) != short_of_units || !Wants(ticket, known)) {
    return;
  }
  const Pair pair{kind, ScoreOf(t, known), t, known};
  if (Better(pair, *best)) *best = pair;
}

bool Core::HasTaker(Index t) {
  Pair taker;
  ConsiderGroups(t, false, &taker);
  return static_cast<bool>(taker);
}

Pair Core::BestFor(Index t) {
  Pair best;
  const TicketRecord& ticket = tickets_[t];
  if (!InPlay(ticket)) return best;
  ConsiderGroups(t, false, &best);
  if (best || !ticket.waits || ticket.claim != kNone || !LongWaiting(ticket)) return best;
  ConsiderGroups(t, true, &best);
  return best;
}

// The first ticket of a line that the agent could take; or, if it is short of units, could claim.
Index Core::FirstFor(Index l, Index a, bool claims) {
  const WaitOrder order = Waits();
  Lane::Cursor<WaitOrder> cursor(lines_[l].waiting, order);
  while (const Entry* entry = cursor.Next()) {
    const Index t = entry->record;
    if (!claims && Wants(tickets_[t], a)) return t;
    if (!claims) continue;
    // By rank: those behind may have waited longer only by their priority.
    if (CouldClaim(t, a) && !HasTaker(t)) return t;
  }
  return kNone;
}

Pair Core::BestOf(Index a) {
  Pair best;
  compared_.clear();
  const bool keep = options_.record_decisions;
  const auto consider = [&](const Pair& pair) {
    if (keep && pair.kind == PairKind::kOffer) {
      compared_.Add(pair, [this](const Pair& p, const Pair& q) { return Better(p, q); });
    }
    if (!Better(pair, best)) return;
    best = pair;
    __builtin_prefetch(&tickets_[pair.ticket]);  // most likely it is the one
  };
  const AgentRecord& agent = agents_[a];
  if (agent.claim != kNone) {
    if (CanTake(agent.claim, a)) best = {PairKind::kOffer, ScoreOf(agent.claim, a), agent.claim, a};
    return best;
  }
  if (!CanStand(agent)) return best;
  const std::uint32_t free = Free(agent);
  const Nanos own = IdleScore(agent.value) - LoadedPrice(agent);
  for (const LineFit& fit : agent.lines) {
    const LineHead& head = heads_[fit.line];
    if (head.first == kNone) continue;
    if (head.weight <= free && !head.priced) {  // the commonest case, and the quickest out
      Nanos score = TicketScore(head, head.rank) + own - ScarcityPrice(agent.worth, head);
      if (keep ? compared_.TooLow(score) : best && score < best.score) continue;
      if (fit.misfit.levels != 0 || fit.misfit.language) {
        score -= MisfitPrice(fit.misfit, queues_[lines_[fit.line].queue]);
      }
      consider({PairKind::kOffer, score, head.first, a});
      continue;
    }
    const bool claims = head.weight > free;
    const Index t = FirstFor(fit.line, a, claims);
    if (t == kNone) continue;
    consider({claims ? PairKind::kClaim : PairKind::kOffer,
              TicketScore(head, tickets_[t].rank) + own - ScarcityPrice(agent.worth, head) -
                  MisfitPrice(fit.misfit, queues_[lines_[fit.line].queue]),
              t, a});
  }
  for (const Index t : agent.fans) {  // those who know it may come before their lines' first
    if (!tickets_[t].waits) continue;
    Pair pair{PairKind::kOffer, 0, t, a};
    if (!CanTake(t, a)) {
      if (!CouldClaim(t, a) || HasTaker(t)) continue;
      pair.kind = PairKind::kClaim;
    }
    pair.score = ScoreOf(t, a);
    consider(pair);
  }
  return best ? best : BestShared(a);
}

Pair Core::BestShared(Index a) {
  Pair best;
  const AgentRecord& agent = agents_[a];
  const auto consider = [&](Index t) {
    if (!CanTake(t, a)) return false;
    const Pair pair{PairKind::kShare, ScoreOf(t, a), t, a};
    if (Better(pair, best)) best = pair;
    return true;
  };
  const WaitOrder order = Waits();
  for (const LineFit& fit : agent.lines) {
    if (heads_[fit.line].more == kNone) continue;
    Lane::Cursor<WaitOrder> cursor(lines_[fit.line].more, order);
    while (const Entry* entry = cursor.Next()) {
      if (consider(entry->record)) break;
    }
  }
  for (const Index t : agent.fans) {
    if (tickets_[t].shared) consider(t);
  }
  return best;
}

}  // namespace muster::engine
