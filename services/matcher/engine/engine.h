// The engine of one pool: decides who serves whom.
//
// Pure and deterministic: no I/O, clock, randomness or logs; equal events at equal times lead to
// equal effects, byte for byte. Not thread-safe: one owner calls it, one event at a time. The const
// views may not run beside Apply either.
//
// The rules, of which docs/matching.md has the whole:
// - A ticket can go to an agent that is ONLINE and connected, has every skill that the ticket's
// queue
//   and the ticket require at their levels, lists its language, and has the queue's weight free.
//   Unanswered offers count as taken capacity. Demands relax with the wait.
// - A pair scores, in seconds: the ticket's wait, its priority, its urgency as the target nears, a
//   known agent's bonus, the agent's idleness; less what it misses of the wanted, what load it has,
//   and what it is worth elsewhere. The best pair wins; ties fall to the older ticket, then by id,
//   and to the agent idle longest, then by id: a total order.
// - No agent stands idle while a ticket waits that it can take, but for: the price of a decline, a
//   heavy ticket's claim, pauses, and the most offers an agent may have open.
// - All terms but the wait are bounded, so no ticket is passed over for ever.
// - Many tickets and many agents that meet at once are matched together, at the best total score.
//
//   Engine engine({.epoch = 3});
//   Effects effects;
//   engine.Apply(QueueChanged{"card", {}}, now, &effects);
//   engine.Apply(AgentChanged{{.agent_id = "ann", .presence = Presence::kOnline}}, now, &effects);
//   engine.Apply(MatchingOpened{}, now, &effects);
//   engine.Apply(TicketQueued{{.ticket_id = "t1", .queue_id = "card", .create_time = now}}, now,
//   &effects);
//   // effects: MakeOffer 3/1 of t1 to ann. Call again at engine.NextWakeup() at the latest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/event.h"
#include "services/matcher/engine/types.h"
#include "services/matcher/engine/views.h"

namespace muster::engine {

struct EngineOptions {
  std::uint64_t epoch = 1;               // of every offer made
  std::uint64_t first_offer_number = 1;  // rises by one with each
  bool record_decisions = false;         // follow each MakeOffer by its DecisionMade
};

class Core;

class Engine {
 public:
  explicit Engine(EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Does what had become due by `now`, then takes the event; appends to `out` what follows, in
  // order. A `now` before that of an earlier call counts as the earlier one. Costs the lines that
  // the agents and tickets of the event touch, times a logarithm; never a walk over all agents or
  // tickets, except MatchingOpened, and the changing of a queue's demands (its own tickets and the
  // agents that fit).
  void Apply(const Event& event, absl::Time now, Effects* out);

  // When something becomes due by itself; InfiniteFuture if nothing will. Call
  // Apply(TimePassed{}, ...) then, unless another event comes first.
  absl::Time NextWakeup() const;

  // ---- views: each costs what it returns, unless it says otherwise
  // -------------------------------
  bool IsOpen() const;
  PoolStats Pool() const;                  // constant
  std::vector<QueueStats> Queues() const;  // by id
  std::optional<QueueStats> Queue(std::string_view queue_id) const;
  std::vector<OfferView> PendingOffers() const;  // by number
  std::vector<OfferView> PendingOffersOf(std::string_view agent_id) const;
  std::optional<OfferView> PendingOffer(const OfferId& offer) const;
  std::vector<AssignmentView> LiveAssignments() const;  // by id
  std::vector<AssignmentView> LiveAssignmentsOf(std::string_view agent_id) const;
  std::optional<AssignmentView> LiveAssignment(const AssignmentId& assignment) const;
  std::optional<AgentView> Agent(std::string_view agent_id) const;
  std::optional<TicketView> Ticket(std::string_view ticket_id) const;
  // Place among its queue's waiting tickets, the next to be served being 1; 0 while it is offered;
  // none if it is neither. Costs a walk over those before it.
  std::optional<std::size_t> Position(std::string_view ticket_id) const;
  // The first `limit` waiting tickets of a queue, in order: many positions in one walk.
  std::vector<TicketView> Waiting(std::string_view queue_id, std::size_t limit) const;

  // Why does it wait; why has it had none. None if unknown. Cost the agents that fit the ticket's
  // line, and the lines that the agent fits.
  std::optional<TicketExplanation> ExplainTicket(std::string_view ticket_id) const;
  std::optional<AgentExplanation> ExplainAgent(std::string_view agent_id) const;

  // Holds everything that must be true between two events against everything kept; costs a walk
  // over all of it. For tests and debugging.
  absl::Status CheckInvariants() const;

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace muster::engine
