// The matching itself: which ticket, then which agent.
//
// Between two events no waiting ticket has an agent that can take it. So whatever can be matched
// after an event contains a ticket or an agent that the event touched, and only these are looked
// at.
#include <algorithm>
#include <functional>
#include <vector>

#include "services/matcher/engine/core.h"

namespace muster::engine {
namespace {

// A ticket that may be next: found by itself, or as the best one of a touched agent.
struct Candidate {
  TicketKey key;
  Index agent = kNone;
};

bool Later(const Candidate& a, const Candidate& b) {  // for a heap with the most urgent on top
  if (b.key < a.key) return true;
  return !(a.key < b.key) && a.agent > b.agent;
}

}  // namespace

const TicketKey* Core::FirstFor(const LineRecord& line, const AgentRecord& agent) const {
  for (const TicketKey& key : line.waiting) {
    if (!Priced(tickets_[key.ticket], agent)) return &key;
  }
  return nullptr;
}

const TicketKey* Core::BestTicket(Index a) const {
  if (!agents_.Has(a) || !agents_[a].standing) return nullptr;
  const AgentRecord& agent = agents_[a];
  const TicketKey* best = nullptr;
  for (const Index l : agent.lines) {
    const LineRecord& line = lines_[l];
    if (line.waiting.empty() || line.weight > agent.stood_free) continue;
    const TicketKey* first = FirstFor(line, agent);
    if (first != nullptr && (best == nullptr || *first < *best)) best = first;
  }
  return best;
}

Index Core::BestAgent(const TicketRecord& ticket) const {
  const LineRecord& line = lines_[ticket.line];
  if (!ticket.spec.preferred_agent_id.empty()) {
    const Index a = Find(agent_ids_, ticket.spec.preferred_agent_id);
    if (a != kNone && agents_[a].standing && line.idle.contains(agents_[a].stood_key) &&
        !Priced(ticket, agents_[a])) {
      return a;
    }
  }
  for (const AgentKey& key : line.idle) {
    if (!Priced(ticket, agents_[key.agent])) return key.agent;
  }
  return kNone;
}

void Core::Match() {
  std::vector<Candidate> heap;
  const auto push = [&heap](Candidate candidate) {
    heap.push_back(candidate);
    std::push_heap(heap.begin(), heap.end(), Later);
  };
  const auto push_best_of = [&](Index a) {
    if (const TicketKey* best = BestTicket(a)) push({*best, a});
  };
  const auto waits = [this](Index t) { return tickets_.Has(t) && tickets_[t].line != kNone; };
  if (open_) {
    for (const Index t : touched_tickets_) {
      if (waits(t)) push({tickets_[t].key, kNone});
    }
    for (const Index a : touched_agents_) push_best_of(a);
  }
  touched_tickets_.clear();
  touched_agents_.clear();
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), Later);
    const Candidate next = heap.back();
    heap.pop_back();
    if (waits(next.key.ticket)) {
      const Index a = BestAgent(tickets_[next.key.ticket]);
      if (a != kNone) Offer(next.key.ticket, a);
    }
    if (next.agent != kNone) push_best_of(next.agent);
  }
}

}  // namespace muster::engine
