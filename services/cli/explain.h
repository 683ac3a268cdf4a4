// Decisions and explanations in plain words: what the record says, and nothing beside it.
//
// Threading: pure functions.
//
//   Print(TicketText(response, ticket));
#pragma once

#include <string>

#include "muster/availability/v1/agent.pb.h"
#include "muster/intake/v1/ticket.pb.h"
#include "muster/matcher/v1/explain.pb.h"

namespace muster::cli {

// "waited 42.0s, +30.0s as its target was near, -10.0s for what ann misses of what is wanted".
std::string TermsText(const matcher::v1::Terms& terms, const std::string& agent_id);
// "7 agents could not: 3 lack a skill, 2 are offline, 1 is busy, 1 declined it"; "" if all could.
std::string IneligibleText(const matcher::v1::Ineligible& ineligible);
// Why it was made, who came next, who could not, and what became of it: a line each.
std::string DecisionText(const matcher::v1::Decision& decision);

// `ticket` is intake's word, `agent` availability's.
std::string TicketText(const matcher::v1::ExplainTicketResponse& response,
                       const intake::v1::Ticket& ticket);
std::string AgentText(const matcher::v1::ExplainAgentResponse& response,
                      const availability::v1::Agent& agent);

}  // namespace muster::cli
