// Values there and back through a real server.
#include "common/db/values.h"

#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster {
namespace {

// A connection set up as common/db sets it up.
class Session {
 public:
  Session() : connection_(SharedPostgres().Url()), tx_(connection_) {
    tx_.exec("SET TimeZone = 'UTC'");
  }
  pqxx::nontransaction* operator->() { return &tx_; }

 private:
  pqxx::connection connection_;
  pqxx::nontransaction tx_;
};

TEST_CASE("text comes back from an array as it went", "[values]") {
  Session session;
  std::vector<std::string> texts = {"",
                                    "plain",
                                    "a,b",
                                    "{}",
                                    "\"\\'",
                                    "NULL",
                                    "new\nline",
                                    "\t",
                                    "\xc3\xa4\xf0\x9f\x98\x80",
                                    std::string(100'000, 'x')};
  auto rows = session->exec_params("SELECT * FROM unnest($1::text[])", TextArray(texts));
  REQUIRE(rows.size() == texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    CHECK(TextOf(rows[static_cast<int>(i)][0]) == texts[i]);
  }
  auto whole = session->exec_params("SELECT $1::text[]", TextArray(texts));
  CHECK(TextArrayOf(whole[0][0]) == texts);
}

TEST_CASE("bytes come back as they went", "[values]") {
  Session session;
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  PgArray array;
  array.Bytes(all);
  array.Bytes("");
  array.Null();
  auto rows = session->exec_params("SELECT * FROM unnest($1::bytea[])", array.str());
  CHECK(BytesOf(rows[0][0]) == all);
  CHECK(BytesOf(rows[1][0]).empty());
  CHECK(rows[2][0].is_null());
}

TEST_CASE("times come back to the microsecond", "[values]") {
  Session session;
  std::vector<absl::Time> times = {absl::UnixEpoch(),
                                   absl::FromUnixMicros(1767225600'000001),
                                   absl::FromUnixMicros(-1),
                                   absl::FromUnixMicros(1767225600'100000),
                                   absl::InfiniteFuture(),
                                   absl::InfinitePast(),
                                   absl::FromUnixSeconds(-62135596800 / 2)};
  PgArray array;
  for (absl::Time time : times) array.Time(time);
  array.OptionalTime(std::nullopt);
  auto rows = session->exec_params("SELECT * FROM unnest($1::timestamptz[])", array.str());
  for (size_t i = 0; i < times.size(); ++i) {
    CAPTURE(absl::FormatTime(times[i], absl::UTCTimeZone()));
    CHECK(TimeOf(rows[static_cast<int>(i)][0]) == times[i]);
  }
  CHECK_FALSE(OptionalTimeOf(rows[static_cast<int>(times.size())][0]).has_value());
  CHECK_THROWS(TimeOf(rows[static_cast<int>(times.size())][0]));
}

TEST_CASE("a time in another zone is refused rather than misread", "[values]") {
  Session session;
  session->exec("SET TimeZone = 'Europe/Berlin'");
  CHECK_THROWS(TimeOf(session->exec("SELECT now()")[0][0]));
}

TEST_CASE("numbers, booleans and durations come back", "[values]") {
  Session session;
  PgArray ints, doubles, bools;
  ints.Int(INT64_MIN);
  ints.Int(INT64_MAX);
  ints.Millis(absl::Seconds(90));
  doubles.Double(0.1);
  bools.Bool(true);
  bools.Bool(false);
  auto rows = session->exec_params("SELECT * FROM unnest($1::bigint[])", ints.str());
  CHECK(rows[0][0].as<int64_t>() == INT64_MIN);
  CHECK(rows[1][0].as<int64_t>() == INT64_MAX);
  CHECK(MillisOf(rows[2][0]) == absl::Seconds(90));
  auto d = session->exec_params("SELECT * FROM unnest($1::double precision[])", doubles.str());
  CHECK(d[0][0].as<double>() == 0.1);
  auto b = session->exec_params("SELECT * FROM unnest($1::boolean[])", bools.str());
  CHECK(b[0][0].as<bool>());
  CHECK_FALSE(b[1][0].as<bool>());
}

}  // namespace
}  // namespace muster
