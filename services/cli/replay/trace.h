// A trace: when each customer comes, how long the customer takes to serve, and how long the
// customer waits; with what became of it on record. One row a ticket, columns
//
//   offset_s ticket queue priority customer handle_s patience_s recorded_wait_s recorded_outcome
//   subject
//
// Seconds count from midnight before the first day. An empty patience_s is a customer who never
// leaves; recorded_outcome `hang` is one who did. Plain values.
//
//   auto table = ReadCsvFile("trace.csv");
//   auto trace = ParseTrace(*table);
//   KeepWithin(WindowOfDay(0), *trace);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/cli/replay/csv.h"

namespace muster::replay {

inline constexpr double kSecondsOfDay = 86400;
inline constexpr double kMaxOffsetSeconds = 3660 * kSecondsOfDay;
inline constexpr double kMaxHandleSeconds = 7 * kSecondsOfDay;
inline constexpr int kMaxPriority = 1000;

struct TraceTicket {
  int64_t number = 0;  // the row's place in the file: settles ties
  double at_s = 0;
  std::string name;
  std::string queue;
  int priority = 0;  // so many times the bonus of a priority ticket
  std::string customer;
  double handle_s = 0;
  std::optional<double> patience_s;
  double recorded_wait_s = 0;
  bool recorded_left = false;
  std::string subject;
};

using Trace = std::vector<TraceTicket>;

absl::StatusOr<Trace> ParseTrace(const CsvTable& table);

// Seconds from `from` up to and without `until`.
struct Window {
  double from_s = 0;
  double until_s = kMaxOffsetSeconds;

  bool Has(double at_s) const { return from_s <= at_s && at_s < until_s; }
};

Window WindowOfDay(int day);

// "09:30" or "09:30:15", up to "24:00", as seconds of the day.
absl::StatusOr<double> ParseClock(absl::string_view text);

// "09:30:15" of any second; days are left out.
std::string FormatClock(double at_s);

// Drops the tickets that do not come within the window.
void KeepWithin(const Window& window, Trace& trace);

// What the trace says that history made of it.
struct Recorded {
  double mean_wait_s = 0;
  double abandoned = 0;  // the part of the tickets whose customer left
};
Recorded RecordedOf(const Trace& trace);

}  // namespace muster::replay
