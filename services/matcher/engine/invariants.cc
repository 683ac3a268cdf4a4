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
    c_.offers_.ForEach([&](Index o) { CheckOffer(o, c_.offers_[o]); });
    c_.assignments_.ForEach([&](Index s) { CheckAssignment(s, c_.assignments_[s]); });
    c_.agents_.ForEach([&](Index a) { CheckAgent(a, c_.agents_[a]); });
    c_.lines_.ForEach([&](Index l) { CheckLine(l, c_.lines_[l]); });
    c_.queues_.ForEach([&](Index q) { CheckQueue(q, c_.queues_[q]); });
    CheckPool();
    CheckNothingLeftToMatch();
    Expect(c_.timers_.size() == timers_, "a timer runs for nothing");
    Expect(c_.ticket_ids_.size() == c_.tickets_.size() &&
               c_.agent_ids_.size() == c_.agents_.size() &&
               c_.queue_ids_.size() == c_.queues_.size() &&
               c_.queue_order_.size() == c_.queues_.size() &&
               c_.offer_numbers_.size() == c_.offers_.size() &&
               c_.assignment_ids_.size() == c_.assignments_.size(),
           "an id leads to no record");
    Expect(c_.touched_agents_.empty() && c_.touched_tickets_.empty(), "work left undone");
    Expect(c_.empty_lines_.size() <= limits::kMaxEmptyLines, "too many empty lines");
    return status_;
  }

 private:
  template <typename... Parts>
  void Expect(bool ok, const Parts&... what) {
    if (!ok && status_.ok()) status_ = absl::InternalError(absl::StrCat(what...));
  }

  void ExpectTimer(absl::Time due, TimerKind kind, Index record) {
    if (due == absl::InfiniteFuture()) return;
    ++timers_;
    Expect(c_.timers_.Has(due, kind, record), "a timer is missing, kind ", static_cast<int>(kind));
  }

  void CheckTicket(Index t, const TicketRecord& ticket) {
    const std::string& id = ticket.spec.ticket_id;
    const TicketState state = ticket.state;
    const QueueRecord& queue = c_.queues_[ticket.queue];
    Expect(queue.id == ticket.spec.queue_id, "ticket ", id, " is in another queue");
    Expect((ticket.line != kNone) == (state == TicketState::kWaiting && queue.exists), "ticket ",
           id, " is in a line, or not, and should not be so");
    Expect((ticket.offer != kNone) == (state == TicketState::kOffered), "ticket ", id,
           " has an offer, or none, against its state");
    Expect((ticket.assignment != kNone) ==
               (state == TicketState::kAssigned || state == TicketState::kServed),
           "ticket ", id, " has an assignment, or none, against its state");
    if (ticket.line != kNone) {
      const LineRecord& line = c_.lines_[ticket.line];
      Expect(line.queue == ticket.queue && line.waiting.contains(ticket.key), "ticket ", id,
             " is not in its line");
      Expect(ticket.key.rank ==
                 ticket.spec.create_time - ticket.spec.priority_ahead - queue.rules.priority_ahead,
             "ticket ", id, " has the wrong rank");
      ++in_lines_;
    } else {
      Expect(ticket.expire_at == absl::InfiniteFuture(), "ticket ", id, " expires out of line");
    }
    Expect(ticket.only_agent == kNone || c_.agents_[ticket.only_agent].registered, "ticket ", id,
           " is reserved for nobody");
    ExpectTimer(ticket.expire_at, TimerKind::kTicketExpiry, t);
    ExpectTimer(ticket.price_timer, TimerKind::kPriceEnd, t);
  }

  void CheckOffer(Index o, const OfferRecord& offer) {
    const AgentRecord& agent = c_.agents_[offer.agent];
    Expect(c_.open_, "offer ", offer.number, " is pending while matching is closed");
    Expect(c_.tickets_[offer.ticket].offer == o, "offer ", offer.number, " is not its ticket's");
    Expect(std::count(agent.offers.begin(), agent.offers.end(), o) == 1, "offer ", offer.number,
           " is not its agent's");
    Expect(agent.registered && (agent.spec.presence == Presence::kOnline ||
                                agent.spec.presence == Presence::kDraining),
           "offer ", offer.number, " to an agent that is not at work");
    Expect(c_.FitsTicket(offer.agent, c_.tickets_[offer.ticket]), "offer ", offer.number,
           " to an agent that does not fit");
    ExpectTimer(offer.deadline, TimerKind::kOfferDeadline, o);
  }

  void CheckAssignment(Index s, const AssignmentRecord& assignment) {
    const AgentRecord& agent = c_.agents_[assignment.agent];
    const TicketState state = c_.tickets_[assignment.ticket].state;
    const bool active = assignment.state == AssignmentState::kActive;
    Expect(c_.tickets_[assignment.ticket].assignment == s, "an assignment is not its ticket's");
    Expect(state == (active ? TicketState::kAssigned : TicketState::kServed),
           "a ticket's state is not its assignment's");
    Expect(std::count(agent.assignments.begin(), agent.assignments.end(), s) == 1,
           "an assignment is not its agent's");
    ExpectTimer(assignment.wrap_up_deadline, TimerKind::kWrapUpEnd, s);
  }

  void CheckAgent(Index a, const AgentRecord& agent) {
    const std::string& id = agent.spec.agent_id;
    std::uint64_t busy = 0;
    std::uint64_t reserved = 0;
    for (const Index s : agent.assignments) busy += c_.assignments_[s].weight;
    for (const Index o : agent.offers) reserved += c_.offers_[o].weight;
    Expect(busy == agent.busy && reserved == agent.reserved, "agent ", id, " is counted wrongly");
    // Restored work and a reduced capacity are facts; but nothing more is offered then.
    Expect(reserved == 0 || busy + reserved <= agent.spec.capacity, "agent ", id,
           " is over its capacity");
    Expect(agent.standing == (Core::Available(agent) && Core::Free(agent) > 0), "agent ", id,
           " stands, or not, and should not be so");
    Expect(!agent.standing || (agent.stood_free == Core::Free(agent) &&
                               agent.stood_key.idle_since == agent.idle_since &&
                               agent.stood_key.working == (busy + reserved > 0)),
           "agent ", id, " stands in an old place");
    Expect(agent.registered || !agent.offers.empty() || !agent.assignments.empty(), "agent ", id,
           " should have been forgotten");
    std::vector<Index> fits;
    c_.lines_.ForEach([&](Index l) {
      if (c_.Fits(agent, a, c_.lines_[l])) fits.push_back(l);
    });
    Expect(fits == agent.lines, "agent ", id, " does not know its lines");
  }

  void CheckLine(Index l, const LineRecord& line) {
    std::uint32_t fitting = 0;
    std::size_t idle = 0;
    c_.agents_.ForEach([&](Index a) {
      const AgentRecord& agent = c_.agents_[a];
      if (!c_.Fits(agent, a, line)) return;
      ++fitting;
      if (!agent.standing || line.weight > agent.stood_free) return;
      ++idle;
      Expect(line.idle.contains(agent.stood_key), "an idle agent is not in a line that it fits");
    });
    Expect(fitting == line.fitting, "a line counts the agents that fit wrongly");
    Expect(idle == line.idle.size(), "a line holds an agent that is not idle");
    Expect(line.weight == c_.queues_[line.queue].rules.weight, "a line has an old weight");
    Expect(line.waiting.empty() == (line.emptied != 0), "a line is empty, or not, unknown to it");
    Expect(line.emptied == 0 || c_.empty_lines_.contains({line.emptied, l}),
           "an empty line is not listed");
    waiting_ += line.waiting.size();
  }

  void CheckQueue(Index q, const QueueRecord& queue) {
    QueueStats seen;
    std::uint64_t references = 0;
    c_.tickets_.ForEach([&](Index t) {
      const TicketRecord& ticket = c_.tickets_[t];
      if (ticket.queue != q) return;
      ++references;
      if (ticket.state == TicketState::kWaiting) ++seen.waiting;
      if (ticket.state == TicketState::kOffered) ++seen.offered;
    });
    c_.assignments_.ForEach([&](Index s) {
      const AssignmentRecord& assignment = c_.assignments_[s];
      if (assignment.queue != q) return;
      ++references;
      (assignment.state == AssignmentState::kActive ? seen.assigned : seen.wrap_up) += 1;
    });
    Expect(seen.waiting == queue.waiting && seen.offered == queue.offered &&
               seen.assigned == queue.assigned && seen.wrap_up == queue.wrap_up &&
               references == queue.references &&
               seen.waiting + seen.offered == queue.unassigned.size(),
           "queue ", queue.id, " is counted wrongly");
    Expect(queue.exists || (queue.lines.empty() && references > 0), "queue ", queue.id,
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
      const Presence presence = agent.spec.presence;
      ++pool_.agents;
      pool_.online += presence == Presence::kOnline;
      pool_.paused += presence == Presence::kPaused;
      pool_.draining += presence == Presence::kDraining;
      pool_.idle += Core::Available(agent) && agent.busy + agent.reserved == 0;
      if (presence != Presence::kOnline && presence != Presence::kDraining) return;
      pool_.busy_units += agent.busy;
      pool_.reserved_units += agent.reserved;
      pool_.capacity_units += agent.spec.capacity;
    });
    Expect(pool_ == c_.pool_, "the pool is counted wrongly");
    Expect(in_lines_ == waiting_, "a line holds a ticket that does not wait in it");
  }

  void CheckNothingLeftToMatch() {
    if (!c_.open_) return;
    c_.tickets_.ForEach([&](Index t) {
      const TicketRecord& ticket = c_.tickets_[t];
      if (ticket.line == kNone) return;
      Expect(c_.BestAgent(ticket) == kNone, "ticket ", ticket.spec.ticket_id,
             " waits although an agent is free for it");
    });
  }

  const Core& c_;
  absl::Status status_;
  std::size_t timers_ = 0;
  std::size_t in_lines_ = 0;
  std::size_t waiting_ = 0;
  PoolStats pool_;
};

absl::Status Core::CheckInvariants() const { return InvariantChecker(*this).Check(); }

}  // namespace muster::engine
