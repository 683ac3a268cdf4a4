// The matching itself: the best pair there is, then the next, until no ticket has an agent.
//
// Between two events no waiting ticket has an agent that can take it. So whatever can be matched
// after an event contains a ticket that the event touched or an agent that it made loose, and only
// these are looked at.
#include <algorithm>
#include <vector>

#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

void Core::Match() {
  CheckClaims();
  if (Matching()) {
    if (burst_) MatchBurst();
    bool done = false;
    if (touched_.empty() && loose_.size() == 1) {
      MatchAgent(loose_[0]);
      done = touched_.empty() && loose_.size() == 1;
    } else if (touched_.size() == 1 && loose_.empty()) {
      MatchTicket();
    }
    if (!done && !(touched_.empty() && loose_.empty())) MatchMany();
  }
  touched_.clear();
  burst_ = false;
  Settle();
  LearnAll();
  DropSpareLines();
}

// An agent is free, the commonest case: it need not stand anywhere to be compared.
void Core::MatchAgent(Index a) {
  if (!agents_.Has(a)) return;
  if (agents_[a].claim == kNone) agents_[a].worth = WorthNow(agents_[a]);
  while (touched_.empty() && loose_.size() == 1) {
    const Pair pair = BestOf(a);
    if (!pair) return;
    Commit(pair, Decision::Trigger::kAgentFreed);
  }
}

// So is a ticket that has come.
void Core::MatchTicket() {
  const Index t = touched_[0];
  touched_.clear();
  if (!Touchable(t)) return;
  if (const Pair pair = BestFor(t)) Commit(pair, Decision::Trigger::kTicketCame);
}

void Core::MatchMany() {
  std::size_t touched = 0;  // those before have been looked at
  std::size_t loose = 0;
  bool changed = false;  // since all were looked at
  heap_.clear();
  while (true) {
    StandFrom(loose);
    for (; loose < loose_.size(); ++loose) PushBestOf(loose_[loose]);
    for (; touched < touched_.size(); ++touched) PushBestFor(touched_[touched]);
    if (heap_.empty()) {
      if (!changed) return;
      changed = false;
      touched = loose = 0;
      continue;
    }
    std::pop_heap(heap_.begin(), heap_.end(), LaterIn{*this});
    const Candidate next = heap_.back();
    heap_.pop_back();
    // Others may have been quicker since it was looked at.
    const Pair now = next.of_agent ? BestIf(next.pair.agent) : BestIfTouchable(next.pair.ticket);
    if (!now.Same(next.pair)) {
      PushCandidate(now, next.of_agent);
      continue;
    }
    Commit(now, next.of_agent ? Decision::Trigger::kAgentFreed : Decision::Trigger::kTicketCame);
    if (touched_.size() + loose_.size() <= limits::kMatchedExactly) {
      heap_.clear();
      touched = loose = 0;
      continue;
    }
    changed = true;
    PushBestOf(now.agent);
    PushBestFor(now.ticket);
  }
}

bool Core::LaterIn::operator()(const Candidate& p, const Candidate& q) const {
  return core.Better(q.pair, p.pair);
}

Pair Core::BestIf(Index a) { return agents_.Has(a) ? BestOf(a) : Pair(); }
Pair Core::BestIfTouchable(Index t) { return Touchable(t) ? BestFor(t) : Pair(); }
void Core::PushBestOf(Index a) { PushCandidate(BestIf(a), true); }
void Core::PushBestFor(Index t) { PushCandidate(BestIfTouchable(t), false); }

void Core::PushCandidate(const Pair& pair, bool of_agent) {
  if (!pair) return;
  heap_.push_back({pair, of_agent});
  std::push_heap(heap_.begin(), heap_.end(), LaterIn{*this});
}

void Core::StandFrom(std::size_t first) {
  for (std::size_t i = first; i < loose_.size(); ++i) {
    if (!agents_.Has(loose_[i])) continue;
    const AgentRecord& agent = agents_[loose_[i]];
    if (!agent.standing && CanStand(agent)) Stand(loose_[i]);
  }
}

void Core::Settle() {
  StandFrom(0);
  for (const Index a : loose_) {
    if (agents_.Has(a)) agents_[a].loose = false;
  }
  loose_.clear();
}

void Core::Commit(const Pair& pair, Decision::Trigger trigger) {
  const Index t = pair.ticket;
  const Index a = pair.agent;
  TicketRecord& ticket = tickets_[t];
  AgentRecord& agent = agents_[a];
  if (pair.kind == PairKind::kClaim) {
    ticket.claim = a;
    agent.claim = t;
    return Unstand(a);
  }
  if (scarcity_bound_ > 0 && pair.kind == PairKind::kOffer && ticket.only_agent == kNone) {
    lessons_.emplace_back(ticket.line, now_ - ticket.waits_since);
  }
  Decision* decision = options_.record_decisions ? Record(pair, trigger) : nullptr;
  const bool stood = agent.standing;
  const Index w = Offer(t, a);
  if (decision != nullptr) {
    decision->offer = works_[w].id;
    Emit(DecisionMade{decision});
  }
  if (stood && CanStand(agent)) Stand(a);
}

// What a line's agents are worth follows its waits at the match: a sixteenth of the news each time.
void Core::LearnAll() {
  for (const auto& [l, wait] : lessons_) {
    if (!lines_.Has(l)) continue;
    Nanos& learnt = lines_[l].learnt;
    learnt += (std::min(wait, scarcity_bound_) - learnt) / 16;
    heads_[l].worth = static_cast<std::uint32_t>(learnt / scarcity_step_);
  }
  lessons_.clear();
}

bool Core::ClaimHolds(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  const Index a = ticket.claim;
  return ticket.waits && InPlay(ticket) && agents_[a].at_work && FitIn(a, ticket.line) != nullptr &&
         Wants(ticket, a);
}

void Core::CheckClaims() {
  for (const Index t : claims_) {
    if (!tickets_.Has(t) || tickets_[t].claim == kNone) continue;
    if (ClaimHolds(t)) {
      Loosen(tickets_[t].claim);  // the ticket may weigh less now
    } else {
      DropClaim(t);
      Touch(t);
    }
  }
  claims_.clear();
}

void Core::DropClaim(Index t) {
  const Index a = tickets_[t].claim;
  if (a == kNone) return;
  tickets_[t].claim = kNone;
  agents_[a].claim = kNone;
  Loosen(a);
}

}  // namespace muster::engine
