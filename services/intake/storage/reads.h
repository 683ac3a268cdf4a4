// Intake's questions to the database.
//
// Threading: inside a transaction of a read pool; pure but for that. They throw what libpqxx
// throws.
//
//   reads.Read<Ticket>([id](pqxx::work& tx) { return SelectTicket(tx, id); }, deadline, done);
#pragma once

#include "absl/status/statusor.h"
#include "common/db/pqxx_compat.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

absl::StatusOr<Pool> SelectPool(pqxx::work& tx, const std::string& pool_id);
absl::StatusOr<Queue> SelectQueue(pqxx::work& tx, const std::string& pool_id,
                                  const std::string& queue_id);
absl::StatusOr<Ticket> SelectTicket(pqxx::work& tx, const std::string& ticket_id);

std::vector<Pool> SelectPools(pqxx::work& tx, const std::string& after, int limit);
absl::StatusOr<std::vector<Queue>> SelectQueues(pqxx::work& tx, const std::string& pool_id,
                                                const std::string& after, int limit);
absl::StatusOr<std::vector<Ticket>> SelectTickets(pqxx::work& tx, const TicketFilter& filter,
                                                  const std::string& after, int limit);

// These set the transaction's isolation, so they must come first in it.
absl::StatusOr<PoolSnapshot> SelectSnapshot(pqxx::work& tx, const std::string& pool_id);
absl::StatusOr<PoolChange> SelectChanges(pqxx::work& tx, const std::string& pool_id, int64_t after,
                                         int limit);

Store::Revisions SelectRevisions(pqxx::work& tx, const std::vector<std::string>& pool_ids);
std::map<std::string, int64_t> SelectWaiting(pqxx::work& tx);

}  // namespace muster::intake
