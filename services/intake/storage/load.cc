#include "services/intake/storage/load.h"

#include "absl/strings/str_cat.h"
#include "common/db/values.h"
#include "services/intake/storage/rows.h"

namespace muster::intake {
namespace {

constexpr char kPoolsOfTickets[] = "intake_pools_of_tickets";
constexpr char kLockPools[] = "intake_lock_pools";
constexpr char kDeletedPools[] = "intake_deleted_pools";
constexpr char kLoadTickets[] = "intake_load_tickets";
constexpr char kLoadQueues[] = "intake_load_queues";
constexpr char kLoadWholePools[] = "intake_load_whole_pools";

template <class Strings>
std::string Texts(const Strings& values) {
  PgArray array;
  for (const std::string& value : values) array.Text(value);
  return array.str();
}

// The one lock of a pool. In order of id, so that two batches never wait for each other.
void LockPools(pqxx::work& tx, const Needs& needs, Workspace& workspace) {
  for (const pqxx::row& row : tx.exec_prepared(kLockPools, Texts(needs.pools))) {
    workspace.LoadPool(PoolOf(row), row[kPoolWidth].as<int64_t>());
  }
  std::set<std::string> absent;
  for (const std::string& pool_id : needs.whole_pools) {
    if (workspace.pools.count(pool_id) == 0) absent.insert(pool_id);
  }
  if (absent.empty()) return;
  for (const pqxx::row& row : tx.exec_prepared(kDeletedPools, Texts(absent))) {
    workspace.LoadDeletedPool(TextOf(row[0]), row[1].as<int64_t>());
  }
}

void LoadTickets(pqxx::work& tx, Needs& needs, Workspace& workspace) {
  for (const pqxx::row& row : tx.exec_prepared(kLoadTickets, Texts(needs.tickets))) {
    Ticket ticket = TicketOf(row);
    needs.queues.insert({ticket.pool_id, ticket.queue_id});
    workspace.LoadTicket(std::move(ticket));
  }
}

void LoadQueues(pqxx::work& tx, const Needs& needs, Workspace& workspace) {
  const auto load = [&](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) {
      workspace.LoadQueue(QueueOf(row), row[kQueueWidth].as<int64_t>(),
                          row[kQueueWidth + 1].as<int64_t>());
    }
  };
  PgArray pool_ids, queue_ids;
  for (const auto& [pool_id, queue_id] : needs.queues) {
    pool_ids.Text(pool_id);
    queue_ids.Text(queue_id);
  }
  if (!needs.queues.empty()) {
    load(tx.exec_prepared(kLoadQueues, pool_ids.str(), queue_ids.str()));
  }
  if (!needs.whole_pools.empty()) {
    load(tx.exec_prepared(kLoadWholePools, Texts(needs.whole_pools)));
  }
}

}  // namespace

void PrepareLoad(pqxx::connection& connection) {
  connection.prepare(
      kPoolsOfTickets,
      "SELECT DISTINCT pool_id FROM intake.ticket WHERE ticket_id = ANY ($1::text[])");
  connection.prepare(kLockPools, absl::StrCat("SELECT ", kPoolColumns, ", base_revision",
                                              " FROM intake.pool WHERE pool_id = ANY ($1::text[])"
                                              " ORDER BY pool_id FOR NO KEY UPDATE"));
  connection.prepare(kDeletedPools,
                     "SELECT pool_id, revision FROM intake.deleted_pool "
                     "WHERE pool_id = ANY ($1::text[])");
  connection.prepare(kLoadTickets, absl::StrCat("SELECT ", kTicketColumns,
                                                " FROM intake.ticket "
                                                "WHERE ticket_id = ANY ($1::text[])"));
  connection.prepare(kLoadQueues,
                     absl::StrCat("SELECT ", kQueueColumns,
                                  ", waiting, live FROM unnest($1::text[], $2::text[]) "
                                  "AS wanted (p, q) JOIN intake.queue ON pool_id = p "
                                  "AND queue_id = q"));
  connection.prepare(kLoadWholePools, absl::StrCat("SELECT ", kQueueColumns,
                                                   ", waiting, live FROM intake.queue "
                                                   "WHERE pool_id = ANY ($1::text[])"));
}

Workspace Load(pqxx::work& tx, Needs needs) {
  Workspace workspace;
  if (!needs.tickets.empty()) {
    // A ticket never changes its pool, so this needs no lock yet.
    for (const pqxx::row& row : tx.exec_prepared(kPoolsOfTickets, Texts(needs.tickets))) {
      needs.pools.insert(TextOf(row[0]));
    }
  }
  if (needs.pools.empty()) return workspace;
  LockPools(tx, needs, workspace);
  if (!needs.tickets.empty()) LoadTickets(tx, needs, workspace);
  LoadQueues(tx, needs, workspace);
  return workspace;
}

}  // namespace muster::intake
