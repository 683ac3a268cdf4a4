// Rows of the matcher's tables, as values.
//
// Threading: pure functions; they throw what libpqxx throws when a row is not what it should be.
//
//   for (const pqxx::row& row : tx.exec_params(StrCat("SELECT ", kAssignmentColumns, " FROM ...")))
//     assignments.push_back(AssignmentOf(row));
#pragma once

#include "common/db/pqxx_compat.h"
#include "services/matcher/domain/records.h"
#include "services/matcher/storage/rules.h"

namespace muster::matcher {

// Of the view matcher.assignment, in the order that AssignmentOf and RecordedOf read them. The
// request's id comes last.
inline constexpr char kAssignmentColumns[] =
    "pool_id, sequence, ticket_id, queue_id, agent_id, weight, state, ticket_create_time, "
    "offer_time, offer_receive_time, offer_expire_time, accept_time, wrap_up_time, wrap_up_until, "
    "end_time, end_reason, disposition, note, request_id";
// Of the view matcher.offer.
inline constexpr char kOfferColumns[] =
    "pool_id, sequence, ticket_id, queue_id, agent_id, state, reason, ticket_create_time, "
    "create_time, receive_time, expire_time, end_time";
// Of matcher.ticket_move.
inline constexpr char kMoveColumns[] =
    "pool_id, ticket_id, progress_revision, queue_id, preferred_agent_id, reason, ended_sequence, "
    "move_time, interrupted";

Assignment AssignmentOf(const pqxx::row& row);
Recorded RecordedOf(const pqxx::row& row);
Offer OfferOf(const pqxx::row& row);
TicketMove MoveOf(const pqxx::row& row);

}  // namespace muster::matcher
