#include "common/db/database.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/db/monitor.h"
#include "common/db/read_pool.h"
#include "common/db/values.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"
#include "tests/support/postgres.h"

namespace muster {
namespace {

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

absl::Status Exec(Connection& connection, const std::string& sql) {
  return connection.Transact(
      [&](pqxx::work& tx) {
        tx.exec(sql);
        return absl::OkStatus();
      },
      Soon());
}

int64_t CountOf(Connection& connection, const std::string& table) {
  int64_t count = -1;
  absl::Status status = connection.Transact(
      [&](pqxx::work& tx) {
        count = tx.exec("SELECT count(*) FROM " + table)[0][0].as<int64_t>();
        return absl::OkStatus();
      },
      Soon());
  INFO(status.ToString());
  REQUIRE(status.ok());
  return count;
}

TEST_CASE("a transaction commits when its body is OK, and only then", "[db]") {
  Connection connection({.url = SharedPostgres().CreateDatabase()});
  CHECK_FALSE(connection.connected());
  REQUIRE(Exec(connection, "CREATE TABLE t (n int PRIMARY KEY)").ok());
  CHECK(connection.connected());
  REQUIRE(Exec(connection, "INSERT INTO t VALUES (1)").ok());
  absl::Status refused = connection.Transact(
      [](pqxx::work& tx) {
        tx.exec("INSERT INTO t VALUES (2)");
        return FailedPrecondition("NO", "not this one");
      },
      Soon());
  CHECK(ErrorReason(refused) == "NO");
  absl::Status thrown = connection.Transact(
      [](pqxx::work& tx) -> absl::Status {
        tx.exec("INSERT INTO t VALUES (3)");
        throw std::runtime_error("oops");
      },
      Soon());
  CHECK(thrown.code() == absl::StatusCode::kInternal);
  CHECK(CountOf(connection, "t") == 1);
}

TEST_CASE("errors of the server have canonical codes", "[db]") {
  Connection connection(
      {.url = SharedPostgres().CreateDatabase(), .statement_timeout = absl::Milliseconds(200)});
  REQUIRE(Exec(connection,
               "CREATE TABLE t (n int PRIMARY KEY CHECK (n < 100)); INSERT INTO t VALUES (1)")
              .ok());
  struct Case {
    std::string sql;
    absl::StatusCode code;
    std::string reason;
  };
  std::vector<Case> cases = {
      {"INSERT INTO t VALUES (1)", absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION"},
      {"INSERT INTO t VALUES (100)", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_VIOLATION"},
      {"INSERT INTO t VALUES (NULL)", absl::StatusCode::kFailedPrecondition,
       "CONSTRAINT_VIOLATION"},
      {"INSERT INTO t VALUES (99999999999)", absl::StatusCode::kInvalidArgument, "BAD_DATA"},
      {"SELECT pg_sleep(30)", absl::StatusCode::kUnavailable, "DATABASE_SLOW"},
      {"SELEC", absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {"SELECT * FROM nowhere", absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {"DO $$ BEGIN RAISE serialization_failure; END $$", absl::StatusCode::kAborted,
       "TRANSACTION_CONFLICT"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.sql);
    absl::Status status = Exec(connection, c.sql);
    CAPTURE(status.ToString());
    CHECK(status.code() == c.code);
    CHECK(ErrorReason(status) == c.reason);
    CHECK(connection.connected());  // none of these costs the connection
  }
}

TEST_CASE("no server is UNAVAILABLE", "[db]") {
  Connection connection({.url = "postgresql://postgres@127.0.0.1:1/postgres"});
  absl::Status status = Exec(connection, "SELECT 1");
  CHECK(absl::IsUnavailable(status));
  CHECK(ErrorReason(status) == "DATABASE_UNAVAILABLE");
}

TEST_CASE("a connection cut by the server is made anew by the next call", "[db]") {
  Connection connection({.url = SharedPostgres().CreateDatabase()});
  absl::Status cut = Exec(connection, "SELECT pg_terminate_backend(pg_backend_pid())");
  CHECK(absl::IsUnavailable(cut));
  CHECK_FALSE(connection.connected());
  CHECK(Exec(connection, "SELECT 1").ok());
}

TEST_CASE("a connection is prepared each time it is made", "[db]") {
  Connection connection({.url = SharedPostgres().CreateDatabase()},
                        [](pqxx::connection& c) { c.prepare("twice", "SELECT 2 * $1::int"); });
  auto twice = [](pqxx::work& tx) {
    return tx.exec_prepared("twice", 21)[0][0].as<int>() == 42 ? absl::OkStatus()
                                                               : absl::InternalError("wrong");
  };
  CHECK(connection.Transact(twice, Soon()).ok());
  connection.Interrupt();
  CHECK(absl::IsUnavailable(connection.Transact(twice, Soon())));
  CHECK(connection.Transact(twice, Soon()).ok());
}

TEST_CASE("Interrupt frees a thread that waits for the server", "[db]") {
  Connection connection({.url = SharedPostgres().CreateDatabase()});
  REQUIRE(Exec(connection, "SELECT 1").ok());
  std::atomic<bool> inside{false};
  std::thread other([&] {
    if (Eventually([&] { return inside.load(); })) connection.Interrupt();
  });
  absl::Status status = connection.Transact(
      [&](pqxx::work& tx) {
        inside = true;
        tx.exec("SELECT pg_sleep(4)");
        return absl::OkStatus();
      },
      Soon());
  other.join();
  CHECK(absl::IsUnavailable(status));
}

TEST_CASE("the read pool answers, and cannot write", "[db]") {
  std::string url = SharedPostgres().CreateDatabase();
  Connection setup({.url = url});
  REQUIRE(Exec(setup, "CREATE TABLE t (n int); INSERT INTO t VALUES (7)").ok());
  ReadPool pool({.url = url}, 2);
  int n = 0;
  CHECK(pool.SubmitAndWait(
                [&](pqxx::work& tx) {
                  n = tx.exec("SELECT n FROM t")[0][0].as<int>();
                  return absl::OkStatus();
                },
                Soon())
            .ok());
  CHECK(n == 7);
  absl::Status write = pool.SubmitAndWait(
      [](pqxx::work& tx) {
        tx.exec("INSERT INTO t VALUES (8)");
        return absl::OkStatus();
      },
      Soon());
  CHECK_FALSE(write.ok());
  CHECK(CountOf(setup, "t") == 1);
}

TEST_CASE("typed reads give values and errors", "[db]") {
  ReadPool pool({.url = SharedPostgres().CreateDatabase()}, 1);
  std::atomic<int> got{0};
  std::atomic<bool> missing{false};
  pool.Read<int>([](pqxx::work& tx) { return tx.exec("SELECT 5")[0][0].as<int>(); }, Soon(),
                 [&](absl::StatusOr<int> n) { got = n.value_or(-1); });
  pool.Read<int>([](pqxx::work&) -> absl::StatusOr<int> { return NotFound("ticket", "t-1"); },
                 Soon(), [&](absl::StatusOr<int> n) { missing = absl::IsNotFound(n.status()); });
  CHECK(Eventually([&] { return got == 5 && missing; }));
}

TEST_CASE("a full read queue refuses at once, and an expired read is not run", "[db]") {
  FakeClock clock;
  std::atomic<bool> inside{false}, go{false}, ran{false}, first_ok{false};
  std::atomic<int> refused{0};
  absl::Status late;
  {
    ReadPool pool({.url = SharedPostgres().CreateDatabase()}, 1, 1, clock);
    absl::Time deadline = clock.Now() + absl::Seconds(1);
    pool.Submit(
        [&](pqxx::work&) {
          inside = true;
          return Eventually([&] { return go.load(); }) ? absl::OkStatus()
                                                       : absl::InternalError("stuck");
        },
        absl::InfiniteFuture(), [&](absl::Status status) { first_ok = status.ok(); });
    REQUIRE(Eventually([&] { return inside.load(); }));
    std::atomic<bool> done{false};
    pool.Submit(
        [&](pqxx::work&) {
          ran = true;
          return absl::OkStatus();
        },
        deadline,
        [&](absl::Status status) {
          late = std::move(status);
          done = true;
        });
    pool.Submit([](pqxx::work&) { return absl::OkStatus(); }, deadline,
                [&](absl::Status status) { refused += absl::IsResourceExhausted(status); });
    CHECK(refused == 1);
    clock.Advance(absl::Seconds(2));
    go = true;
    REQUIRE(Eventually([&] { return done.load(); }));
  }
  CHECK(first_ok);
  CHECK(absl::IsDeadlineExceeded(late));
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace muster
