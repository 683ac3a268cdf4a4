// How answers are shown: tables for people, JSON with the field names of the protos for programs,
// bare ids for shell loops.
//
//   Show(context, *pool, pool->pool_id(), PoolColumns());
//   ShowList(context, response, response.pools(), PoolColumns());
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/cli/context.h"

namespace muster::cli {

template <class Row>
struct Column {
  std::string title;
  std::function<std::string(const Row&)> text;
};

// The first column of a kind is its id.
template <class Row>
using Columns = std::vector<Column<Row>>;

// Rows of equal length under `titles`, columns padded to the widest cell; cells are cut to 60
// characters.
std::string RenderTable(const std::vector<std::string>& titles,
                        const std::vector<std::vector<std::string>>& rows);
void Print(const std::string& text);
void PrintJson(const google::protobuf::Message& message, bool pretty = true);

template <class Rows, class Row>
void PrintRows(const Rows& rows, const Columns<Row>& columns) {
  std::vector<std::string> titles;
  for (const auto& column : columns) titles.push_back(column.title);
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    std::vector<std::string>& line = cells.emplace_back();
    for (const auto& column : columns) line.push_back(column.text(row));
  }
  Print(RenderTable(titles, cells));
}

// `answer` is the whole response, for JSON.
template <class Rows, class Row>
void ShowList(Context& context, const google::protobuf::Message& answer, const Rows& rows,
              const Columns<Row>& columns) {
  if (context.options().output == Output::kJson) return PrintJson(answer);
  if (context.options().output == Output::kId) {
    for (const auto& row : rows) Print(columns.front().text(row) + "\n");
    return;
  }
  if (rows.empty()) return Print("none\n");
  PrintRows(rows, columns);
}

// One thing: a line a field.
template <class Row>
void Show(Context& context, const Row& row, const Columns<Row>& columns) {
  if (context.options().output == Output::kJson) return PrintJson(row);
  if (context.options().output == Output::kId) return Print(columns.front().text(row) + "\n");
  size_t width = 0;
  for (const auto& column : columns) width = std::max(width, column.title.size());
  for (const auto& column : columns) {
    const std::string text = column.text(row);
    if (text.empty()) continue;
    Print(column.title + std::string(width - column.title.size() + 2, ' ') + text + "\n");
  }
}

// "12.3s", "1m05s", "250ms"; "-" if absent.
std::string Text(const google::protobuf::Duration& duration);
std::string Text(absl::Duration duration);
// Local time with milliseconds; "" if it is the epoch.
std::string Text(const google::protobuf::Timestamp& time);
// "QUEUED" for TICKET_STATE_QUEUED.
std::string EnumText(const google::protobuf::Message& message, const std::string& field);
std::string EnumText(std::string_view full_name, std::string_view prefix);

// Reads a file ("-": standard input) of the JSON form of a message; unknown fields are errors.
absl::Status ReadJson(const std::string& path, google::protobuf::Message* message);
absl::StatusOr<std::string> ReadAll(const std::string& path);

}  // namespace muster::cli
