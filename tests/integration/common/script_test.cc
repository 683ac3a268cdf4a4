#include "common/db/script.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/db/database.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster {
namespace {

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

void Prepare(pqxx::connection& connection) {
  pqxx::nontransaction(connection).exec("CREATE TABLE IF NOT EXISTS t (n int PRIMARY KEY, s text)");
  PrepareNow(connection, "put", "INSERT INTO t VALUES ($1::int, $2::text)");
  PrepareNow(connection, "texts", "SELECT s FROM t ORDER BY n");
}

class Table {
 public:
  Table() : connection_({.url = SharedPostgres().CreateDatabase()}, Prepare) {}

  absl::Status Write(const std::function<absl::Status(WriteTransaction&)>& body) {
    return connection_.Write(body, Soon());
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> texts;
    const absl::Status status = Write([&](WriteTransaction& tx) {
      Script script(tx);
      script.Add("texts", {}, [&](const pqxx::result& rows) {
        for (const pqxx::row& row : rows) texts.push_back(row[0].c_str());
      });
      script.Run();
      return absl::OkStatus();
    });
    INFO(status.ToString());
    REQUIRE(status.ok());
    return texts;
  }

 private:
  Connection connection_;
};

TEST_CASE("a script's statements are answered in order, and see each other", "[script]") {
  Table table;
  std::vector<std::string> heard;
  const absl::Status status = table.Write([&](WriteTransaction& tx) {
    Script script(tx);
    script.Add("texts", {},
               [&](const pqxx::result& r) { heard.push_back(absl::StrCat(r.size())); });
    script.Add("put", {"1", "it's; \\ $1 \"q\""},
               [&](const pqxx::result& r) { heard.push_back(absl::StrCat(r.affected_rows())); });
    script.Add("texts", {}, [&](const pqxx::result& r) { heard.push_back(r[0][0].c_str()); });
    script.Run();
    CHECK(heard == std::vector<std::string>{"0", "1", "it's; \\ $1 \"q\""});
    script.Run();  // says nothing, since nothing was added
    return absl::OkStatus();
  });
  CHECK(status.ok());
  CHECK(heard.size() == 3);
  CHECK(table.Texts().size() == 1);
}

TEST_CASE("all scripts of a transaction are one: both or none", "[script]") {
  Table table;
  const auto put = [](WriteTransaction& tx, const char* n) {
    Script script(tx);
    script.Add("put", {n, n});
    script.Run();
  };
  CHECK(ErrorReason(table.Write([&](WriteTransaction& tx) {
          put(tx, "1");
          put(tx, "2");
          return FailedPrecondition("NO", "not these");
        })) == "NO");
  CHECK(table.Texts().empty());
  CHECK_FALSE(table
                  .Write([&](WriteTransaction& tx) -> absl::Status {
                    put(tx, "1");
                    throw std::runtime_error("oops");
                  })
                  .ok());
  CHECK(table.Texts().empty());
  CHECK(table
            .Write([&](WriteTransaction& tx) {
              put(tx, "1");
              put(tx, "2");
              return absl::OkStatus();
            })
            .ok());
  CHECK(table.Texts() == std::vector<std::string>{"1", "2"});
}

TEST_CASE("the first error ends a script, and the connection goes on", "[script]") {
  Table table;
  for (int i = 0; i < 20; ++i) {
    bool heard = false;
    const auto hear = [&](const pqxx::result&) { heard = true; };
    const absl::Status status = table.Write([&](WriteTransaction& tx) {
      Script script(tx);
      script.Add("put", {"1", "x"}, hear);
      script.Add("put", {"1", "again"}, hear);
      script.Add("put", {"2", "y"}, hear);
      script.Add("texts", {}, hear);
      script.Run();
      return absl::OkStatus();
    });
    CAPTURE(status.ToString());
    CHECK(ErrorReason(status) == "UNIQUE_VIOLATION");
    CHECK_FALSE(heard);
    CHECK(table.Texts().empty());
  }
}

TEST_CASE("a transaction that says nothing costs nothing", "[script]") {
  Table table;
  CHECK(table.Write([](WriteTransaction&) { return absl::OkStatus(); }).ok());
  CHECK(ErrorReason(table.Write([](WriteTransaction&) {
          return FailedPrecondition("NO", "nothing to undo");
        })) == "NO");
  CHECK(table.Texts().empty());
}

}  // namespace
}  // namespace muster
