// The rules of engine.h again, in the plainest way: lists, and a look at everything each time. What
// the engine decides is held against it. Knows of the engine only the events and effects.
//
// Not thread-safe.
//
//   NaiveMatcher model;
//   model.Learn(event, effects, now);              // follows what has happened
//   CHECK(model.Complaint() == "");                // what was offered was the right thing, in
//   order
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/event.h"

namespace muster::engine {

class NaiveMatcher {
 public:
  // Takes an event and the engine's effects of it. The model works out by itself which offers must
  // be made after everything else that the effects report, and compares.
  void Learn(const Event& event, const Effects& effects, absl::Time now);

  // The first thing that was wrong, or "".
  const std::string& Complaint() const { return complaint_; }

  // For whoever makes up events, and for comparing: offers and assignments as (ticket, agent).
  using Pairs = std::map<OfferId, std::pair<std::string, std::string>>;
  OfferId last_offer() const { return last_offer_; }
  const Pairs& offers() const { return offers_; }
  const Pairs& assignments() const { return assignments_; }
  std::map<std::string, TicketState> tickets() const;

 private:
  using Ns = std::int64_t;
  using Levels = std::map<std::string, int>;
  // What makes tickets one line; what its agents are worth is learnt by line.
  using LineId = std::tuple<std::string, Levels, std::string, int>;  // queue, extra, language, step

  struct Queue {
    bool exists = false;
    QueueRules rules;
  };
  struct Ticket {
    TicketSpec spec;
    TicketState state = TicketState::kWaiting;
    std::string only_agent;
    std::map<std::string, absl::Time> prices;  // until when, by agent
    std::map<OfferId, std::string> offers;     // the agents that see it
    std::string claim;                         // the agent that is kept for it
    int step = 0;
    std::uint32_t refusals = 0;
    absl::Time waits_since;

    void Take(TicketSpec told) {
      told.interrupted = told.interrupted || spec.interrupted;  // once so, always so
      spec = std::move(told);
    }
  };
  struct Agent {
    AgentSpec spec;
    bool registered = false;
    std::uint32_t load = 0;
    std::uint32_t offers = 0;
    absl::Time idle_since = absl::InfinitePast();
    absl::Time value = absl::InfinitePast();  // idle_since less what earlier idleness counts
    Ns worth = 0;                             // when it became idle, in steps
    std::uint32_t ignored = 0;
    std::string claim;  // the ticket that it is kept for
    bool stirred = false;
  };
  struct Work {
    Ns credit = 0;
    absl::Time assigned;
  };
  enum class Kind { kShare, kFirst };  // what is better is greater
  struct Pair {
    Kind kind = Kind::kFirst;
    bool claim = false;
    Ns score = 0;
    std::string ticket;
    std::string agent;
  };

  // ---- naive_matcher.cc: what happens
  void On(const QueueChanged& e);
  void On(const QueueRemoved& e);
  void On(const TicketQueued& e);
  void On(const TicketDetailed& e);
  void On(const TicketGone& e);
  void On(const AgentChanged& e);
  void On(const AgentRemoved& e);
  void On(const AssignmentRestored& e);
  void On(const AssignmentFailed& e);
  void On(const PoolChanged& e);
  void On(const MatchingOpened&);
  void On(const MatchingClosed&) { open_ = false; }
  template <typename Act>
  void On(const Act&) {}  // acts show in their effects

  void See(const EndOffer& e);
  void See(const Assign& e);
  void See(const StartWrapUp& e);
  void See(const EndAssignment& e);
  void See(const RequeueTicket& e);
  void See(const ExpireTicket& e);
  void See(const HoldTicket& e);
  void See(const PauseAgent& e);
  void See(const MakeOffer& e);
  template <typename Other>
  void See(const Other&) {}

  void Refused(Ticket* ticket);
  void Settle();  // all that must be so before anything is matched
  void DropReservations();
  void CheckOffers();
  void CheckEvent();
  void TakeClaims();
  void Release(const std::string& ticket_id);
  void Forget(const std::string& ticket_id);
  void Price(const std::string& ticket_id, const std::string& agent_id, absl::Duration price);
  void Unload(const OfferId& id, const std::string& agent_id);
  void IdleFromNow(Agent* agent, Ns carry);
  void ForgetUnusedAgents();
  void ForgetLessons(const std::string& queue_id);
  void Learn();
  void Expect(bool ok, const std::string& what);

  // ---- naive_rules.cc: who can take what, and what it scores
  std::optional<Pair> NextPair() const;
  bool Better(const Pair& p, const Pair& q) const;
  bool InPlay(const Ticket& ticket) const;
  bool CanTake(const std::string& ticket_id, const Agent& agent) const;
  bool CouldClaim(const std::string& ticket_id, const Agent& agent) const;
  bool HasTaker(const std::string& ticket_id) const;
  bool HasRoom(const Agent& agent) const;
  bool Wants(const Ticket& ticket, const Agent& agent) const;
  bool ClaimHolds(const Ticket& ticket) const;
  bool Suits(const Ticket& ticket, const Agent& agent) const;  // whatever its capacity
  bool SuitsDemands(const Queue& queue, const Levels& extra, const std::string& language, int step,
                    const Agent& agent) const;
  int StepOf(const Ticket& ticket) const;
  Ns Score(const Ticket& ticket, const Agent& agent) const;
  Ns Misfit(const Ticket& ticket, const Agent& agent) const;
  Ns LineWorth(const Ticket& ticket) const;
  Ns WorthOf(const Agent& agent) const;
  Ns WorthBound() const;
  Ns WorthStep() const { return WorthBound() / 30; }
  LineId LineOf(const Ticket& ticket) const;
  const Queue& QueueOf(const Ticket& ticket) const;
  absl::Time Rank(const Ticket& ticket) const;

  absl::Time now_ = absl::InfinitePast();
  bool open_ = false;
  PoolRules pool_;
  std::map<std::string, Queue> queues_;
  std::map<std::string, Ticket> tickets_;
  std::map<std::string, Agent> agents_;
  OfferId last_offer_;
  Pairs offers_;
  Pairs assignments_;
  std::map<OfferId, std::uint32_t> weights_;  // of both
  std::map<OfferId, Work> works_;             // of assignments
  std::map<LineId, Ns> learnt_;
  std::vector<std::pair<LineId, Ns>> lessons_;
  std::string must_hold_;  // tickets and agents of which an effect must still tell
  std::string must_pause_;
  std::string complaint_;
};

}  // namespace muster::engine
