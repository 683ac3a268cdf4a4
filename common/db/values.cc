#include "common/db/values.h"

#include <charconv>
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
  const auto bad = [text] {
    return std::runtime_error(absl::StrCat("not a UTC timestamp: ", text));
  };
  int parts[6];  // year, month, day, hour, minute, second
  constexpr char kAfter[] = "-- ::";
  for (int i = 0; i < 6; ++i) {
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), parts[i]);
    if (error != std::errc()) throw bad();
    view.remove_prefix(static_cast<size_t>(end - view.data()));
    if (i == 5) break;
    if (view.empty() || view[0] != kAfter[i]) throw bad();
    view.remove_prefix(1);
  }
  int64_t micros = 0;
  if (!view.empty() && view[0] == '.') {
    view.remove_prefix(1);
    int64_t unit = 100'000;
    for (; !view.empty() && view[0] >= '0' && view[0] <= '9'; unit /= 10, view.remove_prefix(1)) {
      micros += (view[0] - '0') * unit;
    }
  }
  if (view != "+00") throw bad();
  absl::CivilSecond civil(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
  return absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Microseconds(micros);
}

}  // namespace

void PgArray::Separate(bool nothing) {
  if (size_++ > 0) text_ += ',';
  all_nothing_ = all_nothing_ && nothing;
}

void PgArray::Text(std::string_view value) {
  Separate(value.empty());
  text_ += '"';
  constexpr std::string_view kSpecial("\0\"\\", 3);
  for (size_t at = value.find_first_of(kSpecial); at != std::string_view::npos;
       at = value.find_first_of(kSpecial)) {
    if (value[at] == '\0') throw BadText("text must not contain NUL characters");
    text_.append(value, 0, at);
    text_ += '\\';
    text_ += value[at];
    value.remove_prefix(at + 1);
  }
  text_ += value;
  text_ += '"';
}

void PgArray::Bytes(std::string_view value) {
  Separate(value.empty());
  // The element is \x and hex; within an array literal the backslash is doubled.
  absl::StrAppend(&text_, "\"\\\\x", absl::BytesToHexString(ToAbsl(value)), "\"");
}

void PgArray::Int(int64_t value) {
  Separate(value == 0);
  absl::StrAppend(&text_, value);
}

void PgArray::Double(double value) {
  Separate(value == 0);
  absl::StrAppendFormat(&text_, "%.17g", value);
}

void PgArray::Bool(bool value) {
  Separate(!value);
  text_ += value ? 't' : 'f';
}

void PgArray::Time(absl::Time value) {
  Separate(false);
  absl::StrAppend(&text_, "\"", ToTimestamp(value), "\"");
}

void PgArray::Millis(absl::Duration value) { Int(absl::ToInt64Milliseconds(value)); }

void PgArray::Null() {
  Separate(true);
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
  if (c.year() < 1000 || c.year() > 9999) {
    return absl::StrFormat("%04d-%02d-%02d %02d:%02d:%02d.%06d+00", c.year(), c.month(), c.day(),
                           c.hour(), c.minute(), c.second(),
                           absl::ToInt64Microseconds(info.subsecond));
  }
  // By hand, for a commit has thousands of them.
  std::string text = "0000-00-00 00:00:00.000000+00";
  const auto put = [&text](size_t last, int64_t value) {
    for (; value > 0; value /= 10) text[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, c.year());
  put(6, c.month());
  put(9, c.day());
  put(12, c.hour());
  put(15, c.minute());
  put(18, c.second());
  put(25, absl::ToInt64Microseconds(info.subsecond));
  return text;
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
