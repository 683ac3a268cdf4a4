// What must be true between two events, held against everything kept. Nothing here is used by the
// engine itself: it works these things out again from scratch.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

class InvariantChecker {
 public:
  explicit InvariantChecker(const Core& core) : c_(core) {}

  absl::Status Check() {
    c_.tickets_.ForEach([&](Index t) { CheckTicket(t, c_.tickets_[t]); });
    c_.works_.ForEach([&](Index w) { CheckWork(w, c_.works_[w]); });
    c_.agents_.ForEach([&](Index a) { CheckAgent(a, c_.agents_[a]); });
    c_.lines_.ForEach([&](Index l) { CheckLine(l, c_.lines_[l]); });
    c_.queues_.ForEach([&](Index q) { CheckQueue(q, c_.queues_[q]); });
    CheckPool();
    CheckNothingLeftToMatch();
    Expect(c_.timers_.size() == timers_, "a timer runs for nothing, or is missing");
    Expect(c_.timers_.Next() == next_, "the next timer is not the earliest");
    Expect(
        c_.ticket_ids_.size() == c_.tickets_.size() && c_.agent_ids_.size() == c_.agents_.size() &&
            c_.profiles_.size() == c_.agents_.size() && c_.queue_ids_.size() == c_.queues_.size() &&
            c_.queue_order_.size() == c_.queues_.size() &&
            c_.work_numbers_.size() + c_.restored_.size() == c_.works_.size(),
        "an id leads to no record");
    Expect(c_.pending_.size() == pending_, "an offer is pending that is none");
    Expect(c_.loose_.empty() && c_.touched_.empty() && c_.claims_.empty(), "work left undone");
    Expect(c_.empty_lines_.size() <= limits::kMaxEmptyLines, "too many empty lines");
    return status_;
  }

 private:
  template <typename... Parts>
  void Expect(bool ok, const Parts&... what) {
    if (!ok && status_.ok()) status_ = absl::InternalError(absl::StrCat(what...));
  }

  void ExpectTimer(Nanos due) {
    if (due == kNever) return;
    ++timers_;
    next_ = std::min(next_, due);
  }

  void CheckTicket(Index t, const TicketRecord& ticket) {
    const std::string id = ticket.id.str();
    const TicketState state = ticket.state;
    const QueueRecord& queue = c_.queues_[ticket.queue];
    Expect(c_.FindTicket(id) == t, "ticket ", id, " is not found by its id");
    Expect(ticket.waits == (state == TicketState::kWaiting && queue.exists), "ticket ", id,
           " is in a line, or not, and should not be so");
    Expect(ticket.shared == (state == TicketState::kOffered && queue.exists &&
                             ticket.offers < queue.rules.offers_at_once),
           "ticket ", id, " is shown to more agents, or not, and should not be so");
    Expect((ticket.line != kNone) == (ticket.waits || ticket.shared), "ticket ", id,
           " has a line for nothing");
    Expect((ticket.offers > 0) == (state == TicketState::kOffered), "ticket ", id,
           " has offers, or none, against its state");
    Expect((ticket.assignment != kNone) ==
               (state == TicketState::kAssigned || state == TicketState::kServed),
           "ticket ", id, " has an assignment, or none, against its state");
    if (ticket.line != kNone) {
      const LineRecord& line = c_.lines_[ticket.line];
      Expect(line.queue == ticket.queue, "ticket ", id, " is in a line of another queue");
      Expect(ticket.rank == ticket.create - ticket.priority - queue.ahead, "ticket ", id,
             " has the wrong rank");
      Expect(
          !ticket.waits || ticket.only_agent != kNone || ticket.step == c_.StepAt(ticket, c_.now_),
          "ticket ", id, " is at the wrong relax step");
      ticket.waits ? ++in_lines_ : ++shared_;
    }
    if (ticket.claim != kNone) {
      Expect(c_.agents_[ticket.claim].claim == t, "ticket ", id, " claims, but not the agent");
      Expect(c_.ClaimHolds(t), "ticket ", id, " holds a claim that it should not");
    }
    Expect(ticket.preferred == kNone || c_.agents_[ticket.preferred].references > 0, "ticket ", id,
           " prefers an agent that does not know");
    Expect(ticket.only_agent == kNone || c_.agents_[ticket.only_agent].registered, "ticket ", id,
           " is reserved for nobody");
    for (const Nanos due : {ticket.expire_at, ticket.relax_at, ticket.claim_at, ticket.price_at}) {
      ExpectTimer(due);
    }
  }

  void CheckWork(Index w, const WorkRecord& work) {
    const AgentRecord& agent = c_.agents_[work.agent];
    const TicketRecord& ticket = c_.tickets_[work.ticket];
    const std::string id = DebugString(work.id);
    Expect(c_.FindWork(work.id) == w, id, " is not found by its number");
    Expect(std::count(agent.works.begin(), agent.works.end(), w) == 1, id, " is not its agent's");
    ExpectTimer(work.deadline);
    if (work.state != WorkState::kOffer) {
      Expect(ticket.assignment == w, id, " is not its ticket's");
      Expect(ticket.state ==
                 (work.state == WorkState::kActive ? TicketState::kAssigned : TicketState::kServed),
             "a ticket's state is not that of ", id);
      return;
    }
    ++pending_;
    Expect(work.place < c_.pending_.size() && c_.pending_[work.place] == w, id,
           " is not among the pending offers");
    Expect(c_.open_, id, " is on offer while matching is closed");
    Expect(c_.Offered(ticket, work.agent), id, " is not its ticket's offer");
    Expect(agent.registered &&
               (agent.presence == Presence::kOnline || agent.presence == Presence::kDraining),
           id, " is offered to an agent that is not at work");
  }

  void CheckAgent(Index a, const AgentRecord& agent) {
    const std::string id = agent.id.str();
    std::uint64_t busy = 0;
    std::uint64_t reserved = 0;
    std::uint32_t offers = 0;
    for (const Index w : agent.works) {
      const bool offer = c_.works_[w].state == WorkState::kOffer;
      (offer ? reserved : busy) += c_.works_[w].weight;
      offers += offer;
    }
    Expect(c_.FindAgent(id) == a, "agent ", id, " is not found by its id");
    Expect(busy == agent.busy && reserved == agent.reserved && offers == agent.offers, "agent ", id,
           " is counted wrongly");
    // Restored work and a reduced capacity are facts; but nothing more is offered then.
    Expect(reserved == 0 || busy + reserved <= agent.capacity, "agent ", id,
           " is over its capacity");
    Expect(agent.standing == c_.CanStand(agent), "agent ", id,
           " stands, or not, and should not be so");
    Expect(!agent.standing || agent.stood_free == Core::Free(agent), "agent ", id,
           " stands with other units than it has free");
    Expect(agent.claim == kNone || c_.tickets_[agent.claim].claim == a, "agent ", id,
           " is kept for a ticket that does not claim it");
    Expect(agent.registered || !agent.works.empty() || agent.references > 0, "agent ", id,
           " should have been forgotten");
    Expect(!agent.loose, "agent ", id, " is still loose");
    std::vector<Index> fits;
    c_.lines_.ForEach([&](Index l) {
      if (c_.FitOf(a, l) == Core::Fit::kFits) fits.push_back(l);
    });
    Expect(fits.size() == agent.lines.size(), "agent ", id, " does not know its lines");
    for (std::size_t i = 0; i < std::min(fits.size(), agent.lines.size()); ++i) {
      Expect(fits[i] == agent.lines[i].line &&
                 agent.lines[i].misfit == c_.MisfitOf(a, c_.lines_[fits[i]]),
             "agent ", id, " does not know how it fits its lines");
    }
    for (const Index t : agent.fans) {
      Expect(c_.tickets_[t].preferred == a && c_.tickets_[t].line != kNone, "agent ", id,
             " is remembered by a ticket that does not wait for it");
    }
  }

  void CheckLine(Index l, const LineRecord& line) {
    const LineHead& head = c_.heads_[l];
    std::uint32_t fitting = 0;
    std::uint32_t eligible = 0;
    std::size_t standing = 0;
    c_.agents_.ForEach([&](Index a) {
      const AgentRecord& agent = c_.agents_[a];
      if (c_.FitIn(a, l) == nullptr) return;
      ++fitting;
      standing += agent.standing;
      eligible += agent.standing && head.weight <= agent.stood_free;
    });
    std::size_t found = 0;
    for (const Group& group : line.groups) {
      for (std::size_t i = 0; i < group.idle.size(); ++i) {
        const Entry& e = group.idle.at(i);
        if (e.stamp != c_.agent_stamps_[e.record]) continue;
        const AgentRecord& agent = c_.agents_[e.record];
        ++found;
        Expect(e.key == agent.value && group.loaded == c_.LoadedPrice(agent) &&
                   group.worth == agent.worth && c_.FitIn(e.record, l) != nullptr &&
                   group.misfit == c_.FitIn(e.record, l)->misfit &&
                   group.short_of_units == (head.weight > agent.stood_free),
               "agent ", agent.id.str(), " stands in the wrong group");
      }
    }
    Expect(fitting == line.fitting && eligible == head.eligible && standing == found,
           "a line counts its agents wrongly");
    const QueueRecord& queue = c_.queues_[line.queue];
    Expect(head.weight == queue.rules.weight && head.boost == queue.boost, "a line has old rules");
    const bool used = !line.waiting.empty() || !line.more.empty() || line.leaning > 0;
    Expect(used == (line.emptied == 0), "a line is in use, or not, unknown to it");
    Expect(line.emptied == 0 || c_.empty_lines_.contains({line.emptied, l}),
           "an empty line is not listed");
    Expect(line.learnt >= 0 && line.learnt <= c_.scarcity_bound_, "a line has learnt too much");
    const bool offers = queue.rules.phase != Phase::kPaused && !line.waiting.empty();
    Expect((head.first != kNone) == offers, "a line's head is not its first ticket");
    Expect(!offers || head.rank == c_.tickets_[head.first].rank, "a line's head has moved");
    waiting_ += line.waiting.size();
    sharing_ += line.more.size();
  }

  void CheckQueue(Index q, const QueueRecord& queue) {
    QueueStats seen;
    std::uint64_t references = 0;
    Nanos oldest = kNever;
    Nanos oldest_offered = kNever;
    c_.tickets_.ForEach([&](Index t) {
      const TicketRecord& ticket = c_.tickets_[t];
      if (ticket.queue != q) return;
      ++references;
      const bool waiting = ticket.state == TicketState::kWaiting;
      const bool offered = ticket.state == TicketState::kOffered;
      seen.waiting += waiting;
      seen.offered += offered;
      if (offered || waiting) oldest = std::min(oldest, ticket.create);
      if (offered) oldest_offered = std::min(oldest_offered, ticket.create);
    });
    c_.works_.ForEach([&](Index w) {
      const WorkRecord& work = c_.works_[w];
      if (work.queue != q) return;
      ++references;
      seen.assigned += work.state == WorkState::kActive;
      seen.wrap_up += work.state == WorkState::kWrapUp;
    });
    Expect(seen.waiting == queue.waiting && seen.offered == queue.offered &&
               seen.assigned == queue.assigned && seen.wrap_up == queue.wrap_up &&
               references == queue.references,
           "queue ", queue.id.str(), " is counted wrongly");
    oldest_offered = std::min(oldest_offered, c_.OldestWaiting(q));
    Expect(oldest == oldest_offered, "queue ", queue.id.str(), " does not know its oldest ticket");
    Expect(queue.exists || (queue.lines.empty() && references > 0), "queue ", queue.id.str(),
           " should have been forgotten");
    pool_.waiting += seen.waiting;
    pool_.offered += seen.offered;
    pool_.assigned += seen.assigned;
    pool_.wrap_up += seen.wrap_up;
  }

  void CheckPool() {
    c_.agents_.ForEach([&](Index a) {
      const AgentRecord& agent = c_.agents_[a];
      pool_.busy += agent.busy > 0;
      if (!agent.registered) return;
      const Presence presence = agent.presence;
      ++pool_.agents;
      pool_.online += presence == Presence::kOnline;
      pool_.paused += presence == Presence::kPaused;
      pool_.draining += presence == Presence::kDraining;
      pool_.idle += agent.at_work && agent.busy + agent.reserved == 0;
      if (presence != Presence::kOnline && presence != Presence::kDraining) return;
      pool_.busy_units += agent.busy;
      pool_.reserved_units += agent.reserved;
      pool_.capacity_units += agent.capacity;
    });
    Expect(pool_ == c_.pool_, "the pool is counted wrongly");
    Expect(in_lines_ == waiting_ && shared_ == sharing_,
           "a line holds a ticket that does not wait in it");
  }

  void CheckNothingLeftToMatch() {
    if (!c_.Matching()) return;
    c_.tickets_.ForEach([&](Index t) {
      if (c_.tickets_[t].line == kNone) return;
      c_.agents_.ForEach([&](Index a) {
        Expect(!c_.CanTake(t, a), "ticket ", c_.tickets_[t].id.str(), " waits although ",
               c_.agents_[a].id.str(), " is free for it");
        Expect(!c_.CouldClaim(t, a), "ticket ", c_.tickets_[t].id.str(), " should have claimed ",
               c_.agents_[a].id.str());
      });
    });
  }

  const Core& c_;
  absl::Status status_;
  std::size_t timers_ = 0;
  Nanos next_ = kNever;
  std::size_t pending_ = 0;
  std::size_t in_lines_ = 0;
  std::size_t shared_ = 0;
  std::size_t waiting_ = 0;
  std::size_t sharing_ = 0;
  PoolStats pool_;
};

absl::Status Core::CheckInvariants() const { return InvariantChecker(*this).Check(); }

}  // namespace muster::engine
