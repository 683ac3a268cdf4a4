// What mutations mean, apart from SQL: the order in which a batch is applied, and what to answer
// when a change did not match what is on record. The PostgreSQL store and the fake share it.
//
// Threading: pure functions.
//
//   std::vector<int> waves = PlanWaves(steps);
//   absl::StatusOr<Outcome> outcome = SettleEnd(mutation, store.Find(mutation.assignment_id));
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/matcher/domain/records.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

// A wave applies all its ends, then all its wrap-ups, then all its assignments: a statement each.
enum class Phase : int { kEnd = 0, kWrapUp = 1, kAssign = 2 };

struct Step {
  Phase phase = Phase::kEnd;
  std::string_view pool_id;
  std::string_view ticket_id;
};

// The wave of each step, from 0, as few as keep these orders: the steps of one ticket as they
// stand; an assignment not before an end that precedes it, whose capacity it may need.
std::vector<int> PlanWaves(absl::Span<const Step> steps);

// An assignment on record, and the request that ended it.
struct Recorded {
  Assignment assignment;
  std::string request_id;
};
using Found = std::optional<Recorded>;

// Whether the mutation is one at all; INVALID_ARGUMENT that names the field if not.
absl::Status Check(const Mutation& mutation);

// Of something done to this assignment.
Outcome OutcomeOf(const Assignment& assignment);

// For changes that found nothing to change: `found` is the assignment of that id, if there is one.
absl::StatusOr<Outcome> SettleAssign(const RecordAssignment& mutation, const Found& found);
absl::StatusOr<Outcome> SettleWrapUp(const StartWrapUp& mutation, const Found& found);
absl::StatusOr<Outcome> SettleEnd(const EndAssignment& mutation, const Found& found);

// The end that a move asks for; none if nobody was at work.
std::optional<EndAssignment> EndOf(const RecordMove& mutation);

absl::Status EpochLost(std::string_view pool_id);
absl::Status CapacityExceeded(const RecordAssignment& mutation);
absl::Status TicketNotLive(std::string_view ticket_id);

}  // namespace muster::matcher
