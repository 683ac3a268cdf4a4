// Reads comma-separated files as RFC 4180 has them: a header line, quoted fields that may hold
// commas, quotes ("") and line breaks, LF or CRLF. Errors name the file, the line and the column.
//
// Values only, no threads: a table may be read by many threads once made.
//
//   MUSTER_ASSIGN_OR_RETURN(CsvTable table, ParseCsv("trace.csv", text));
//   MUSTER_ASSIGN_OR_RETURN(CsvColumn at, table.Column("offset_s"));
//   for (const CsvRow& row : table.rows) { auto seconds = table.Number(row, at, 0, 1e9); ... }
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::replay {

inline constexpr size_t kMaxCsvBytes = size_t{256} << 20;
inline constexpr size_t kMaxCsvColumns = 64;
inline constexpr size_t kMaxCsvRows = 2'000'000;
inline constexpr size_t kMaxCsvFieldBytes = 16 << 10;

struct CsvRow {
  int64_t line = 0;  // where the row begins, counted from 1
  std::vector<std::string> fields;
};

struct CsvColumn {
  std::string name;
  size_t index = 0;
};

struct CsvTable {
  std::string source;
  std::vector<std::string> header;
  std::vector<CsvRow> rows;

  // INVALID_ARGUMENT when the header does not have the name.
  absl::StatusOr<CsvColumn> Column(absl::string_view name) const;

  const std::string& Text(const CsvRow& row, const CsvColumn& column) const;
  // A finite number within [least, most].
  absl::StatusOr<double> Number(const CsvRow& row, const CsvColumn& column, double least,
                                double most) const;
  // "trace.csv:17: handle_s: <problem>"
  absl::Status Wrong(const CsvRow& row, const CsvColumn& column, absl::string_view problem) const;
};

// `source` is the name that errors carry. Every row has as many fields as the header; empty lines
// at the end are left out.
absl::StatusOr<CsvTable> ParseCsv(absl::string_view source, absl::string_view text);

absl::StatusOr<CsvTable> ReadCsvFile(const std::string& path);

}  // namespace muster::replay
