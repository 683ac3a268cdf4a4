#include "services/cli/replay/csv.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace muster::replay {
namespace {

// Takes the text apart, a row at a time.
class Scanner {
 public:
  Scanner(absl::string_view source, absl::string_view text) : source_(source), text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }

  absl::StatusOr<CsvRow> Row() {
    CsvRow row{line_, {}};
    bool more = true;
    while (more) {
      if (row.fields.size() == kMaxCsvColumns) {
        return Wrong(absl::StrCat("has more than ", kMaxCsvColumns, " columns"));
      }
      std::string field;
      MUSTER_RETURN_IF_ERROR(Peek('"') ? Quoted(field) : Plain(field));
      row.fields.push_back(std::move(field));
      more = Peek(',');
      if (more) ++at_;
    }
    if (Peek('\r')) ++at_;
    if (Peek('\n')) {
      ++at_;
      ++line_;
    } else if (!AtEnd()) {
      return Wrong("has text after a closing quote, or a carriage return of its own");
    }
    return row;
  }

 private:
  bool Peek(char c) const { return at_ < text_.size() && text_[at_] == c; }

  absl::Status Plain(std::string& field) {
    const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    absl::string_view found = text_.substr(at_, end - at_);
    if (found.size() > kMaxCsvFieldBytes) return TooLong();
    if (found.find('"') != absl::string_view::npos) {
      return Wrong("has a quote within a field that does not begin with one");
    }
    field.assign(found.data(), found.size());
    at_ = end;
    return absl::OkStatus();
  }

  absl::Status Quoted(std::string& field) {
    const int64_t opened = line_;
    for (++at_; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (!Peek('"')) return absl::OkStatus();
      }
      if (c == '\n') ++line_;
      if (field.size() == kMaxCsvFieldBytes) return TooLong();
      field.push_back(c);
    }
    line_ = opened;
    return Wrong("opens a quote that is never closed");
  }

  absl::Status TooLong() const {
    return Wrong(absl::StrCat("has a field of more than ", kMaxCsvFieldBytes, " bytes"));
  }
  absl::Status Wrong(absl::string_view problem) const {
    return absl::InvalidArgumentError(absl::StrCat(source_, ":", line_, ": the line ", problem));
  }

  absl::string_view source_;
  absl::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

bool IsEmpty(const CsvRow& row) { return row.fields.size() == 1 && row.fields[0].empty(); }

}  // namespace

absl::StatusOr<CsvColumn> CsvTable::Column(absl::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ":1: the header has no column ", name));
  }
  return CsvColumn{*found, static_cast<size_t>(found - header.begin())};
}

const std::string& CsvTable::Text(const CsvRow& row, const CsvColumn& column) const {
  return row.fields[column.index];
}

absl::StatusOr<double> CsvTable::Number(const CsvRow& row, const CsvColumn& column, double least,
                                        double most) const {
  double value = 0;
  const std::string& text = Text(row, column);
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) {
    return Wrong(row, column, absl::StrCat("not a number: \"", absl::CHexEscape(text), "\""));
  }
  if (value < least || value > most) {
    return Wrong(row, column, absl::StrCat(value, " is not within ", least, " and ", most));
  }
  return value;
}

absl::Status CsvTable::Wrong(const CsvRow& row, const CsvColumn& column,
                             absl::string_view problem) const {
  return absl::InvalidArgumentError(
      absl::StrCat(source, ":", row.line, ": ", column.name, ": ", problem));
}

absl::StatusOr<CsvTable> ParseCsv(absl::string_view source, absl::string_view text) {
  if (text.size() > kMaxCsvBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": larger than ", kMaxCsvBytes, " bytes"));
  }
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(source, ": empty"));
  CsvTable table;
  table.source = std::string(source);
  Scanner scanner(source, text);
  MUSTER_ASSIGN_OR_RETURN(CsvRow header, scanner.Row());
  table.header = std::move(header.fields);
  while (!scanner.AtEnd()) {
    MUSTER_ASSIGN_OR_RETURN(CsvRow row, scanner.Row());
    if (IsEmpty(row) && scanner.AtEnd()) break;
    if (row.fields.size() != table.header.size()) {
      return absl::InvalidArgumentError(absl::StrCat(source, ":", row.line, ": the line has ",
                                                     row.fields.size(), " fields, the header ",
                                                     table.header.size()));
    }
    if (table.rows.size() == kMaxCsvRows) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ":", row.line, ": more than ", kMaxCsvRows, " rows"));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

absl::StatusOr<CsvTable> ReadCsvFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  return ParseCsv(path, text);
}

}  // namespace muster::replay
