// Everything that can happen to a pool. See engine.h for how the engine takes them.
//
// Two kinds: facts, which the feeds tell (upserts, so that telling one twice does no harm), and
// acts, which somebody did and waits to hear about. An act carries a token; unless it is 0, exactly
// one effect of the same Apply carries it back (see effect.h, `act`).
//
//   engine.Apply(OfferAccepted{.offer = id, .agent_id = "ann", .act = 7}, now, &effects);
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"
#include "services/matcher/engine/types.h"

namespace muster::engine {

// ---- facts of intake's feed
// ----------------------------------------------------------------------

struct QueueChanged {
  std::string queue_id;
  QueueRules rules;
};

// Offers of its tickets are revoked; the tickets stay known, and wait until the queue is back.
struct QueueRemoved {
  std::string queue_id;
};

// The ticket waits for an agent, with these demands. For a ticket that is offered or assigned only
// the demands are taken over (an offer to an agent that no longer fits is revoked). The shell must
// not pass on a feed's QUEUED that is older than progress which it still has to tell intake.
struct TicketQueued {
  TicketSpec ticket;
};

// The same, but only if the engine has the ticket: for a ticket that intake holds as ASSIGNED, so
// that its demands are known when it comes back to the queue. Never makes a ticket wait.
struct TicketDetailed {
  TicketSpec ticket;
};

enum class GoneReason { kCancelled, kOther };

// The ticket wants nobody any more. An offer is revoked, an ACTIVE assignment ends (CUSTOMER_LEFT
// for kCancelled, else TICKET_CLOSED); one in WRAP_UP goes on. Unknown tickets are ignored.
struct TicketGone {
  std::string ticket_id;
  GoneReason why = GoneReason::kCancelled;
};

// The rules that hold for the whole pool. Without it the defaults hold.
struct PoolChanged {
  PoolRules rules;
};

// ---- facts of availability's feed
// ----------------------------------------------------------------

struct AgentChanged {
  AgentSpec agent;
};

// Its offers are revoked. Its assignments stay, as for an agent that is offline, until they are
// completed, or operations requeue the tickets.
struct AgentRemoved {
  std::string agent_id;
};

// ---- acts of agents
// ------------------------------------------------------------------------------ `agent_id` is who
// acts; empty: operations, which may act for anyone.

// The device showed the offer: the time to answer runs from now. A repeat changes nothing.
struct OfferReceived {
  OfferId offer;
  std::string agent_id;
  ActToken act = 0;
};

struct OfferAccepted {
  OfferId offer;
  std::string agent_id;
  ActToken act = 0;
};

struct OfferDeclined {
  OfferId offer;
  std::string agent_id;
  ActToken act = 0;
};

// The conversation is over, after-work begins.
struct WrapUpStarted {
  AssignmentId assignment;
  std::string agent_id;
  ActToken act = 0;
};

struct AssignmentCompleted {
  AssignmentId assignment;
  std::string agent_id;
  ActToken act = 0;
};

// ---- acts of operations
// --------------------------------------------------------------------------

// Takes the ticket from whoever has it, back to its old place. That agent pays the price of a
// decline.
struct TicketRequeued {
  std::string ticket_id;
  ActToken act = 0;
};

// As requeued, but to another queue or to one agent; the waited time is kept. Exactly one of the
// two is set. A ticket for one agent is offered to nobody else as long as that agent is at work
// (ONLINE or PAUSED) and has not declined it; after that it is its queue's again.
struct TicketTransferred {
  std::string ticket_id;
  std::string to_queue_id;
  std::string to_agent_id;
  ActToken act = 0;
};

// ---- from the shell itself
// -----------------------------------------------------------------------

// A live assignment found in the matcher's tables at start. May come before its ticket, agent and
// queue, and before or after MatchingOpened.
struct AssignmentRestored {
  AssignmentId assignment;
  std::string ticket_id;
  std::string agent_id;
  std::string queue_id;
  std::uint32_t weight = 1;
  AssignmentState state = AssignmentState::kActive;
  absl::Time create_time;  // of the ticket: its place, should it come back to the queue
  absl::Time assign_time;
  absl::Time wrap_up_deadline = absl::InfiniteFuture();  // of kWrapUp
};

// The shell could not store what an Assign effect ordered: as if it never was. The ticket goes back
// to its old place, unless `forget_ticket` (it is no longer ours to give).
struct AssignmentFailed {
  AssignmentId assignment;
  bool forget_ticket = false;
};

// The agent who had it is gone for good: it ends (AGENT_LOST), the ticket goes back to its old
// place, which counts as a refusal. Unknown assignments are ignored.
struct AssignmentLost {
  AssignmentId assignment;
};

// Both feeds' snapshots are in and offers can be delivered: from now on offers are made. An engine
// starts closed.
struct MatchingOpened {};

// A feed or the delivery is gone: unanswered offers are revoked, at no price to anyone, and no new
// ones are made until it opens again. Everything else goes on.
struct MatchingClosed {};

// Nothing but the time; see Engine::NextWakeup().
struct TimePassed {};

using Event = std::variant<QueueChanged, QueueRemoved, TicketQueued, TicketDetailed, TicketGone,
                           AgentChanged, AgentRemoved, OfferReceived, OfferAccepted, OfferDeclined,
                           WrapUpStarted, AssignmentCompleted, TicketRequeued, TicketTransferred,
                           AssignmentRestored, AssignmentFailed, PoolChanged, AssignmentLost,
                           MatchingOpened, MatchingClosed, TimePassed>;

// One line, the same for equal events on every machine.
std::string DebugString(const Event& event);

}  // namespace muster::engine
