#include "services/intake/storage/sweep.h"

#include "absl/strings/str_cat.h"
#include "common/db/request_log.h"
#include "common/db/values.h"

namespace muster::intake {

int64_t SweepRequests(pqxx::work& tx, absl::Time now) {
  return DeleteRequestsBefore(tx, "intake", now - kRequestMemory, kMaxSwept);
}

SweptPool SweepDeletedPools(pqxx::work& tx) {
  const pqxx::result pools = tx.exec(
      "SELECT pool_id, revision FROM intake.deleted_pool WHERE NOT swept "
      "ORDER BY pool_id LIMIT 1 FOR UPDATE SKIP LOCKED");
  if (pools.empty()) return {};
  const std::string pool_id = TextOf(pools[0][0]);
  const int64_t revision = pools[0][1].as<int64_t>();
  int64_t left = kMaxSwept;
  const auto sweep = [&](const char* table, const char* key, const char* revision_of) {
    const std::string sql = absl::StrCat(
        "DELETE FROM ", table, " WHERE pool_id = $1 AND ", key, " IN (SELECT ", key, " FROM ",
        table, " WHERE pool_id = $1 AND ", revision_of, " <= $2 ORDER BY ", key, " LIMIT $3)");
    const auto deleted =
        static_cast<int64_t>(tx.exec_params(sql, pool_id, revision, left).affected_rows());
    left -= deleted;
    return deleted;
  };
  const int64_t tickets = sweep("intake.ticket", "ticket_id", "revision") +
                          sweep("intake.archived_ticket", "ticket_id", "revision");
  sweep("intake.pool_change", "from_revision", "to_revision");
  sweep("intake.deleted_queue", "revision", "revision");
  if (left > 0) {
    tx.exec_params("UPDATE intake.deleted_pool SET swept = true WHERE pool_id = $1", pool_id);
  }
  return {.tickets = tickets, .more = left == 0};
}

// A change that feeds still tell of must find its ticket where it was.
ArchivedTickets ArchiveTickets(pqxx::work& tx, absl::Time end, const std::string& after) {
  const pqxx::result rows = tx.exec_params(
      "WITH looked AS (SELECT ticket_id, create_time FROM intake.ticket WHERE ticket_id > $1 "
      "ORDER BY ticket_id LIMIT $3), moved AS (DELETE FROM intake.ticket t USING looked l, "
      "intake.pool p WHERE t.ticket_id = l.ticket_id AND p.pool_id = t.pool_id "
      "AND t.end_time < $2 AND t.revision <= p.purged_revision RETURNING t.*), "
      "kept AS (INSERT INTO intake.archived_ticket SELECT * FROM moved RETURNING 1) "
      "SELECT (SELECT count(*) FROM kept), count(*), max(ticket_id), max(create_time) < $2 "
      "FROM looked",
      after, ToTimestamp(end), kMaxSwept);
  ArchivedTickets archived{.count = rows[0][0].as<int64_t>()};
  const bool more = rows[0][1].as<int64_t>() == kMaxSwept && rows[0][3].as<bool>();
  if (more) archived.go_on_after = TextOf(rows[0][2]);
  return archived;
}

SweptChanges SweepChanges(pqxx::work& tx, absl::Time now) {
  const std::string before = ToTimestamp(now - kChangeMemory);
  // The newest change stays: it says what revision the pool is at. One pool at a time, so that
  // their order is no matter.
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
