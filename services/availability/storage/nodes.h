// Nodes in PostgreSQL: their leases, and what they have to hear of each other. For PostgresStore.
//
// Threading: none of its own; used inside a transaction. They throw what libpqxx throws.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

NodeNews RenewNodeIn(pqxx::work& tx, const Node& node, absl::Duration lease);
void LeaveNodeIn(pqxx::work& tx, const std::string& node_id);
// False if it is back.
bool TakeOverNodeIn(pqxx::work& tx, const std::string& node_id);
std::vector<HeldSession> SessionsHeldBy(pqxx::work& tx, const std::string& node_id);
void ForgetNodeIn(pqxx::work& tx, const std::string& node_id);
// Moves of before `cutoff`, so many at once.
void ForgetMoves(pqxx::work& tx, absl::Time cutoff);

}  // namespace muster::availability
