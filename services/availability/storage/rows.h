// Agents as rows: one SELECT list, one way in and out.
//
// Threading: none of its own; used inside a transaction. They throw what libpqxx throws.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "common/db/script.h"
#include "services/availability/domain/agent.h"

namespace muster::availability {

// The columns that AgentOf reads, in its order.
inline constexpr char kAgentColumns[] =
    "a.pool_id, a.agent_id, a.display_name, a.skills, a.skill_levels, a.languages, a.capacity, "
    "a.etag, a.presence, a.presence_reason, a.presence_time, a.connected, a.session_id, "
    "a.node_id, a.session_has_link, a.revision, a.create_time, a.update_time";

Agent AgentOf(const pqxx::row& row);
std::vector<Agent> AgentsOf(const pqxx::result& rows);

// Prepares WriteAgents on a new connection.
void PrepareWriteAgents(pqxx::connection& connection);

// Inserts or replaces; one statement, if there are any.
void WriteAgents(Script& script, absl::Span<const Agent* const> agents);

}  // namespace muster::availability
