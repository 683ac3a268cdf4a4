// The contract suite on PostgreSQL, and what only PostgreSQL can do.
#include "services/intake/storage/postgres_store.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/db/database.h"
#include "common/db/migrations.h"
#include "intake_migrations.h"
#include "services/intake/convert/answer.h"
#include "tests/support/postgres.h"
#include "tests/unit/intake/store_tester.h"

namespace muster::intake {
namespace {

DatabaseOptions NewDatabase() {
  DatabaseOptions options;
  options.url = SharedPostgres().CreateDatabase();
  absl::Status status = PostgresStore::MigrateSchema(options);
  INFO(status);
  REQUIRE(status.ok());
  return options;
}

Mutation NewTicket(const std::string& pool_id, const std::string& request_id) {
  Ticket ticket;
  ticket.ticket_id = NewId("t");
  ticket.pool_id = pool_id;
  ticket.queue_id = "q";
  ticket.customer_id = "c";
  return {.act = CreateTicket{ticket},
          .request = {request_id, 1},
          .now = absl::FromUnixSeconds(1'700'000'000)};
}

// What the committer does: again while the whole batch could not be applied.
Applied ApplyAgain(PostgresStore& store, const std::vector<Mutation>& batch) {
  while (true) {
    absl::StatusOr<Applied> applied = store.Apply(batch);
    if (applied.ok()) return *std::move(applied);
    if (!absl::IsAborted(applied.status())) throw std::runtime_error(Describe(applied.status()));
  }
}

}  // namespace

std::unique_ptr<Store> NewStore() { return std::make_unique<PostgresStore>(NewDatabase()); }

namespace {

TEST_CASE("a node does not decide on what another has changed meanwhile", "[postgres]") {
  const DatabaseOptions options = NewDatabase();
  PostgresStore here(options), there(options);
  // At once, not again: the store itself reads anew when something is not as it knew it.
  const auto apply = [](PostgresStore& store, Mutation mutation) {
    absl::StatusOr<Applied> applied = store.Apply({&mutation, 1});
    INFO(applied.status());
    REQUIRE(applied.ok());
    return applied->outcomes.at(0);
  };
  const auto limit_there = [&](int64_t most_waiting) {
    REQUIRE(
        apply(there,
              {.act = UpdateQueue{{.pool_id = "p", .queue_id = "q", .most_waiting = most_waiting}}})
            .ok());
  };
  REQUIRE(apply(there, {.act = CreatePool{{.pool_id = "p"}}}).ok());
  REQUIRE(apply(there, {.act = CreateQueue{{.pool_id = "p", .queue_id = "q"}}}).ok());
  for (int i = 0; i < 3; ++i) {  // each makes what the other knows old
    CHECK(apply(here, NewTicket("p", "")).ok());
    CHECK(apply(here, NewTicket("p", "")).ok());
    CHECK(apply(there, NewTicket("p", "")).ok());
  }
  limit_there(9);
  CHECK(absl::IsResourceExhausted(apply(here, NewTicket("p", "")).status()));
  limit_there(10);
  const Mutation tenth = NewTicket("p", "tenth");
  const absl::StatusOr<Outcome> first = apply(here, tenth);
  REQUIRE(first.ok());
  const Ticket ticket = std::get<Ticket>(*first);
  for (PostgresStore* store : {&here, &there}) {  // another ticket id: the first answer counts
    const absl::StatusOr<Outcome> again = apply(*store, NewTicket("p", "tenth"));
    REQUIRE(again.ok());
    CHECK(std::get<Ticket>(*again).ticket_id == ticket.ticket_id);
  }
  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options);
  CHECK(t.Waiting() == std::map<std::string, int64_t>{{"p", 10}});
  // A ticket that the other node has ended cannot be cancelled here.
  CHECK(apply(there, {.act = CancelTicket{.ticket_id = ticket.ticket_id}}).ok());
  CHECK(ErrorReason(apply(here, {.act = CancelTicket{.ticket_id = ticket.ticket_id}}).status()) ==
        "TICKET_ENDED");
  CHECK(apply(here, NewTicket("p", "")).ok());
  CHECK(absl::IsResourceExhausted(apply(there, NewTicket("p", "")).status()));
}

TEST_CASE("two nodes write to the same pools without loss, gap or deadlock", "[postgres]") {
  const DatabaseOptions options = NewDatabase();
  PostgresStore setup(options);
  constexpr int kBatches = 40;
  for (const char* pool_id : {"a", "b"}) {
    ApplyAgain(setup, {{.act = CreatePool{{.pool_id = pool_id}}}});
    ApplyAgain(setup, {{.act = CreateQueue{{.pool_id = pool_id, .queue_id = "q"}}}});
  }
  std::vector<std::vector<PoolChange>> changes(2);
  std::vector<std::thread> nodes;
  for (int node = 0; node < 2; ++node) {
    nodes.emplace_back([&, node] {
      PostgresStore store(options);
      for (int i = 0; i < kBatches; ++i) {
        // The pools in one order here and in the other there; every request on both nodes.
        const std::string id = std::to_string(i);
        std::vector<Mutation> batch = {NewTicket(node == 0 ? "a" : "b", "x" + id),
                                       NewTicket(node == 0 ? "b" : "a", "y" + id),
                                       NewTicket("a", NewId("r"))};
        for (PoolChange& change : ApplyAgain(store, batch).changes) {
          changes[node].push_back(std::move(change));
        }
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  // The x and y of one node are other tickets than those of the other: the first to come counts.
  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options);
  std::map<std::string, std::map<int64_t, int64_t>> steps;  // pool: from -> to
  for (const auto& node : changes) {
    for (const PoolChange& change : node) {
      CHECK(steps[change.pool_id].emplace(change.from_revision, change.to_revision).second);
    }
  }
  size_t tickets = 0;
  for (const char* pool_id : {"a", "b"}) {
    int64_t revision = 2;
    for (const auto& [from, to] : steps[pool_id]) {
      CHECK(from == revision);
      revision = to;
    }
    PoolSnapshot snapshot = t.Snapshot(pool_id).value();
    CHECK(snapshot.pool.revision == revision);
    CHECK(t.Waiting()[pool_id] == static_cast<int64_t>(snapshot.tickets.size()));
    tickets += snapshot.tickets.size();
  }
  CHECK(tickets == 4 * kBatches);
}

TEST_CASE("two nodes that make the same pool at once make one", "[postgres]") {
  const DatabaseOptions options = NewDatabase();
  for (int round = 0; round < 10; ++round) {
    const std::string pool_id = "p" + std::to_string(round);
    std::atomic<int> made = 0, refused = 0;
    std::vector<std::thread> nodes;
    for (int node = 0; node < 2; ++node) {
      nodes.emplace_back([&] {
        PostgresStore store(options);
        Applied applied = ApplyAgain(store, {{.act = CreatePool{{.pool_id = pool_id}}}});
        if (applied.outcomes[0].ok()) {
          ++made;
        } else if (ErrorReason(applied.outcomes[0].status()) == "POOL_ALREADY_EXISTS") {
          ++refused;
        }
      });
    }
    for (std::thread& node : nodes) node.join();
    CHECK(made == 1);
    CHECK(refused == 1);
  }
}

TEST_CASE("the schema is migrated once, whoever comes first", "[postgres]") {
  const DatabaseOptions options = NewDatabase();
  CHECK(PostgresStore::MigrateSchema(options).ok());
}

// What 0004 makes of the rows of those before it: all of it is there, and goes on.
TEST_CASE("a schema from before changes and counts had their tables is brought up", "[postgres]") {
  DatabaseOptions options;
  options.url = SharedPostgres().CreateDatabase();
  REQUIRE(Migrate(options, "intake", absl::MakeSpan(intake_migrations()).first(3)).ok());
  Connection connection(options);
  const auto ticket_of = [](const char* id) {
    return Ticket{.ticket_id = id, .pool_id = "p", .queue_id = "q", .customer_id = "c"};
  };
  const absl::Status filled = connection.Transact(
      [&](pqxx::work& tx) {
        tx.exec(
            "INSERT INTO intake.pool VALUES ('p', 'Pool', 7, 1, 0, 0, now(), now());"
            "INSERT INTO intake.queue VALUES ('p', 'q', 'Queue', '', 1, 0, 20000, 15000, 86400000, "
            "0, 100, 2, now(), now(), 1, 1);");
        for (const auto& [id, state, end, revision] :
             {std::tuple("t-live", 1, "NULL", 6), std::tuple("t-ended", 4, "now()", 7)}) {
          tx.exec_params(
              absl::StrCat("INSERT INTO intake.ticket VALUES ($1, 'p', 'q', 'c', '', $2, now(), "
                           "NULL, ",
                           end, ", '', '', '', '', 0, $3, 0, $4)"),
              id, state, revision, pqxx::binarystring(SerializeTicket(ticket_of(id))));
        }
        return absl::OkStatus();
      },
      absl::InfiniteFuture());
  INFO(filled);
  REQUIRE(filled.ok());
  REQUIRE(PostgresStore::MigrateSchema(options).ok());

  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options);
  CHECK(t.GetPool("p").value().revision == 7);
  CHECK(t.Waiting() == std::map<std::string, int64_t>{{"p", 1}});
  PoolSnapshot snapshot = t.Snapshot("p").value();
  REQUIRE(snapshot.tickets.size() == 1);
  CHECK(snapshot.tickets[0].ticket_id == "t-live");
  CHECK(ErrorReason(t.Changes("p", 6).status()) == "REVISION_PURGED");
  CHECK(t.Changes("p", 7).value().tickets.empty());
  t.Must<Ticket>(CancelTicket{"t-live", ""});
  CHECK(t.Changes("p", 7).value().tickets.size() == 1);
  CHECK(t.Waiting() == std::map<std::string, int64_t>{{"p", 0}});
  CHECK(t.store->Sweep(t.now + 2 * kChangeMemory).value().changes == 0);
  CHECK(t.MakeTicket().revision == 9);
  CHECK(t.store->Sweep(t.now + 2 * kChangeMemory).value().changes == 1);
  CHECK(ErrorReason(t.Changes("p", 7).status()) == "REVISION_PURGED");
  CHECK(t.Changes("p", 8).value().tickets.size() == 1);
}

TEST_CASE("old changes go, and the pool keeps its revision", "[postgres]") {
  StoreTester t;
  t.MakePool();  // revision 2
  for (int i = 0; i < 3; ++i) t.MakeTicket();
  t.now += kChangeMemory;
  const Ticket young = t.MakeTicket();  // 6
  CHECK(t.store->Sweep(t.now).value().changes == 0);
  CHECK(t.Changes("p", 2).value().tickets.size() == 4);
  t.now += absl::Seconds(1);
  SweepReport report = t.store->Sweep(t.now).value();
  CHECK(report.changes == 5);
  CHECK(report.more);
  CHECK_FALSE(t.store->Sweep(t.now).value().more);
  CHECK(ErrorReason(t.Changes("p", 4).status()) == "REVISION_PURGED");
  CHECK(t.Changes("p", 5).value().tickets == std::vector<Ticket>{young});
  t.now += 2 * kChangeMemory;
  CHECK(t.store->Sweep(t.now).value().changes == 0);  // the newest stays
  CHECK(t.GetPool("p").value().revision == 6);
  // A page may begin in the middle of a batch, too.
  const Applied applied =
      t.Batch({t.MutationOf(CreateTicket{
                   {.ticket_id = NewId("t"), .pool_id = "p", .queue_id = "q", .customer_id = "c"}}),
               t.MutationOf(CancelTicket{young.ticket_id, ""})});
  REQUIRE(applied.changes.at(0).to_revision == 8);
  const PoolChange rest = t.Changes("p", 7).value();
  REQUIRE(rest.tickets.size() == 1);
  CHECK(rest.tickets[0].ticket_id == young.ticket_id);
}

// Two days: so long ago have tickets ended that move.
TEST_CASE("tickets that ended long ago move out, and are found as before", "[postgres]") {
  const DatabaseOptions options = NewDatabase();
  Connection connection(options);
  const auto count = [&](const std::string& table) {
    int64_t rows = 0;
    REQUIRE(connection
                .Transact(
                    [&](pqxx::work& tx) {
                      rows = tx.exec("SELECT count(*) FROM intake." + table)[0][0].as<int64_t>();
                      return absl::OkStatus();
                    },
                    absl::InfiniteFuture())
                .ok());
    return rows;
  };
  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options, absl::Hours(48));
  t.MakePool();
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "gone"}});
  const auto end = [&](const Ticket& ticket) {
    return t.Must<Ticket>(CancelTicket{ticket.ticket_id, "no more"});
  };
  const Ticket waits = t.MakeTicket();
  const Ticket old = end(t.MakeTicket());
  t.now += absl::Hours(48) + absl::Seconds(1);
  // As long as feeds tell of its end, it stays.
  CHECK(t.store->Sweep(t.now).value().archived == 0);
  const Ticket newest = end(t.MakeTicket());
  CHECK(t.store->Sweep(t.now).value().archived == 1);
  CHECK(t.store->Sweep(t.now).value().archived == 0);
  CHECK(count("ticket") == 2);
  CHECK(count("archived_ticket") == 1);

  CHECK(t.GetTicket(old.ticket_id).value() == old);
  CHECK(t.ListTickets({.pool_id = "p"}).value() ==
        std::vector<std::string>{waits.ticket_id, old.ticket_id, newest.ticket_id});
  CHECK(t.ListTickets({.pool_id = "p", .states = {TicketState::kCancelled}, .newest_first = true})
            .value() == std::vector<std::string>{newest.ticket_id, old.ticket_id});
  CHECK(t.Snapshot("p").value().tickets == std::vector<Ticket>{waits});
  CHECK(ErrorReason(t.Try(CancelTicket{old.ticket_id, ""}).status()) == "TICKET_ENDED");
  // Word of it that comes late is answered as before, with that of others in one batch.
  const auto answers = t.Must<std::vector<ProgressAnswer>>(RecordProgress{
      "p", {t.Entry(old, TicketEvent::kAssigned), t.Entry(waits, TicketEvent::kAssigned)}});
  CHECK(answers.at(0).state == TicketState::kCancelled);
  CHECK(answers.at(1).state == TicketState::kAssigned);

  t.Must<Ticket>(CancelTicket{waits.ticket_id, "", true});
  t.Must<Deleted>(DeleteQueue{"p", "gone", ""});
  CHECK(count("deleted_queue") == 1);
  t.Must<Deleted>(DeletePool{"p", ""});
  CHECK(t.store->Sweep(t.now).value().tickets == 3);
  CHECK(count("any_ticket") == 0);
  CHECK(count("pool_change") == 0);
  CHECK(count("deleted_queue") == 0);
  CHECK(count("queue_count") == 0);
}

TEST_CASE("a database that is away is UNAVAILABLE", "[postgres]") {
  DatabaseOptions options;
  options.url = "postgresql://postgres@127.0.0.1:1/none";
  StoreTester t;
  t.store = std::make_unique<PostgresStore>(options);
  CHECK(absl::IsUnavailable(t.store->Apply(std::vector<Mutation>{NewTicket("p", "r")}).status()));
  CHECK(absl::IsUnavailable(t.GetTicket("t-1").status()));
  CHECK(absl::IsUnavailable(t.store->Sweep(t.now).status()));
}

}  // namespace
}  // namespace muster::intake
