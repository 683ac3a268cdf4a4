// What the engine wants done, in the order in which it is to be done. See engine.h.
//
// An effect with an `act` other than 0 is the answer to the event with that token. Several effects
// may follow from one act; only one carries the token.
//
// Text is viewed, not copied: it is valid until the next Apply.
//
//   for (const Effect& e : effects) std::visit([&](const auto& x) { shell.Do(x); }, e);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/matcher/engine/decision.h"
#include "services/matcher/engine/types.h"

namespace muster::engine {

// Show the ticket to the agent. The offer ends at `deadline` unless it is acknowledged before.
struct MakeOffer {
  OfferId offer;
  std::string_view ticket_id;
  std::string_view agent_id;
  std::string_view queue_id;
  std::uint32_t weight = 1;
  absl::Time make_time;
  absl::Time deadline;           // to acknowledge
  absl::Duration offer_timeout;  // to answer, from the acknowledgement
  absl::Duration waited;         // by the ticket, since its creation
};

// The device has shown the offer: this is the final deadline. Answers OfferReceived.
struct MoveDeadline {
  OfferId offer;
  std::string_view agent_id;
  absl::Time deadline;
  ActToken act = 0;
};

// The offer is over; each offer made ends with exactly one of these. Tell the agent if the outcome
// is kExpired or kRevoked. kAccepted is followed at once by its Assign; kDeclined answers
// OfferDeclined.
struct EndOffer {
  OfferId offer;
  std::string_view ticket_id;
  std::string_view agent_id;
  std::string_view queue_id;
  OfferOutcome outcome = OfferOutcome::kRevoked;
  std::string_view reason;  // of kExpired and kRevoked; else empty
  absl::Time make_time;
  absl::Time end_time;
  ActToken act = 0;
};

// Store the assignment (its id is its offer's), then tell the agent and intake; if it cannot be
// stored, say AssignmentFailed. The engine counts it as made already. Answers OfferAccepted.
struct Assign {
  AssignmentId assignment;
  std::string_view ticket_id;
  std::string_view agent_id;
  std::string_view queue_id;
  std::uint32_t weight = 1;
  absl::Time create_time;  // of the ticket
  absl::Time make_time;    // of the offer
  absl::Time assign_time;
  absl::Duration waited;  // from the ticket's creation to assign_time
  ActToken act = 0;
};

// The conversation is over (the ticket is RESOLVED), after-work runs to `deadline`. Answers
// WrapUpStarted.
struct StartWrapUp {
  AssignmentId assignment;
  std::string_view ticket_id;
  std::string_view agent_id;
  std::string_view queue_id;
  absl::Time start_time;
  absl::Time deadline;
  ActToken act = 0;
};

// The assignment is over and its capacity free. `reason`: COMPLETED_BY_AGENT, NO_AFTER_WORK,
// AFTER_WORK_ELAPSED, CUSTOMER_LEFT, TICKET_CLOSED; REQUEUED or TRANSFERRED (then the assignment is
// TRANSFERRED) and AGENT_LOST (then it is LOST): the ticket lives on, and RequeueTicket or
// HoldTicket follows. Tell the agent unless it asked for
// it.
struct EndAssignment {
  AssignmentId assignment;
  std::string_view ticket_id;
  std::string_view agent_id;
  std::string_view queue_id;
  AssignmentState from = AssignmentState::kActive;  // kActive: the ticket is RESOLVED by this
  std::string_view reason;
  absl::Time end_time;
  ActToken act = 0;
};

// The ticket goes back: tell intake that it is QUEUED, in `queue_id`. Answers
// TicketRequeued and TicketTransferred. `agent_id` is the agent that it is reserved for, or empty.
struct RequeueTicket {
  std::string_view ticket_id;
  std::string_view queue_id;
  std::string_view agent_id;
  std::string_view reason;  // REQUEUED, TRANSFERRED or AGENT_LOST
  ActToken act = 0;
};

// The ticket has waited as long as its queue lets it: tell intake. The engine has forgotten it.
struct ExpireTicket {
  std::string_view ticket_id;
  std::string_view queue_id;
  absl::Time create_time;
  absl::Time expire_time;
};

// Nobody wants the ticket (TOO_MANY_REFUSALS): tell intake that it is HELD, for operations to look
// at. The engine has forgotten it; back in the queue it comes as a new TicketQueued.
struct HoldTicket {
  std::string_view ticket_id;
  std::string_view queue_id;
  std::string_view reason;
  std::uint32_t refusals = 0;  // declined, ignored, or lost by an agent
  absl::Time create_time;
};

// The agent does not react (IGNORED_OFFERS): tell availability that it is PAUSED, and why. It gets
// no offers until its next AgentChanged.
struct PauseAgent {
  std::string_view agent_id;
  std::string_view reason;
  std::uint32_t ignored = 0;  // offers in a row
};

// Why the offer just made was made. Only if EngineOptions::record_decisions. The decision is the
// engine's, and valid until the next Apply.
struct DecisionMade {
  const Decision* decision = nullptr;
};

// The agent has a new session: send it again what it has (never empty), oldest first.
struct ResendToAgent {
  std::string_view agent_id;
  std::string_view session_id;
  std::vector<OfferId> offers;
  std::vector<AssignmentId> assignments;
};

// The act had been done already, by the same agent: nothing changes, and it is no error.
struct Unchanged {
  OfferId offer;  // or assignment; zero for other acts
  ActToken act = 0;
};

// The act was refused and changed nothing. With act 0: a fact that was beyond a limit, or an act
// that nobody waits for.
struct Reject {
  absl::StatusCode code = absl::StatusCode::kFailedPrecondition;
  std::string_view reason;  // see types.h, `reason`
  std::string subject;      // what it is about: "offer 1/17", "ticket t-1", ...
  ActToken act = 0;
};

using Effect = std::variant<MakeOffer, MoveDeadline, EndOffer, Assign, StartWrapUp, EndAssignment,
                            RequeueTicket, ExpireTicket, HoldTicket, PauseAgent, DecisionMade,
                            ResendToAgent, Unchanged, Reject>;
using Effects = std::vector<Effect>;

// One line, the same for equal effects on every machine and in every build: replays are compared by
// it.
std::string DebugString(const Effect& effect);

// "1/17": epoch and number.
std::string DebugString(const OfferId& id);

}  // namespace muster::engine
