// Rows of intake's tables as values of the domain, and back.
//
// Threading: pure functions. They throw what libpqxx throws.
//
//   pqxx::result rows = tx.exec_params(Select(kTicketColumns, "intake.ticket WHERE ..."), ...);
//   for (const pqxx::row& row : rows) tickets.push_back(TicketOf(row));
#pragma once

#include "common/db/pqxx_compat.h"
#include "services/intake/domain/pool.h"
#include "services/intake/domain/ticket.h"

namespace muster::intake {

// Columns in the order that the readers below expect. Those of a pool are from the view pool_now.
inline constexpr char kPoolColumns[] =
    "pool_id, display_name, revision, update_revision, create_time, update_time, rules";
inline constexpr char kQueueColumns[] =
    "pool_id, queue_id, display_name, required_skills, weight, priority_ahead_ms, target_wait_ms, "
    "offer_timeout_ms, time_to_live_ms, after_work_time_ms, most_waiting, revision, create_time, "
    "update_time, rules";
inline constexpr char kTicketColumns[] =
    "body, queue_id, preferred_agent_id, state, assign_time, end_time, agent_id, "
    "agent_display_name, assignment_id, end_reason, requeue_count, revision, progress_revision, "
    "hold_time, refusal_count, interrupted";
// Those that live, as the index ticket_live has them.
inline constexpr char kLive[] = "end_time IS NULL";

// How many columns each takes.
inline constexpr int kPoolWidth = 7;
inline constexpr int kQueueWidth = 15;
inline constexpr int kTicketWidth = 16;

Pool PoolOf(const pqxx::row& row);
Queue QueueOf(const pqxx::row& row);
Ticket TicketOf(const pqxx::row& row);

}  // namespace muster::intake
