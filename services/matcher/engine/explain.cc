// Why does a ticket wait, and why has an agent had nothing.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {

TicketExplanation Core::Explain(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  TicketExplanation e;
  e.ticket_id = ticket.id.str();
  e.queue_id = queue.id.str();
  e.state = ticket.state;
  e.queue_known = queue.exists;
  e.paused = !Matching() || queue.rules.phase == Phase::kPaused;
  e.position = PositionOf(t);
  e.relax_step = ticket.step;
  e.next_step_at = ToTime(ticket.relax_at);
  e.terms = TicketTerms(t);
  e.refusals = ticket.refusals;
  for (std::uint8_t i = 0; i < ticket.offers; ++i) {
    e.offered_to.push_back(agents_[works_[ticket.offer[i]].agent].id.str());
  }
  if (ticket.only_agent != kNone) e.reserved_for = agents_[ticket.only_agent].id.str();
  if (ticket.claim != kNone) e.claimed_agent = agents_[ticket.claim].id.str();
  if (ticket.line == kNone) return e;
  const LineRecord& line = lines_[ticket.line];
  e.fitting = line.fitting;
  e.eligible = CountEligible(t, &e.ineligible);
  e.unservable = ticket.waits && lines_[line.last].fitting == 0;
  return e;
}

AgentExplanation Core::ExplainAgent(Index a) const {
  const AgentRecord& agent = agents_[a];
  AgentExplanation e;
  e.agent_id = agent.id.str();
  e.registered = agent.registered;
  e.presence = agent.presence;
  e.connected = profiles_[a].spec.connected;
  e.capacity = agent.capacity;
  e.free_units = Free(agent);
  e.open_offers = agent.offers;
  e.idle_credit = ToDuration(IdleScore(agent.value));
  e.ignored_in_a_row = agent.ignored;
  if (agent.claim != kNone) e.claimed_by = tickets_[agent.claim].id.str();
  const IdleOrder order = Idles();
  for (const LineFit& fit : agent.lines) {
    const LineRecord& line = lines_[fit.line];
    const LineHead& head = heads_[fit.line];
    const QueueRecord& queue = queues_[line.queue];
    AgentExplanation::Line shown{
        .queue_id = queue.id.str(), .relax_step = line.key.step, .waiting = line.waiting.size()};
    const auto worth = [&](Nanos value, const Misfit& misfit, Nanos loaded, std::uint32_t w) {
      return IdleScore(value) - MisfitPrice(misfit, queue) - loaded - ScarcityPrice(w, head);
    };
    const Nanos own = worth(agent.value, fit.misfit, LoadedPrice(agent), agent.worth);
    for (const Group& group : line.groups) {
      if (group.short_of_units) continue;
      for (std::size_t i = 0; i < group.idle.size(); ++i) {
        const Entry& entry = group.idle.at(i);
        if (!order.Live(entry) || entry.record == a) continue;
        const Nanos other = worth(entry.key, group.misfit, group.loaded, group.worth);
        const bool ahead = other != own               ? other > own
                           : entry.key != agent.value ? entry.key < agent.value
                                                      : agents_[entry.record].id < agent.id;
        shown.agents_ahead += ahead;
      }
    }
    e.waiting += shown.waiting;
    e.lines.push_back(std::move(shown));
    const WaitOrder waits = Waits();
    Lane::Cursor<WaitOrder> cursor(line.waiting, waits);
    while (const Entry* entry = cursor.Next()) {
      for (const Price& price : tickets_[entry->record].prices) {
        if (price.agent_serial != agent.serial || price.until <= now_) continue;
        e.declined.push_back({tickets_[entry->record].id.str(), ToTime(price.until)});
      }
    }
  }
  std::sort(e.lines.begin(), e.lines.end(), [](const auto& x, const auto& y) {
    return x.queue_id != y.queue_id ? x.queue_id < y.queue_id : x.relax_step < y.relax_step;
  });
  return e;
}

std::optional<TicketExplanation> Engine::ExplainTicket(std::string_view ticket_id) const {
  const Index t = core_->FindTicket(ticket_id);
  if (t == kNone) return std::nullopt;
  return core_->Explain(t);
}

std::optional<AgentExplanation> Engine::ExplainAgent(std::string_view agent_id) const {
  const Index a = core_->FindAgent(agent_id);
  if (a == kNone) return std::nullopt;
  return core_->ExplainAgent(a);
}

}  // namespace muster::engine
