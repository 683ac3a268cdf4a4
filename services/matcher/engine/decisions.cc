// Why an offer was made, written down while it is made.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {
namespace {

// Of those that come up, the best few in order.
class BestFew {
 public:
  explicit BestFew(std::size_t most) : most_(most) {}

  template <typename Better>
  void Add(const Pair& pair, Better better) {
    std::size_t i = few_.size();
    while (i > 0 && better(pair, few_[i - 1])) --i;
    if (i >= most_) return;
    few_.insert(few_.begin() + static_cast<std::ptrdiff_t>(i), pair);
    if (few_.size() > most_) few_.pop_back();
  }
  const absl::InlinedVector<Pair, 8>& few() const { return few_; }

 private:
  std::size_t most_;
  absl::InlinedVector<Pair, 8> few_;
};

}  // namespace

Terms Core::TicketTerms(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  const Nanos ahead = queue.ahead + ticket.priority;
  const Nanos wait = now_ - ticket.create;
  return {.wait = ToDuration(wait),
          .priority = ToDuration(ahead),
          .urgency = ToDuration(Urgency(queue.half_target, queue.boost, wait + ahead))};
}

Terms Core::TermsOf(Index t, Index a) const {
  const TicketRecord& ticket = tickets_[t];
  const AgentRecord& agent = agents_[a];
  const QueueRecord& queue = queues_[ticket.queue];
  Terms terms = TicketTerms(t);
  if (ticket.preferred == a) terms.known = ToDuration(queue.known_bonus);
  terms.idle = ToDuration(IdleScore(agent.value));
  terms.misfit = ToDuration(-MisfitPrice(FitIn(a, ticket.line)->misfit, queue));
  terms.loaded = ToDuration(-LoadedPrice(agent));
  terms.scarcity = ToDuration(-ScarcityPrice(agent.worth, heads_[ticket.line]));
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

// The next agents of each group; those who know the ticket come in their groups.
void Core::AgentsBehind(const Pair& pair, RunnersUp* out) const {
  const TicketRecord& ticket = tickets_[pair.ticket];
  const IdleOrder order = Idles();
  BestFew few(limits::kMaxRunnersUp);
  for (const Group& group : lines_[ticket.line].groups) {
    if (group.short_of_units || group.idle.empty()) continue;
    HeapCursor<IdleOrder> cursor(group.idle, order);
    std::size_t seen = 0;
    while (const Entry* entry = cursor.Peek()) {
      const Entry next = *entry;
      cursor.Pass();
      if (!order.Live(next) || next.record == pair.agent || !Wants(ticket, next.record)) continue;
      few.Add({PairKind::kOffer, ScoreOf(pair.ticket, next.record), pair.ticket, next.record},
              [this](const Pair& p, const Pair& q) { return Better(p, q); });
      if (++seen == limits::kMaxRunnersUp) break;
    }
  }
  for (const Pair& p : few.few()) {
    out->push_back({.ticket_id = ticket.id,
                    .agent_id = agents_[p.agent].id,
                    .terms = TermsOf(p.ticket, p.agent)});
  }
}

// The first tickets of the agent's lines, and the one behind the chosen in its own.
void Core::TicketsBehind(const Pair& pair, RunnersUp* out) {
  const AgentRecord& agent = agents_[pair.agent];
  const Index line = tickets_[pair.ticket].line;
  const std::uint32_t free = Free(agent);
  BestFew few(limits::kMaxRunnersUp);
  const auto add = [&](Index t) {
    if (t == pair.ticket) return;
    few.Add({PairKind::kOffer, ScoreOf(t, pair.agent), t, pair.agent},
            [this](const Pair& p, const Pair& q) { return Better(p, q); });
  };
  for (const LineFit& fit : agent.lines) {
    const LineHead& head = heads_[fit.line];
    if (head.first == kNone || head.weight > free || fit.line == line) continue;
    const Index t = head.priced ? FirstFor(fit.line, pair.agent, false) : head.first;
    if (t != kNone) add(t);
  }
  const WaitOrder order = Waits();
  Lane::Cursor<WaitOrder> cursor(lines_[line].waiting, order);
  for (int i = 0; i < 2; ++i) {
    const Entry* entry = cursor.Next();
    if (entry == nullptr) break;
    if (Wants(tickets_[entry->record], pair.agent)) add(entry->record);
  }
  for (const Pair& p : few.few()) {
    out->push_back({.ticket_id = tickets_[p.ticket].id,
                    .agent_id = agent.id,
                    .terms = TermsOf(p.ticket, p.agent)});
  }
}

}  // namespace muster::engine
