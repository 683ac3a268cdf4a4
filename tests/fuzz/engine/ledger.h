// Keeps account of what the engine was told and what it has said, and holds one against the other:
// what must be true whatever the prices are. Looks at everything each time, and takes from the
// engine nothing but events and effects.
//
// - Each act is answered once. Each offer made ends once, in time, and only an offer that was
//   accepted in time becomes an assignment. No ticket is lost, nor served twice.
// - An offer goes to an agent that is at work, fits (as relaxed by then), has room, and did not
// turn
//   the ticket down a short while ago; the ticket has no more offers than its queue says.
// - Of two tickets with the same demands the one that is ahead goes first.
// - No ticket waits though an agent could take it (but for claims of heavier tickets).
//
// Not thread-safe.
//
//   Ledger ledger;
//   ledger.Learn(event, effects, now);
//   if (!ledger.complaint().empty()) ...
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/engine.h"
#include "services/matcher/engine/event.h"

namespace muster::fuzz {

class Ledger {
 public:
  struct Ticket {
    engine::TicketSpec spec;
    engine::TicketState state = engine::TicketState::kWaiting;
    std::set<engine::OfferId> offers;
    std::string reserved_for;
    bool put_back = false;                          // by operations: lives anew
    std::map<std::string, absl::Time> turned_down;  // until when, by agent
    std::map<std::string, absl::Time> excused;      // the same, and whoever may have a price

    void Take(engine::TicketSpec told) {
      told.interrupted = told.interrupted || spec.interrupted;  // once so, always so
      spec = std::move(told);
    }
  };
  struct Agent {
    engine::AgentSpec spec;
    bool registered = false;
    bool paused = false;  // by the engine
  };
  struct Offer {
    std::string ticket, agent, queue;
    std::uint32_t weight = 1;
    absl::Time deadline;
  };
  struct Assignment {
    std::string ticket, agent;
    std::uint32_t weight = 1;
    bool wrap_up = false;
    absl::Time deadline = absl::InfiniteFuture();
  };

  // `wakeup` is the engine's next one, after the event.
  void Learn(const engine::Event& event, const engine::Effects& effects, absl::Time now,
             absl::Time wakeup);
  // Whether the engine's own views say the same.
  void Compare(const engine::Engine& engine);

  // The first thing that was wrong, or "".
  const std::string& complaint() const { return complaint_; }

  // For whoever makes up events.
  const std::map<std::string, Ticket>& tickets() const { return tickets_; }
  const std::map<engine::OfferId, Offer>& offers() const { return offers_; }
  const std::map<engine::OfferId, Assignment>& assignments() const { return assignments_; }
  engine::OfferId last_offer() const { return last_offer_; }

 private:
  struct Queue {
    bool exists = false;
    engine::QueueRules rules;
  };

  // ---- ledger.cc: facts, then effects
  void On(const engine::QueueChanged& e) { queues_[e.queue_id] = {true, e.rules}; }
  void On(const engine::QueueRemoved& e) { queues_[e.queue_id].exists = false; }
  void On(const engine::PoolChanged& e) { pool_ = e.rules; }
  void On(const engine::TicketQueued& e);
  void On(const engine::TicketDetailed& e);
  void On(const engine::TicketGone& e);
  void On(const engine::AgentChanged& e);
  void On(const engine::AgentRemoved& e);
  void On(const engine::AssignmentRestored& e);
  void On(const engine::AssignmentFailed& e);
  void On(const engine::MatchingOpened&) { open_ = true; }
  void On(const engine::MatchingClosed&) { open_ = false; }
  template <class Act>
  void On(const Act&) {}  // acts show in their effects
  void See(const engine::MakeOffer& e);
  void See(const engine::MoveDeadline& e);
  void See(const engine::EndOffer& e);
  void See(const engine::Assign& e);
  void See(const engine::StartWrapUp& e);
  void See(const engine::EndAssignment& e);
  void See(const engine::RequeueTicket& e);
  void See(const engine::ExpireTicket& e);
  void See(const engine::HoldTicket& e);
  void See(const engine::PauseAgent& e);
  template <class Other>
  void See(const Other&) {}
  void TurnDown(const Offer& offer, absl::Duration price);
  void Excuse(const std::string& ticket, const std::string& agent);
  void CountAnswers(const engine::Event& event, const engine::Effects& effects);

  // ---- ledger_rules.cc: what must hold
  void CheckOffer(const engine::MakeOffer& e, const Ticket& ticket);
  void CheckOrder(const std::string& ticket, const std::string& agent);
  void CheckAfter(absl::Time wakeup);
  void CheckLoad();
  void CheckNobodyWaits();
  bool Fits(const Ticket& ticket, const Agent& agent, bool surely) const;
  bool AtWork(const Agent& agent) const;
  std::uint32_t LoadOf(const std::string& agent) const;
  bool MayBeClaimed(const Agent& agent, std::uint32_t free) const;
  const Queue& QueueOf(const Ticket& ticket) const;
  absl::Time RankOf(const Ticket& ticket) const;
  void Expect(bool ok, std::string_view subject, std::string_view what);

  absl::Time now_ = absl::InfinitePast();
  bool open_ = false;
  engine::PoolRules pool_;
  std::map<std::string, Queue> queues_;
  std::map<std::string, Ticket> tickets_;
  std::map<std::string, Agent> agents_;
  std::map<engine::OfferId, Offer> offers_;
  std::map<engine::OfferId, Assignment> assignments_;
  std::map<engine::OfferId, Offer> accepted_;              // and not yet assigned, within one event
  std::vector<std::pair<std::string, std::string>> made_;  // tickets and agents, by this event
  engine::OfferId last_offer_;
  std::string complaint_;
};

}  // namespace muster::fuzz
