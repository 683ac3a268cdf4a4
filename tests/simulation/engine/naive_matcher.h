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
  struct Queue {
    bool exists = false;
    QueueRules rules;
  };
  struct Ticket {
    TicketSpec spec;
    TicketState state = TicketState::kWaiting;
    std::string only_agent;
    std::map<std::string, absl::Time> prices;  // until when, by agent
  };
  struct Agent {
    AgentSpec spec;
    bool registered = false;
    std::uint32_t load = 0;
    absl::Time idle_since = absl::InfinitePast();
  };

  void On(const QueueChanged& e);
  void On(const QueueRemoved& e);
  void On(const TicketQueued& e);
  void On(const TicketDetailed& e);
  void On(const TicketGone& e);
  void On(const AgentChanged& e);
  void On(const AgentRemoved& e);
  void On(const AssignmentRestored& e);
  void On(const AssignmentFailed& e);
  void On(const MatchingOpened&) { open_ = true; }
  void On(const MatchingClosed&) { open_ = false; }
  template <typename Act>
  void On(const Act&) {}  // acts show in their effects

  void See(const EndOffer& e);
  void See(const Assign& e);
  void See(const StartWrapUp& e);
  void See(const EndAssignment& e);
  void See(const RequeueTicket& e);
  void See(const ExpireTicket& e);
  void See(const MakeOffer& e);
  template <typename Other>
  void See(const Other&) {}

  void DropReservations();
  void CheckOffers();
  std::optional<std::pair<std::string, std::string>> NextPair() const;  // ticket, agent
  std::optional<std::string> NextAgent(const Ticket& ticket) const;
  bool CanTake(const Ticket& ticket, const Agent& agent) const;
  bool Suits(const Ticket& ticket, const Agent& agent) const;
  const Queue& QueueOf(const Ticket& ticket) const;
  absl::Time Rank(const Ticket& ticket) const;
  void Price(const std::string& ticket_id, const std::string& agent_id, absl::Duration price);
  void Unload(const OfferId& id, const std::string& agent_id, bool idle_from_now);
  void ForgetUnusedAgents();
  void Expect(bool ok, const std::string& what);

  absl::Time now_ = absl::InfinitePast();
  bool open_ = false;
  std::map<std::string, Queue> queues_;
  std::map<std::string, Ticket> tickets_;
  std::map<std::string, Agent> agents_;
  OfferId last_offer_;
  Pairs offers_;
  Pairs assignments_;
  std::map<OfferId, std::uint32_t> weights_;  // of both
  std::string complaint_;
};

}  // namespace muster::engine
