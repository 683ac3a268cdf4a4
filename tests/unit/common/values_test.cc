#include "common/db/values.h"

#include "common/base/errors.h"
#include "common/db/database.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

TEST_CASE("array literals quote what needs it", "[values]") {
  PgArray empty;
  CHECK(empty.str() == "{}");
  PgArray text;
  text.Text("plain");
  text.Text("a,b{c}");
  text.Text("say \"hi\" \\ there");
  text.Text("");
  text.Text("NULL");
  text.Null();
  CHECK(text.str() == R"({"plain","a,b{c}","say \"hi\" \\ there","","NULL",NULL})");
  CHECK(text.size() == 6);
  PgArray bytes;
  bytes.Bytes(std::string("\x00\xff\"", 3));
  CHECK(bytes.str() == R"({"\\x00ff22"})");
  PgArray mixed;
  mixed.Int(-5);
  mixed.Bool(true);
  mixed.Millis(absl::Seconds(2));
  CHECK(mixed.str() == "{-5,t,2000}");
}

TEST_CASE("a column with nothing in it is short", "[values]") {
  PgArray array;
  CHECK(array.Sparse() == "{}");
  array.Text("");
  array.Int(0);
  array.Bool(false);
  array.Null();
  array.OptionalTime(std::nullopt);
  CHECK(array.Sparse() == "{}");
  CHECK(array.str() == R"({"",0,f,NULL,NULL})");
  const auto full = [](const auto& add) {
    PgArray one;
    one.Null();
    add(one);
    one.Null();
    return one.Sparse() == one.str();
  };
  CHECK(full([](PgArray& a) { a.Text("x"); }));
  CHECK(full([](PgArray& a) { a.Bytes("x"); }));
  CHECK(full([](PgArray& a) { a.Int(-1); }));
  CHECK(full([](PgArray& a) { a.Bool(true); }));
  CHECK(full([](PgArray& a) { a.Time(absl::UnixEpoch()); }));
}

TEST_CASE("a NUL cannot slip into text", "[values]") {
  PgArray array;
  CHECK_THROWS_AS(array.Text(std::string("a\0b", 3)), BadText);
  CHECK(ToStatus(BadText("x")).code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("times are UTC in microseconds", "[values]") {
  CHECK(ToTimestamp(absl::FromUnixMicros(1767225600'000001)) == "2026-01-01 00:00:00.000001+00");
  CHECK(ToTimestamp(absl::FromUnixMicros(-1)) == "1969-12-31 23:59:59.999999+00");
  CHECK(ToTimestamp(absl::FromUnixSeconds(-62135596800)) == "0001-01-01 00:00:00.000000+00");
  CHECK(ToTimestamp(absl::FromUnixSeconds(253402300800)) == "10000-01-01 00:00:00.000000+00");
  CHECK(ToTimestamp(absl::InfiniteFuture()) == "infinity");
  CHECK(ToTimestamp(absl::InfinitePast()) == "-infinity");
}

TEST_CASE("connection strings take parameters in both forms", "[values]") {
  CHECK(WithConnectionParameter("postgresql://h/d", "a", "1") == "postgresql://h/d?a=1");
  CHECK(WithConnectionParameter("postgresql://h/d?b=2", "a", "1") == "postgresql://h/d?b=2&a=1");
  CHECK(WithConnectionParameter("host=h", "a", "it's") == "host=h a='it\\'s'");
  CHECK(WithConnectionParameter("host=h a=7", "a", "1") == "host=h a=7");
}

}  // namespace
}  // namespace muster
