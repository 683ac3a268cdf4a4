// Two accounts of one day: what the services have on record, and what they told their customers and
// agents. `checks.h` holds them against each other.
//
// Plain values. Times are the services' own (from their answers), except where a field says it was
// taken here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace muster::replay {

enum class TicketState { kQueued, kAssigned, kResolved, kCancelled, kExpired, kHeld };
enum class AssignmentState { kActive, kWrapUp, kCompleted, kTransferred, kLost };

const char* Name(TicketState state);
const char* Name(AssignmentState state);

// What intake has on record.
struct TicketRecord {
  std::string id;
  TicketState state = TicketState::kQueued;
  absl::Time created;
  std::optional<absl::Time> assigned;
  std::optional<absl::Time> ended;  // resolved, cancelled or expired
  std::string agent;                // who serves or served it; empty if nobody
  std::string assignment;
};

// What the matcher has on record.
struct AssignmentRecord {
  std::string id;
  std::string ticket;
  std::string agent;
  AssignmentState state = AssignmentState::kActive;
  absl::Time started;
  std::optional<absl::Time> ended;
  int64_t weight = 1;
  std::string disposition;
  bool customer_left = false;  // ended because the customer's cancellation came first
};

// A ticket whose creation was acknowledged.
struct ToldTicket {
  std::string id;
  absl::Time created;
  // What became of the customer's cancellation, if there was one and it was answered.
  enum class Cancel { kNone, kDone, kRefused };
  Cancel cancel = Cancel::kNone;
  std::optional<absl::Time> cancelled;  // as the answer has it
};

// An assignment that was confirmed to an agent.
struct ToldAssignment {
  std::string id;
  std::string ticket;
  std::string agent;
  absl::Time started;
  absl::Time from;                  // taken here, when the confirmation came
  std::optional<absl::Time> until;  // taken here, when the agent was done or was told of the end
  bool completed = false;           // the agent's completion was acknowledged
  bool customer_left = false;       // the agent was told that the customer left
  std::string disposition;          // as the agent gave it
};

struct History {
  std::vector<TicketRecord> tickets;
  std::vector<AssignmentRecord> assignments;
  std::vector<ToldTicket> told_tickets;
  std::vector<ToldAssignment> told_assignments;
  int64_t capacity = 1;  // of every agent
};

}  // namespace muster::replay
