#include "services/cli/replay/trace.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace muster::replay {
namespace {

constexpr size_t kMaxCustomerBytes = 128;
constexpr size_t kMaxSubjectBytes = 512;
constexpr absl::string_view kLeft = "hang";

struct Columns {
  CsvColumn offset, ticket, queue, priority, customer, handle, patience, wait, outcome, subject;
};

absl::StatusOr<Columns> FindColumns(const CsvTable& table) {
  Columns columns;
  const std::pair<const char*, CsvColumn*> wanted[] = {{"offset_s", &columns.offset},
                                                       {"ticket", &columns.ticket},
                                                       {"queue", &columns.queue},
                                                       {"priority", &columns.priority},
                                                       {"customer", &columns.customer},
                                                       {"handle_s", &columns.handle},
                                                       {"patience_s", &columns.patience},
                                                       {"recorded_wait_s", &columns.wait},
                                                       {"recorded_outcome", &columns.outcome},
                                                       {"subject", &columns.subject}};
  for (const auto& [name, column] : wanted) {
    MUSTER_ASSIGN_OR_RETURN(*column, table.Column(name));
  }
  return columns;
}

absl::StatusOr<TraceTicket> ParseTicket(const CsvTable& table, const Columns& columns,
                                        const CsvRow& row) {
  TraceTicket ticket;
  const struct {
    const CsvColumn& column;
    double most;
    double* value;
  } numbers[] = {{columns.offset, kMaxOffsetSeconds, &ticket.at_s},
                 {columns.handle, kMaxHandleSeconds, &ticket.handle_s},
                 {columns.wait, kMaxOffsetSeconds, &ticket.recorded_wait_s}};
  for (const auto& number : numbers) {
    MUSTER_ASSIGN_OR_RETURN(*number.value, table.Number(row, number.column, 0, number.most));
  }
  MUSTER_ASSIGN_OR_RETURN(const double priority,
                          table.Number(row, columns.priority, 0, kMaxPriority));
  if (priority != std::floor(priority)) {
    return table.Wrong(row, columns.priority, "not a whole number");
  }
  ticket.priority = static_cast<int>(priority);
  if (!table.Text(row, columns.patience).empty()) {
    MUSTER_ASSIGN_OR_RETURN(ticket.patience_s,
                            table.Number(row, columns.patience, 0, kMaxOffsetSeconds));
  }
  ticket.queue = table.Text(row, columns.queue);
  if (!IsValidId(ticket.queue)) {
    return table.Wrong(row, columns.queue, "not a queue's id (small letters, digits, . _ -)");
  }
  ticket.name = table.Text(row, columns.ticket);
  ticket.customer = table.Text(row, columns.customer);
  if (ticket.customer.empty() || ticket.customer.size() > kMaxCustomerBytes) {
    return table.Wrong(row, columns.customer,
                       absl::StrCat("not 1 to ", kMaxCustomerBytes, " bytes long"));
  }
  ticket.recorded_left = table.Text(row, columns.outcome) == kLeft;
  ticket.subject = table.Text(row, columns.subject);
  if (ticket.subject.size() > kMaxSubjectBytes) {
    return table.Wrong(row, columns.subject,
                       absl::StrCat("longer than ", kMaxSubjectBytes, " bytes"));
  }
  return ticket;
}

}  // namespace

absl::StatusOr<Trace> ParseTrace(const CsvTable& table) {
  MUSTER_ASSIGN_OR_RETURN(const Columns columns, FindColumns(table));
  Trace trace;
  trace.reserve(table.rows.size());
  for (const CsvRow& row : table.rows) {
    MUSTER_ASSIGN_OR_RETURN(TraceTicket ticket, ParseTicket(table, columns, row));
    ticket.number = static_cast<int64_t>(trace.size());
    trace.push_back(std::move(ticket));
  }
  return trace;
}

Window WindowOfDay(int day) { return {day * kSecondsOfDay, (day + 1) * kSecondsOfDay}; }

absl::StatusOr<double> ParseClock(absl::string_view text) {
  std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() == 2) parts.emplace_back("00");
  bool good = parts.size() == 3;
  int seconds = 0;
  for (const std::string& part : parts) {
    int value = 0;
    good = good && part.size() == 2 && absl::SimpleAtoi(part, &value) && value >= 0 && value < 60;
    seconds = seconds * 60 + value;
  }
  if (!good || seconds > kSecondsOfDay) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a time of the day such as 09:30: \"", text, "\""));
  }
  return seconds;
}

std::string FormatClock(double at_s) {
  const auto second = static_cast<int64_t>(std::fmod(std::max(at_s, 0.0), kSecondsOfDay));
  return absl::StrFormat("%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60);
}

void KeepWithin(const Window& window, Trace& trace) {
  trace.erase(std::remove_if(trace.begin(), trace.end(),
                             [&](const TraceTicket& ticket) { return !window.Has(ticket.at_s); }),
              trace.end());
}

Recorded RecordedOf(const Trace& trace) {
  Recorded recorded;
  if (trace.empty()) return recorded;
  for (const TraceTicket& ticket : trace) {
    recorded.mean_wait_s += ticket.recorded_wait_s;
    recorded.abandoned += ticket.recorded_left ? 1 : 0;
  }
  recorded.mean_wait_s /= static_cast<double>(trace.size());
  recorded.abandoned /= static_cast<double>(trace.size());
  return recorded;
}

}  // namespace muster::replay
