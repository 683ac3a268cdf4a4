#include "services/intake/storage/sweep.h"

#include "common/db/request_log.h"
#include "common/db/values.h"

namespace muster::intake {

int64_t SweepRequests(pqxx::work& tx, absl::Time now) {
  return DeleteRequestsBefore(tx, "intake", now - kRequestMemory, kMaxSwept);
}

int64_t SweepDeletedPools(pqxx::work& tx) {
  const pqxx::result pools = tx.exec(
      "SELECT pool_id, revision FROM intake.deleted_pool WHERE NOT swept "
      "ORDER BY pool_id LIMIT 1 FOR UPDATE SKIP LOCKED");
  if (pools.empty()) return 0;
  const std::string pool_id = TextOf(pools[0][0]);
  const int64_t revision = pools[0][1].as<int64_t>();
  const auto sweep = [&](const char* sql) {
    return static_cast<int64_t>(tx.exec_params(sql, pool_id, revision, kMaxSwept).affected_rows());
  };
  const int64_t tickets = sweep(
      "DELETE FROM intake.ticket WHERE ticket_id IN (SELECT ticket_id FROM intake.ticket "
      "WHERE pool_id = $1 AND revision <= $2 ORDER BY ticket_id LIMIT $3)");
  const int64_t changes = sweep(
      "DELETE FROM intake.pool_change WHERE pool_id = $1 AND from_revision IN (SELECT "
      "from_revision FROM intake.pool_change WHERE pool_id = $1 AND to_revision <= $2 "
      "ORDER BY from_revision LIMIT $3)");
  if (tickets < kMaxSwept && changes < kMaxSwept) {
    tx.exec_params("UPDATE intake.deleted_pool SET swept = true WHERE pool_id = $1", pool_id);
  }
  return tickets;
}

SweptChanges SweepChanges(pqxx::work& tx, absl::Time now) {
  const std::string before = ToTimestamp(now - kChangeMemory);
  // The newest change stays: it says what revision the pool is at. One pool at a time, so that their
  // order is no matter.
  const pqxx::result oldest = tx.exec_params(
      "SELECT p.pool_id FROM intake.pool_now p CROSS JOIN LATERAL (SELECT change_time, to_revision "
      "FROM intake.pool_change c WHERE c.pool_id = p.pool_id AND "
      "c.from_revision >= p.purged_revision ORDER BY c.from_revision LIMIT 1) AS first "
      "WHERE first.change_time < $1 AND first.to_revision < p.revision LIMIT 1",
      before);
  if (oldest.empty()) return {};
  const std::string pool_id = TextOf(oldest[0][0]);
  // The pool's lock first, as every writer takes it.
  tx.exec_params("SELECT FROM intake.pool WHERE pool_id = $1 FOR NO KEY UPDATE", pool_id);
  const pqxx::result pool = tx.exec_params(
      "SELECT revision, purged_revision FROM intake.pool_now WHERE pool_id = $1", pool_id);
  if (pool.empty()) return {};
  const auto revision = pool[0][0].as<int64_t>(), purged = pool[0][1].as<int64_t>();
  // From the oldest on, up to the first that is young.
  const pqxx::result gone = tx.exec_params(
      "WITH first AS (SELECT from_revision, to_revision, change_time < $3 AND to_revision < $4 "
      "AS old FROM intake.pool_change WHERE pool_id = $1 AND from_revision >= $2 "
      "ORDER BY from_revision LIMIT $5), gone AS (DELETE FROM intake.pool_change "
      "WHERE pool_id = $1 AND from_revision >= $2 AND from_revision < (SELECT coalesce("
      "min(from_revision) FILTER (WHERE NOT old), max(to_revision)) FROM first) "
      "RETURNING to_revision) SELECT count(*), coalesce(max(to_revision), 0) FROM gone",
      pool_id, purged, before, revision, kMaxSweptChanges);
  const auto up_to = gone[0][1].as<int64_t>();
  tx.exec_params(
      "UPDATE intake.pool SET purged_revision = greatest(purged_revision, $2) WHERE pool_id = $1",
      pool_id, up_to);
  const pqxx::result queues = tx.exec_params(
      "DELETE FROM intake.deleted_queue WHERE pool_id = $1 AND revision <= $2", pool_id, up_to);
  return {.changes = gone[0][0].as<int64_t>(),
          .deleted_queues = static_cast<int64_t>(queues.affected_rows())};
}

}  // namespace muster::intake
