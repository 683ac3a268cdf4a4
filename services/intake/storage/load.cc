#include "services/intake/storage/load.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/db/values.h"
#include "services/intake/storage/rows.h"

namespace muster::intake {
namespace {

constexpr char kLockPools[] = "intake_lock_pools";
constexpr char kLoadPools[] = "intake_load_pools";
constexpr char kDeletedPools[] = "intake_deleted_pools";
constexpr char kLoadTickets[] = "intake_load_tickets";
constexpr char kLoadAnyTickets[] = "intake_load_any_tickets";
constexpr char kLoadQueues[] = "intake_load_queues";
constexpr char kLoadWholePools[] = "intake_load_whole_pools";

template <class Strings>
std::string Texts(const Strings& values) {
  PgArray array;
  for (const std::string& value : values) array.Text(value);
  return array.str();
}

}  // namespace

void PrepareLoad(pqxx::connection& connection) {
  // A ticket never changes its pool, so that one can be found without a lock. In order of id, so
  // that two batches never wait for each other.
  constexpr char kPools[] =
      "pool_id = ANY (ARRAY(SELECT unnest($1::text[]) UNION SELECT pool_id FROM intake.any_ticket "
      "WHERE ticket_id = ANY ($2::text[]))) ORDER BY pool_id";
  PrepareNow(connection, kLockPools,
             absl::StrCat("SELECT FROM intake.pool WHERE ", kPools, " FOR NO KEY UPDATE"));
  PrepareNow(
      connection, kLoadPools,
      absl::StrCat("SELECT ", kPoolColumns, ", base_revision FROM intake.pool_now WHERE ", kPools));
  PrepareNow(connection, kDeletedPools,
             "SELECT pool_id, revision FROM intake.deleted_pool "
             "WHERE pool_id = ANY ($1::text[])");
  for (const auto& [name, table] : {std::pair(kLoadTickets, "intake.ticket"),
                                    std::pair(kLoadAnyTickets, "intake.any_ticket")}) {
    PrepareNow(connection, name,
               absl::StrCat("SELECT ", kTicketColumns, " FROM ", table,
                            " WHERE ticket_id = ANY ($1::text[])"));
  }
  // Those named, and those of the tickets named.
  PrepareNow(connection, kLoadQueues,
             absl::StrCat("SELECT ", kQueueColumns,
                          ", waiting, live FROM (SELECT p, q FROM unnest($1::text[], $2::text[]) "
                          "AS named (p, q) UNION SELECT pool_id, queue_id FROM intake.any_ticket "
                          "WHERE ticket_id = ANY ($3::text[])) AS wanted "
                          "JOIN intake.queue_now ON pool_id = p AND queue_id = q"));
  PrepareNow(
      connection, kLoadWholePools,
      absl::StrCat("SELECT ", kQueueColumns,
                   ", waiting, live FROM intake.queue_now WHERE pool_id = ANY ($1::text[])"));
}

void Load(Script& script, const Needs& needs, Workspace* workspace) {
  if (needs.pools.empty() && needs.tickets.empty()) return;
  const std::string tickets = Texts(needs.tickets);
  const std::string pools = Texts(needs.pools);
  // The one lock of a pool: of those named, and those of the tickets named. Who has waited for it
  // has to look anew.
  script.Add(kLockPools, {pools, tickets});
  script.Add(kLoadPools, {pools, tickets}, [workspace](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) {
      workspace->LoadPool(PoolOf(row), row[kPoolWidth].as<int64_t>());
    }
  });
  if (!needs.tickets.empty()) {
    script.Add(kLoadAnyTickets, {tickets}, [workspace](const pqxx::result& rows) {
      for (const pqxx::row& row : rows) workspace->LoadTicket(TicketOf(row));
    });
  }
  const auto load_queues = [workspace](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) {
      workspace->LoadQueue(QueueOf(row), row[kQueueWidth].as<int64_t>(),
                           row[kQueueWidth + 1].as<int64_t>());
    }
  };
  if (!needs.queues.empty() || !needs.tickets.empty()) {
    PgArray pool_ids, queue_ids;
    for (const auto& [pool_id, queue_id] : needs.queues) {
      pool_ids.Text(pool_id);
      queue_ids.Text(queue_id);
    }
    script.Add(kLoadQueues, {pool_ids.str(), queue_ids.str(), tickets}, load_queues);
  }
  if (needs.whole_pools.empty()) return;
  const std::string whole = Texts(needs.whole_pools);
  script.Add(kLoadWholePools, {whole}, load_queues);
  // What a deleted one has left counts only where there is none now: LoadPool goes first.
  script.Add(kDeletedPools, {whole}, [workspace](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) {
      workspace->LoadDeletedPool(TextOf(row[0]), row[1].as<int64_t>());
    }
  });
}

void LoadTickets(Script& script, const Needs& needs, std::vector<Ticket>* tickets) {
  if (needs.tickets.empty()) return;
  script.Add(kLoadTickets, {Texts(needs.tickets)}, [tickets](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) tickets->push_back(TicketOf(row));
  });
}

}  // namespace muster::intake
