// The records on a PostgreSQL that goes away, and what the database itself refuses.
#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/db/database.h"
#include "common/db/migrations.h"
#include "matcher_migrations.h"
#include "services/matcher/storage/postgres_store.h"
#include "tests/integration/matcher/records/store_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster::matcher {
namespace {

TEST_CASE("nothing acknowledged is lost when PostgreSQL dies, nothing is done twice") {
  PrivatePostgres server({.fsync = true});
  DatabaseOptions database{.url = server.CreateDatabase(), .connections = 1};
  REQUIRE(MigrateRecords(database).ok());
  PostgresStore store({.database = database});
  int64_t epoch = Take(store, "bank");

  std::atomic<int> done = 0;
  std::vector<absl::StatusOr<Outcome>> outcomes;
  std::thread writer([&] {
    for (int n = 1; n <= 400; ++n) {
      RecordAssignment assigned =
          Assigning("bank", epoch, n, absl::StrCat("t-", n), absl::StrCat("a-", n % 7));
      assigned.capacity = 1000;
      outcomes.push_back(Submit(store, assigned));
      ++done;
    }
  });
  for (int restart = 0; restart < 2; ++restart) {
    int seen = done;
    while (done < std::min(seen + 60, 400)) std::this_thread::yield();
    server.Restart("immediate");
  }
  writer.join();
  int acknowledged = 0;
  for (const auto& outcome : outcomes) acknowledged += outcome.ok();
  CHECK(acknowledged == 400);  // each was tried until it was on record
  std::vector<Assignment> live = Live(store, "bank");
  CHECK(live.size() == 400);

  // The loads are those of the assignments: a commit in doubt was not counted twice.
  Connection connection(database);
  int64_t units = 0;
  REQUIRE(connection
              .Transact(
                  [&](pqxx::work& tx) {
                    units = tx.exec("SELECT sum(units) FROM matcher.agent_load")[0][0].as<int>();
                    return absl::OkStatus();
                  },
                  absl::InfiniteFuture())
              .ok());
  CHECK(units == 400);
}

// The matcher's code is not the last guard: the schema refuses by itself.
TEST_CASE("the schema itself holds the two great rules") {
  DatabaseOptions database{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(MigrateRecords(database).ok());
  Connection connection(database);
  auto run = [&](const std::string& sql) {
    return connection.Transact(
        [&](pqxx::work& tx) {
          tx.exec(sql);
          return absl::OkStatus();
        },
        absl::InfiniteFuture());
  };
  auto assign = [](int sequence, const char* ticket) {
    return absl::StrCat(
        "INSERT INTO matcher.live_assignment (pool_id, ticket_id, sequence, queue_id, agent_id, "
        "weight, state, ticket_create_time, offer_time, offer_expire_time, accept_time, capacity) "
        "VALUES "
        "('bank', '",
        ticket, "', ", sequence, ", 'q', 'ann', 1, 1, now(), now(), now(), now(), 2)");
  };
  REQUIRE(run(assign(1, "t-1")).ok());
  CHECK(ErrorReason(run(assign(2, "t-1"))) == "UNIQUE_VIOLATION");
  CHECK(ErrorReason(run(assign(1, "t-2"))) == "UNIQUE_VIOLATION");
  CHECK(run(assign(2, "t-2")).ok());
  CHECK(run("INSERT INTO matcher.agent_load (pool_id, agent_id, changes, units, capacity) "
            "VALUES ('bank', 'ann', 0, 2, 2)")
            .ok());
  CHECK(ErrorReason(run("UPDATE matcher.agent_load SET units = 3")) == "CONSTRAINT_VIOLATION");
  CHECK(ErrorReason(run("UPDATE matcher.agent_load SET units = -1")) == "CONSTRAINT_VIOLATION");
}

// What 0005 makes of the loads before it: they are there, and go on over many versions of their
// key.
TEST_CASE("a schema from before loads had versions in their key is brought up") {
  DatabaseOptions database{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(Migrate(database, "matcher", absl::MakeSpan(matcher_migrations()).first(4)).ok());
  Connection connection(database);
  const auto ask = [&](const std::string& sql) {
    std::string answer;
    const absl::Status status = connection.Transact(
        [&](pqxx::work& tx) {
          const pqxx::result rows = tx.exec(sql);
          if (!rows.empty()) answer = rows[0][0].c_str();
          return absl::OkStatus();
        },
        absl::InfiniteFuture());
    INFO(status);
    REQUIRE(status.ok());
    return answer;
  };
  ask("INSERT INTO matcher.agent_load VALUES ('bank', 'ann', 1, 2)");
  REQUIRE(MigrateRecords(database).ok());
  CHECK(ask("SELECT units FROM matcher.agent_load") == "1");

  PostgresStore store({.database = database});
  const int64_t epoch = Take(store, "bank");
  const auto assign = [&](int n) {
    const RecordAssignment assigned = Assigning("bank", epoch, n, absl::StrCat("t-", n));
    return std::pair(assigned, Submit(store, assigned).status());
  };
  for (int n = 1; n <= 40; ++n) {
    const auto [assigned, status] = assign(n);
    REQUIRE(status.ok());
    REQUIRE(Submit(store, Completing(assigned)).ok());
  }
  CHECK(ask("SELECT units || ' ' || changes || ' ' || generation FROM matcher.agent_load") ==
        "1 80 2");
  REQUIRE(assign(41).second.ok());
  CHECK(ErrorReason(assign(42).second) == "CAPACITY_EXCEEDED");
}

TEST_CASE("migrations are applied once") {
  DatabaseOptions database{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(MigrateRecords(database).ok());
  CHECK(MigrateRecords(database).ok());
}

TEST_CASE("without a database, writes wait for their deadline and reads fail") {
  DatabaseOptions database{.url = "postgresql://nobody@127.0.0.1:1/none", .connections = 1};
  PostgresStore store({.database = database});
  auto outcome = Await<Outcome>([&](Store::Done<Outcome> done) {
    store.Submit(Assigning("bank", 1, 1, "t-1"), SystemClock().Now() + absl::Milliseconds(200),
                 std::move(done));
  });
  CHECK(outcome.status().code() == absl::StatusCode::kDeadlineExceeded);
  CHECK_FALSE(store.Healthy());
  CHECK(Get(store, "bank/1/1").status().code() == absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace muster::matcher
