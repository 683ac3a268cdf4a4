// The contract suite on PostgreSQL, and what only PostgreSQL can do.
#include "services/intake/storage/postgres_store.h"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "common/base/errors.h"
#include "common/base/ids.h"
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
