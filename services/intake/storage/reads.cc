#include "services/intake/storage/reads.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/db/script.h"
#include "common/db/values.h"
#include "services/intake/storage/rows.h"

namespace muster::intake {
namespace {

// Most rows a statement brings at a time: a ticket may have 256 KiB.
constexpr int kSnapshotChunk = 500;

absl::Status Missing(const char* kind, const char* field, const std::string& id) {
  absl::Status status = NotFound(kind, id);
  SetErrorField(status, field);
  return status;
}

template <class T, class Read>
std::vector<T> All(const pqxx::result& rows, Read read) {
  std::vector<T> values;
  values.reserve(rows.size());
  for (const pqxx::row& row : rows) values.push_back(read(row));
  return values;
}

// One snapshot of the database for all statements of the transaction.
void FreezeView(pqxx::work& tx) {
  tx.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
}

// The pool's row with its base and purged revisions behind the usual columns.
pqxx::result PoolRow(pqxx::work& tx, const std::string& pool_id) {
  return tx.exec_params(absl::StrCat("SELECT ", kPoolColumns,
                                     ", base_revision, purged_revision "
                                     "FROM intake.pool_now WHERE pool_id = $1"),
                        pool_id);
}

bool AllLive(const std::vector<TicketState>& states) {
  return !states.empty() && std::all_of(states.begin(), states.end(), IsLive);
}

std::string StateNumbers(const std::vector<TicketState>& states) {
  return absl::StrJoin(states, ", ", [](std::string* out, TicketState state) {
    absl::StrAppend(out, static_cast<int>(state));
  });
}

void ReadChangedQueues(pqxx::work& tx, PoolChange& change) {
  change.queues = All<Queue>(
      tx.exec_params(absl::StrCat("SELECT ", kQueueColumns,
                                  " FROM intake.queue WHERE pool_id = $1 AND revision > $2 "
                                  "AND revision <= $3 ORDER BY revision"),
                     change.pool_id, change.from_revision, change.to_revision),
      QueueOf);
  // A queue that was made anew since is told of as it is now, when its turn comes.
  const pqxx::result gone = tx.exec_params(
      "SELECT queue_id, max(revision) FROM intake.deleted_queue d WHERE pool_id = $1 "
      "AND revision > $2 AND revision <= $3 AND NOT EXISTS (SELECT FROM intake.queue q "
      "WHERE q.pool_id = d.pool_id AND q.queue_id = d.queue_id) "
      "GROUP BY queue_id ORDER BY max(revision)",
      change.pool_id, change.from_revision, change.to_revision);
  for (const pqxx::row& row : gone) {
    change.deleted_queues.push_back({TextOf(row[0]), row[1].as<int64_t>()});
  }
}

// Each with the change that was its last, in order. Read in the order of the changes, the first
// `limit` are found without a look at the rest.
std::vector<Ticket> ReadChangedTickets(pqxx::work& tx, const std::string& pool_id, int64_t after,
                                       int limit) {
  ReadInKeyOrder(tx);
  return All<Ticket>(
      tx.exec_params(absl::StrCat("SELECT ", kTicketColumns,
                                  " FROM intake.pool_change c "
                                  "CROSS JOIN LATERAL unnest(ticket_ids) AS changed (id) "
                                  "JOIN intake.ticket ON ticket_id = changed.id "
                                  "AND revision > from_revision AND revision <= to_revision "
                                  "WHERE c.pool_id = $1 AND to_revision > $2 AND from_revision >= "
                                  "coalesce((SELECT from_revision FROM intake.pool_change "
                                  "WHERE pool_id = $1 AND from_revision <= $2 "
                                  "ORDER BY from_revision DESC LIMIT 1), $2) "
                                  "AND revision > $2 ORDER BY from_revision, revision LIMIT $3"),
                     pool_id, after, limit),
      TicketOf);
}

// The feed of a pool that is gone: that it is gone.
absl::StatusOr<PoolChange> ChangesOfDeleted(pqxx::work& tx, const std::string& pool_id,
                                            int64_t after) {
  const pqxx::result rows =
      tx.exec_params("SELECT revision FROM intake.deleted_pool WHERE pool_id = $1", pool_id);
  if (rows.empty()) return Missing("pool", "pool_id", pool_id);
  const int64_t revision = rows[0][0].as<int64_t>();
  if (after > revision) return OutOfRange("REVISION_UNKNOWN", "the pool never was at it");
  return PoolChange{
      .pool_id = pool_id, .from_revision = after, .to_revision = revision, .pool_deleted = true};
}

}  // namespace

absl::StatusOr<Pool> SelectPool(pqxx::work& tx, const std::string& pool_id) {
  const pqxx::result rows = PoolRow(tx, pool_id);
  if (rows.empty()) return Missing("pool", "pool_id", pool_id);
  return PoolOf(rows[0]);
}

absl::StatusOr<Queue> SelectQueue(pqxx::work& tx, const std::string& pool_id,
                                  const std::string& queue_id) {
  const pqxx::result rows =
      tx.exec_params(absl::StrCat("SELECT ", kQueueColumns,
                                  " FROM intake.queue WHERE pool_id = $1 AND queue_id = $2"),
                     pool_id, queue_id);
  if (!rows.empty()) return QueueOf(rows[0]);
  MUSTER_RETURN_IF_ERROR(SelectPool(tx, pool_id).status());
  return Missing("queue", "queue_id", queue_id);
}

absl::StatusOr<Ticket> SelectTicket(pqxx::work& tx, const std::string& ticket_id) {
  const pqxx::result rows = tx.exec_params(
      absl::StrCat(
          "SELECT ", kTicketColumns,
          " FROM intake.any_ticket t WHERE ticket_id = $1 AND EXISTS (SELECT FROM intake.pool "
          "p WHERE p.pool_id = t.pool_id AND p.base_revision < t.revision)"),
      ticket_id);
  if (rows.empty()) return Missing("ticket", "ticket_id", ticket_id);
  return TicketOf(rows[0]);
}

std::vector<Pool> SelectPools(pqxx::work& tx, const std::string& after, int limit) {
  return All<Pool>(
      tx.exec_params(
          absl::StrCat("SELECT ", kPoolColumns,
                       " FROM intake.pool_now WHERE pool_id > $1 ORDER BY pool_id LIMIT $2"),
          after, limit),
      PoolOf);
}

absl::StatusOr<std::vector<Queue>> SelectQueues(pqxx::work& tx, const std::string& pool_id,
                                                const std::string& after, int limit) {
  MUSTER_RETURN_IF_ERROR(SelectPool(tx, pool_id).status());
  return All<Queue>(tx.exec_params(absl::StrCat("SELECT ", kQueueColumns,
                                                " FROM intake.queue WHERE pool_id = $1 "
                                                "AND queue_id > $2 ORDER BY queue_id LIMIT $3"),
                                   pool_id, after, limit),
                    QueueOf);
}

absl::StatusOr<std::vector<Ticket>> SelectTickets(pqxx::work& tx, const TicketFilter& filter,
                                                  const std::string& after, int limit) {
  const pqxx::result pool = PoolRow(tx, filter.pool_id);
  if (pool.empty()) return Missing("pool", "pool_id", filter.pool_id);
  const bool live = AllLive(filter.states);
  std::string sql =
      absl::StrCat("SELECT ", kTicketColumns, " FROM intake.", live ? "ticket" : "any_ticket",
                   " WHERE pool_id = $1 AND revision > $2"
                   " AND ($3 = '' OR queue_id = $3) AND ($4 = '' OR customer_id = $4)");
  // Said in the index's own words, the partial index of live tickets serves.
  if (live) absl::StrAppend(&sql, " AND ", kLive);
  if (!filter.states.empty()) {
    absl::StrAppend(&sql, " AND state IN (", StateNumbers(filter.states), ")");
  }
  absl::StrAppend(&sql, " AND ($5 = '' OR ticket_id ", filter.newest_first ? "<" : ">",
                  " $5) ORDER BY ticket_id", filter.newest_first ? " DESC" : "", " LIMIT $6");
  return All<Ticket>(tx.exec_params(sql, filter.pool_id, pool[0][kPoolWidth].as<int64_t>(),
                                    filter.queue_id, filter.customer_id, after, limit),
                     TicketOf);
}

absl::StatusOr<PoolSnapshot> SelectSnapshot(pqxx::work& tx, const std::string& pool_id) {
  FreezeView(tx);
  PoolSnapshot snapshot;
  MUSTER_ASSIGN_OR_RETURN(snapshot.pool, SelectPool(tx, pool_id));
  snapshot.queues = All<Queue>(
      tx.exec_params(absl::StrCat("SELECT ", kQueueColumns,
                                  " FROM intake.queue WHERE pool_id = $1 ORDER BY queue_id"),
                     pool_id),
      QueueOf);
  std::string after;
  while (true) {
    const pqxx::result rows = tx.exec_params(
        absl::StrCat("SELECT ", kTicketColumns, " FROM intake.ticket WHERE pool_id = $1 AND ",
                     kLive, " AND ticket_id > $2 ORDER BY ticket_id LIMIT $3"),
        pool_id, after, kSnapshotChunk);
    for (const pqxx::row& row : rows) snapshot.tickets.push_back(TicketOf(row));
    if (rows.size() < kSnapshotChunk) return snapshot;
    after = snapshot.tickets.back().ticket_id;
  }
}

absl::StatusOr<PoolChange> SelectChanges(pqxx::work& tx, const std::string& pool_id, int64_t after,
                                         int limit) {
  FreezeView(tx);
  const pqxx::result pool = PoolRow(tx, pool_id);
  if (pool.empty()) return ChangesOfDeleted(tx, pool_id, after);
  const int64_t current = PoolOf(pool[0]).revision;
  if (after > current) {
    return OutOfRange("REVISION_UNKNOWN", absl::StrCat("the pool is only at ", current));
  }
  const int64_t purged = pool[0][kPoolWidth + 1].as<int64_t>();
  if (after < purged) {
    return OutOfRange("REVISION_PURGED", absl::StrCat("changes are kept from ", purged, " on"));
  }
  PoolChange change{.pool_id = pool_id, .from_revision = after, .to_revision = current};
  change.tickets = ReadChangedTickets(tx, pool_id, after, limit);
  // A full page: it is complete up to its last ticket, and the rest comes with the next one.
  if (change.tickets.size() == static_cast<size_t>(limit)) {
    change.to_revision = change.tickets.back().revision;
  }
  ReadChangedQueues(tx, change);
  Pool now = PoolOf(pool[0]);
  if (now.update_revision > after && now.update_revision <= change.to_revision) {
    change.pool = std::move(now);
  }
  return change;
}

Store::Revisions SelectRevisions(pqxx::work& tx, const std::vector<std::string>& pool_ids) {
  Store::Revisions revisions;
  const std::string ids = TextArray(pool_ids);
  for (const pqxx::row& row :
       tx.exec_params("SELECT pool_id, revision FROM intake.deleted_pool "
                      "WHERE pool_id = ANY ($1::text[]) UNION ALL SELECT pool_id, revision "
                      "FROM intake.pool_now WHERE pool_id = ANY ($1::text[])",
                      ids)) {
    int64_t& revision = revisions[TextOf(row[0])];
    revision = std::max(revision, row[1].as<int64_t>());
  }
  return revisions;
}

std::map<std::string, int64_t> SelectWaiting(pqxx::work& tx) {
  ReadInKeyOrder(tx);  // the newest version of each count, not all to be sorted
  std::map<std::string, int64_t> waiting;
  for (const pqxx::row& row : tx.exec("SELECT pool_id, coalesce(sum(waiting), 0)::bigint "
                                      "FROM intake.pool LEFT JOIN intake.queue_now USING (pool_id) "
                                      "GROUP BY pool_id")) {
    waiting[TextOf(row[0])] = row[1].as<int64_t>();
  }
  return waiting;
}

}  // namespace muster::intake
