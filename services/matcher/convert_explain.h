// Decisions and explanations, from the engine's values to the contract's messages and to bytes.
//
// Threading: pure functions.
//
//   DecisionRecord record = ToDecisionRecord("bank/3/17", *made.decision);
//   v1::Decision told = ToProto(recorded);
#pragma once

#include <set>
#include <string>

#include "absl/time/time.h"
#include "muster/matcher/v1/explain.pb.h"
#include "services/matcher/domain/decision_record.h"
#include "services/matcher/engine/decision.h"
#include "services/matcher/engine/views.h"

namespace muster::matcher {

// Most lines, and most declined tickets, that an explanation of an agent lists.
inline constexpr size_t kMaxExplained = 100;

DecisionRecord ToDecisionRecord(const std::string& offer_id, const engine::Decision& decision);
// `open` are the offers that are open now, by id. Bytes that are no decision give one without
// terms.
v1::Decision ToProto(const RecordedDecision& decision, const std::set<std::string>& open);

v1::TicketExplanation ToProto(const engine::TicketExplanation& explanation);
v1::AgentExplanation ToProto(const engine::AgentExplanation& explanation);

}  // namespace muster::matcher
