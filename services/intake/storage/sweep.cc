#include "services/intake/storage/sweep.h"

#include "common/db/request_log.h"
#include "common/db/values.h"

namespace muster::intake {

int64_t SweepRequests(pqxx::work& tx, absl::Time now) {
  return DeleteRequestsBefore(tx, "intake", now - kRequestMemory, kMaxSwept);
}

int64_t SweepTickets(pqxx::work& tx) {
  const pqxx::result pools = tx.exec(
      "SELECT pool_id, revision FROM intake.deleted_pool WHERE NOT swept "
      "ORDER BY pool_id LIMIT 1 FOR UPDATE SKIP LOCKED");
  if (pools.empty()) return 0;
  const std::string pool_id = TextOf(pools[0][0]);
  const int64_t deleted = static_cast<int64_t>(
      tx.exec_params("DELETE FROM intake.ticket WHERE ticket_id IN (SELECT ticket_id "
                     "FROM intake.ticket WHERE pool_id = $1 AND revision <= $2 LIMIT $3)",
                     pool_id, pools[0][1].as<int64_t>(), kMaxSwept)
          .affected_rows());
  if (deleted < kMaxSwept) {
    tx.exec_params("UPDATE intake.deleted_pool SET swept = true WHERE pool_id = $1", pool_id);
  }
  return deleted;
}

int64_t SweepDeletedQueues(pqxx::work& tx, absl::Time now) {
  // The pool's lock first, as every writer takes it; one pool at a time, so order is no matter.
  const pqxx::result oldest = tx.exec_params(
      "SELECT pool_id FROM intake.deleted_queue WHERE delete_time < $1 "
      "ORDER BY delete_time LIMIT 1",
      ToTimestamp(now - kDeletedQueueMemory));
  if (oldest.empty()) return 0;
  const std::string pool_id = TextOf(oldest[0][0]);
  tx.exec_params("SELECT FROM intake.pool WHERE pool_id = $1 FOR NO KEY UPDATE", pool_id);
  const pqxx::result purged = tx.exec_params(
      "WITH gone AS (DELETE FROM intake.deleted_queue WHERE pool_id = $1 AND delete_time < $2 "
      "RETURNING revision) SELECT count(*), coalesce(max(revision), 0) FROM gone",
      pool_id, ToTimestamp(now - kDeletedQueueMemory));
  tx.exec_params(
      "UPDATE intake.pool SET purged_revision = greatest(purged_revision, $2) WHERE pool_id = $1 "
      "AND revision >= $2",
      pool_id, purged[0][1].as<int64_t>());
  return purged[0][0].as<int64_t>();
}

}  // namespace muster::intake
