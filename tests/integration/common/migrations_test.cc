#include "common/db/migrations.h"

#include <thread>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common_test_migrations.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster {
namespace {

const std::vector<Migration> kTwo = {{1, "0001_a", "CREATE TABLE a (n int)"},
                                     {2, "0002_b", "CREATE TABLE b (n int)"}};

std::string Query(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction tx(connection);
  return tx.exec(sql)[0][0].c_str();
}

TEST_CASE("migrations make the schema once", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  absl::Time now = absl::FromUnixSeconds(1767225600);
  for (int i = 0; i < 2; ++i) {
    absl::Status status = Migrate(options, "intake", kTwo, now + i * absl::Hours(1));
    INFO(status.ToString());
    REQUIRE(status.ok());
  }
  CHECK(Query(options.url,
              "SELECT count(*) FROM intake.migration WHERE applied_at = "
              "'2026-01-01 00:00:00+00'") == "2");
  CHECK(Query(options.url, "SELECT count(*) FROM intake.a, intake.b") == "0");
}

TEST_CASE("a new migration is added to those that are there", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(Migrate(options, "intake", absl::MakeSpan(kTwo).first(1)).ok());
  REQUIRE(Migrate(options, "intake", kTwo).ok());
  CHECK(Query(options.url, "SELECT max(number) FROM intake.migration") == "2");
}

TEST_CASE("schemas do not get into each other's way", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(Migrate(options, "intake", kTwo).ok());
  REQUIRE(Migrate(options, "matcher", kTwo).ok());
  CHECK(Query(options.url, "SELECT count(*) FROM intake.a, matcher.a") == "0");
}

TEST_CASE("an applied migration must not change", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(Migrate(options, "intake", kTwo).ok());
  std::vector<Migration> changed = kTwo;
  changed[0].sql += " ";
  absl::Status status = Migrate(options, "intake", changed);
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(ErrorReason(status) == "MIGRATION_CHANGED");
}

TEST_CASE("an old program refuses a newer database", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(Migrate(options, "intake", kTwo).ok());
  absl::Status status = Migrate(options, "intake", absl::MakeSpan(kTwo).first(1));
  CHECK(ErrorReason(status) == "MIGRATION_UNKNOWN");
}

TEST_CASE("a migration that fails leaves nothing behind", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  std::vector<Migration> broken = kTwo;
  broken[1].sql = "CREATE TABLE a (n int)";
  CHECK_FALSE(Migrate(options, "intake", broken).ok());
  CHECK(Query(options.url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'intake'") == "0");
}

TEST_CASE("numbers must have no gaps, and a schema a plain name", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  CHECK(absl::IsInvalidArgument(Migrate(options, "intake", {{2, "0002_a", "SELECT 1"}})));
  for (const char* schema : {"", "a.b", "a b", "A", "1a", "a;drop"}) {
    CAPTURE(schema);
    CHECK(absl::IsInvalidArgument(Migrate(options, schema, kTwo)));
  }
}

TEST_CASE("of several that migrate at once, one does it and all succeed", "[migrations]") {
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  std::vector<Migration> slow = kTwo;
  slow[0].sql += "; SELECT pg_sleep(0.1)";
  std::vector<absl::Status> statuses(4);
  std::vector<std::thread> threads;
  for (absl::Status& status : statuses) {
    threads.emplace_back([&] { status = Migrate(options, "intake", slow); });
  }
  for (auto& thread : threads) thread.join();
  for (const absl::Status& status : statuses) {
    CAPTURE(status.ToString());
    CHECK(status.ok());
  }
  CHECK(Query(options.url, "SELECT count(*) FROM intake.migration") == "2");
}

TEST_CASE("the build embeds SQL files as they are", "[migrations]") {
  const std::vector<Migration>& embedded = common_test_migrations();
  REQUIRE(embedded.size() == 3);
  CHECK(embedded[0].number == 1);
  CHECK(embedded[0].name == "0001_request");
  CHECK(embedded[0].sql.find("; \\ \" ${x} [[ ]] \xc3\xa4\n") != std::string::npos);
  CHECK(embedded[1].number == 2);
  DatabaseOptions options{.url = SharedPostgres().CreateDatabase()};
  REQUIRE(Migrate(options, "notes", embedded).ok());
  CHECK(Query(options.url, "INSERT INTO notes.note VALUES (1) RETURNING text") == "a;b\\c\"d${e}");
}

TEST_CASE("without a database the answer is UNAVAILABLE, to be tried again", "[migrations]") {
  CHECK(absl::IsUnavailable(
      Migrate({.url = "postgresql://postgres@127.0.0.1:1/postgres"}, "intake", kTwo)));
}

}  // namespace
}  // namespace muster
