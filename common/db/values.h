// Values on their way into and out of PostgreSQL: arrays for multi-row statements, times, bytes.
//
// A statement over many rows takes one array for each column, so that a batch of any size is one
// statement and one plan:
//
//   PgArray ids, bodies, deadlines;
//   for (const Row& r : rows) { ids.Text(r.id); bodies.Bytes(r.body); deadlines.Time(r.deadline); }
//   tx.exec_params("INSERT INTO intake.ticket (ticket_id, body, deadline) "
//                  "SELECT * FROM unnest($1::text[], $2::bytea[], $3::timestamptz[])",
//                  ids.str(), bodies.str(), deadlines.str());
//
// Threading: values, no shared state. Times are in UTC on every connection of common/db.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"

namespace muster {

// Thrown for text that PostgreSQL cannot hold; ToStatus says INVALID_ARGUMENT.
struct BadText : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// Builds one PostgreSQL array literal. Everything is quoted as it needs; a NULL element is Null().
class PgArray {
 public:
  PgArray() : text_("{") {}

  // Throws BadText when `value` contains a NUL byte, which no text in PostgreSQL can.
  void Text(std::string_view value);
  void Bytes(std::string_view value);  // ::bytea[]
  void Int(int64_t value);             // ::bigint[], ::int[]
  void Double(double value);           // ::double precision[]
  void Bool(bool value);               // ::boolean[]
  void Time(absl::Time value);         // ::timestamptz[]
  void Millis(absl::Duration value);   // ::bigint[], whole milliseconds
  void Null();

  void OptionalText(const std::optional<std::string>& value) { value ? Text(*value) : Null(); }
  void OptionalTime(const std::optional<absl::Time>& value) { value ? Time(*value) : Null(); }

  size_t size() const { return size_; }
  // The literal. The array may still grow afterwards.
  std::string str() const { return text_ + "}"; }
  // The same, but empty if all its elements are: texts without characters, 0, false, NULL. Beside
  // longer arrays `unnest` makes NULLs of it, and to read no elements is quicker than to read many.
  std::string Sparse() const { return all_nothing_ ? "{}" : str(); }

 private:
  void Separate(bool nothing);

  std::string text_;
  size_t size_ = 0;
  bool all_nothing_ = true;
};

// A whole column at once.
std::string TextArray(const std::vector<std::string>& values);
std::string IntArray(const std::vector<int64_t>& values);

// A timestamptz literal: UTC, microseconds; infinite times are 'infinity' and '-infinity'.
std::string ToTimestamp(absl::Time time);

// Readers. They throw what libpqxx throws when the field is NULL or of another type; the
// Optional... ones give nothing for NULL.
absl::Time TimeOf(const pqxx::field& field);
std::optional<absl::Time> OptionalTimeOf(const pqxx::field& field);
absl::Duration MillisOf(const pqxx::field& field);
std::string BytesOf(const pqxx::field& field);  // bytea in hex form, the server's default
std::string TextOf(const pqxx::field& field);   // "" for NULL
std::vector<std::string> TextArrayOf(const pqxx::field& field);

}  // namespace muster
