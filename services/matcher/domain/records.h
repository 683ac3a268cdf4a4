// Offers and assignments as they stand on record.
//
// Plain values, without behaviour: safe to copy to any thread. The numbers of the enums are those
// of muster.matcher.v1 and of the tables; never give one another meaning.
//
//   Assignment a{.assignment_id = "bank/3/17", .pool_id = "bank", .ticket_id = "t-1", ...};
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster::matcher {

enum class OfferState : int {
  kPending = 1,
  kAccepted = 2,
  kDeclined = 3,
  kExpired = 4,
  kRevoked = 5,
};

enum class AssignmentState : int {
  kActive = 1,
  kWrapUp = 2,
  kCompleted = 3,
  kTransferred = 4,
  kLost = 5,
};

// What `end_reason` of an assignment may be; part of the API.
namespace end_reason {
inline constexpr char kCompleted[] = "completed";
inline constexpr char kAfterWorkElapsed[] = "after_work_elapsed";
inline constexpr char kCustomerLeft[] = "customer_left";
inline constexpr char kTransferred[] = "transferred";
inline constexpr char kRequeued[] = "requeued";
inline constexpr char kLost[] = "agent_lost";
}  // namespace end_reason

struct Offer {
  std::string offer_id;  // "<pool>/<epoch>/<number>", see work_id.h
  std::string pool_id;
  std::string ticket_id;
  std::string queue_id;
  std::string agent_id;
  OfferState state = OfferState::kPending;
  std::string reason;  // why it was declined or revoked
  absl::Time ticket_create_time;
  absl::Time create_time;
  std::optional<absl::Time> receive_time;  // when the agent's device reported its receipt
  absl::Time expire_time;                  // when it expires, or would have
  std::optional<absl::Time> end_time;      // when it left PENDING

  friend bool operator==(const Offer&, const Offer&) = default;
};

struct Assignment {
  std::string assignment_id;  // the accepted offer's
  std::string pool_id;
  std::string ticket_id;
  std::string queue_id;
  std::string agent_id;
  int weight = 1;  // units of the agent's capacity
  AssignmentState state = AssignmentState::kActive;
  std::string end_reason;  // see above; empty while live
  std::string disposition;
  std::string note;
  absl::Time ticket_create_time;
  absl::Time offer_time;
  std::optional<absl::Time> offer_receive_time;
  absl::Time offer_expire_time;
  absl::Time accept_time;
  std::optional<absl::Time> wrap_up_time;
  std::optional<absl::Time> wrap_up_until;  // when its after-work time runs out
  std::optional<absl::Time> end_time;

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

inline bool IsLive(AssignmentState state) {
  return state == AssignmentState::kActive || state == AssignmentState::kWrapUp;
}

// Where operations, or the loss of its agent, last moved a ticket.
struct TicketMove {
  std::string pool_id;
  std::string ticket_id;
  std::string queue_id;             // empty: it stayed in its queue
  std::string preferred_agent_id;   // empty: for nobody in particular
  bool interrupted = false;         // its agent was lost in the middle of the work, now or before
  std::string reason;               // in the caller's words
  std::string ended_assignment_id;  // empty: nobody was at work on it
  absl::Time time;
  // Of the progress entry that tells intake. If intake's ticket carries a smaller one, it has not
  // heard of this move, and has to be told again.
  int64_t progress_revision = 0;

  friend bool operator==(const TicketMove&, const TicketMove&) = default;
};

}  // namespace muster::matcher
