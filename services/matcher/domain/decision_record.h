// A decision as it is kept: its keys, and the rest as bytes.
//
// Plain values: safe to copy to any thread.
//
//   DecisionRecord record{.offer_id = "bank/3/17", .ticket_id = "t-1", .agent_id = "ann", ...};
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/matcher/domain/records.h"

namespace muster::matcher {

struct DecisionRecord {
  std::string offer_id;  // its pool is the decision's
  std::string ticket_id;
  std::string agent_id;
  absl::Time time;
  std::string body;  // a muster.matcher.v1.Decision without the fields above

  friend bool operator==(const DecisionRecord&, const DecisionRecord&) = default;
};

// And what became of its offer, if that is on record.
struct RecordedDecision {
  DecisionRecord decision;
  std::optional<OfferState> outcome;
  std::string outcome_reason;
  std::optional<absl::Time> outcome_time;

  friend bool operator==(const RecordedDecision&, const RecordedDecision&) = default;
};

}  // namespace muster::matcher
