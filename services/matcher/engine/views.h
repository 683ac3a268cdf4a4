// What the engine shows of itself: snapshots by value, taken between two events.
//
//   for (const OfferView& offer : engine.PendingOffersOf("ann")) Send(offer.ticket_id,
//   offer.deadline);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/matcher/engine/decision.h"
#include "services/matcher/engine/types.h"

namespace muster::engine {

struct QueueStats {
  std::string queue_id;
  std::uint64_t waiting = 0;  // not offered to anyone at this moment
  std::uint64_t offered = 0;
  std::uint64_t assigned = 0;  // ACTIVE assignments
  std::uint64_t wrap_up = 0;
  std::uint64_t unservable =
      0;  // of waiting: no registered agent meets the demands, present or not
  std::optional<absl::Time> oldest_create_time;  // of waiting and offered
};

struct PoolStats {
  std::uint64_t agents = 0;  // registered
  std::uint64_t online = 0;  // presence ONLINE
  std::uint64_t idle = 0;    // of online: connected, without offer or assignment
  std::uint64_t busy = 0;    // with an assignment, whatever the presence
  std::uint64_t paused = 0;
  std::uint64_t draining = 0;
  std::uint64_t busy_units = 0;      // of assignments of agents ONLINE or DRAINING
  std::uint64_t reserved_units = 0;  // of their unanswered offers
  std::uint64_t capacity_units = 0;  // of agents ONLINE or DRAINING
  std::uint64_t waiting = 0;         // tickets, over all queues
  std::uint64_t offered = 0;
  std::uint64_t assigned = 0;
  std::uint64_t wrap_up = 0;

  friend bool operator==(const PoolStats&, const PoolStats&) = default;
};

struct OfferView {
  OfferId offer;
  std::string ticket_id;
  std::string agent_id;
  std::string queue_id;
  std::uint32_t weight = 1;
  absl::Time make_time;
  absl::Time deadline;
  absl::Duration offer_timeout;
  bool acknowledged = false;
};

struct AssignmentView {
  AssignmentId assignment;
  std::string ticket_id;
  std::string agent_id;
  std::string queue_id;
  std::uint32_t weight = 1;
  AssignmentState state = AssignmentState::kActive;
  absl::Time assign_time;
  absl::Time wrap_up_deadline = absl::InfiniteFuture();
};

struct AgentView {
  std::string agent_id;
  bool registered = false;  // false: removed, or not yet heard of, with assignments still open
  Presence presence = Presence::kOffline;
  bool connected = false;
  std::uint32_t capacity = 0;
  std::uint32_t busy_units = 0;
  std::uint32_t reserved_units = 0;
  absl::Time idle_since;
};

struct TicketView {
  std::string ticket_id;
  std::string queue_id;
  TicketState state = TicketState::kWaiting;
  absl::Time create_time;
  absl::Duration priority_ahead;                    // the queue's and its own
  absl::Time expire_time = absl::InfiniteFuture();  // if it still waits then
};

// Why a ticket waits.
struct TicketExplanation {
  std::string ticket_id;
  std::string queue_id;
  TicketState state = TicketState::kWaiting;
  bool queue_known = true;              // false: it waits for its queue to be told
  bool paused = false;                  // its queue or pool makes no offers, or matching is closed
  std::optional<std::size_t> position;  // among its queue's, see Engine::Position
  int relax_step = 0;                   // steps taken
  absl::Time next_step_at = absl::InfiniteFuture();
  Terms terms;                 // as of `now` of the last Apply, without an agent's
  std::uint32_t fitting = 0;   // registered agents that meet the demands of this step
  std::uint32_t eligible = 0;  // of them: could take it at once
  Ineligible ineligible;
  std::uint32_t refusals = 0;
  std::vector<std::string> offered_to;
  std::string reserved_for;   // transferred to this agent
  std::string claimed_agent;  // whose units are kept for it, see engine.h
  bool unservable = false;    // nobody registered fits, not even at the last step
};

// Why an agent has, or has not, been offered anything.
struct AgentExplanation {
  struct DeclinedTicket {
    std::string ticket_id;
    absl::Time until;  // it may not see it again before
  };
  struct Line {
    std::string queue_id;
    int relax_step = 0;
    std::uint64_t waiting = 0;
    std::uint32_t agents_ahead = 0;  // idle agents that would be asked before it
  };
  std::string agent_id;
  bool registered = false;
  Presence presence = Presence::kOffline;
  bool connected = false;
  std::uint32_t capacity = 0;
  std::uint32_t free_units = 0;
  std::uint32_t open_offers = 0;
  absl::Duration idle_credit;  // what its idleness counts now
  std::uint32_t ignored_in_a_row = 0;
  std::string claimed_by;     // the heavy ticket that it is kept for
  std::uint64_t waiting = 0;  // tickets in all lines that it fits
  std::vector<Line> lines;    // that it fits, by queue and step
  std::vector<DeclinedTicket> declined;
};

}  // namespace muster::engine
