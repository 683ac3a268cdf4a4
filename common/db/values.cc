#include "common/db/values.h"

#include <cstdio>
#include <stdexcept>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/strings.h"

namespace muster {
namespace {

// "2026-01-02 03:04:05.678901+00": what PostgreSQL writes when the session's time zone is UTC.
absl::Time ParseTimestamp(const char* text) {
  std::string_view view(text);
  if (view == "infinity") return absl::InfiniteFuture();
  if (view == "-infinity") return absl::InfinitePast();
  int year, month, day, hour, minute, second, used = 0;
  if (std::sscanf(text, "%d-%d-%d %d:%d:%d%n", &year, &month, &day, &hour, &minute, &second,
                  &used) != 6) {
    throw std::runtime_error(absl::StrCat("not a UTC timestamp: ", text));
  }
  view.remove_prefix(used);
  int64_t micros = 0;
  if (!view.empty() && view[0] == '.') {
    view.remove_prefix(1);
    int64_t unit = 100'000;
    for (; !view.empty() && view[0] >= '0' && view[0] <= '9'; unit /= 10, view.remove_prefix(1)) {
      micros += (view[0] - '0') * unit;
    }
  }
  if (view != "+00") throw std::runtime_error(absl::StrCat("not a UTC timestamp: ", text));
  absl::CivilSecond civil(year, month, day, hour, minute, second);
  return absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Microseconds(micros);
}

}  // namespace

void PgArray::Separate() {
  if (size_++ > 0) text_ += ',';
}

void PgArray::Text(std::string_view value) {
  Separate();
  text_ += '"';
  for (char c : value) {
    if (c == '\0') throw BadText("text must not contain NUL characters");
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void PgArray::Bytes(std::string_view value) {
  Separate();
  // The element is \x and hex; within an array literal the backslash is doubled.
  absl::StrAppend(&text_, "\"\\\\x", absl::BytesToHexString(ToAbsl(value)), "\"");
}

void PgArray::Int(int64_t value) {
  Separate();
  absl::StrAppend(&text_, value);
}

void PgArray::Double(double value) {
  Separate();
  absl::StrAppendFormat(&text_, "%.17g", value);
}

void PgArray::Bool(bool value) {
  Separate();
  text_ += value ? 't' : 'f';
}

void PgArray::Time(absl::Time value) {
  Separate();
  absl::StrAppend(&text_, "\"", ToTimestamp(value), "\"");
}

void PgArray::Millis(absl::Duration value) { Int(absl::ToInt64Milliseconds(value)); }

void PgArray::Null() {
  Separate();
  text_ += "NULL";
}

std::string TextArray(const std::vector<std::string>& values) {
  PgArray array;
  for (const std::string& value : values) array.Text(value);
  return array.str();
}

std::string IntArray(const std::vector<int64_t>& values) {
  PgArray array;
  for (int64_t value : values) array.Int(value);
  return array.str();
}

std::string ToTimestamp(absl::Time time) {
  if (time == absl::InfiniteFuture()) return "infinity";
  if (time == absl::InfinitePast()) return "-infinity";
  absl::TimeZone::CivilInfo info = absl::UTCTimeZone().At(time);
  const absl::CivilSecond& c = info.cs;
  return absl::StrFormat("%04d-%02d-%02d %02d:%02d:%02d.%06d+00", c.year(), c.month(), c.day(),
                         c.hour(), c.minute(), c.second(),
                         absl::ToInt64Microseconds(info.subsecond));
}

absl::Time TimeOf(const pqxx::field& field) {
  if (field.is_null()) throw std::runtime_error("the time is NULL");
  return ParseTimestamp(field.c_str());
}

std::optional<absl::Time> OptionalTimeOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return ParseTimestamp(field.c_str());
}

absl::Duration MillisOf(const pqxx::field& field) {
  return absl::Milliseconds(field.as<int64_t>());
}

std::string BytesOf(const pqxx::field& field) {
  absl::string_view text(field.c_str(), field.size());
  if (text.size() < 2 || text.substr(0, 2) != "\\x") {
    throw std::runtime_error("not a bytea in hex form");
  }
  return absl::HexStringToBytes(text.substr(2));
}

std::string TextOf(const pqxx::field& field) {
  return std::string(field.c_str(), field.is_null() ? 0 : field.size());
}

std::vector<std::string> TextArrayOf(const pqxx::field& field) {
  std::vector<std::string> values;
  pqxx::array_parser parser(field.c_str());
  for (auto [juncture, value] = parser.get_next(); juncture != pqxx::array_parser::done;
       std::tie(juncture, value) = parser.get_next()) {
    if (juncture == pqxx::array_parser::string_value) values.push_back(value);
    if (juncture == pqxx::array_parser::null_value) values.emplace_back();
  }
  return values;
}

}  // namespace muster
