// The report of a replay: its figures by the services' records, the checks, and beside them what
// ideal dispatch would have come to and what history did.
//
// Pure.
//
//   Report report = MakeReport(history, {trace, roster, pace, bonus_s}, offer_latencies);
//   std::cout << RenderTable(report);          // or RenderJson(report)
//   return report.Sound() ? 0 : 1;
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/cli/replay/checks.h"
#include "services/cli/replay/history.h"
#include "services/cli/replay/metrics.h"
#include "services/cli/replay/schedule.h"

namespace muster::replay {

// What was played.
struct Play {
  const Trace& trace;
  const Roster& roster;
  Pace pace;
  double bonus_s = 0;        // of a priority ticket
  bool has_recorded = true;  // the trace says what history made of it
};

struct OfferLatency {
  int64_t offers = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

struct Report {
  Metrics result;
  Metrics ideal;
  std::optional<Recorded> recorded;
  OfferLatency offer_latency;
  Findings lost;
  Findings double_assigned;
  Findings over_capacity;
  Findings disagreements;

  bool Sound() const;
};

// The day as the records have it, in the trace's seconds.
Outcome OutcomeOf(const History& history, const Play& play);

OfferLatency OfferLatencyOf(const std::vector<absl::Duration>& latencies);

Report MakeReport(const History& history, const Play& play,
                  const std::vector<absl::Duration>& offer_latencies);

// For people: result, ideal and record side by side, then the checks.
std::string RenderTable(const Report& report);

// For programs: one object on one line.
std::string RenderJson(const Report& report);

// The first few findings of each check, a line each; empty when all is sound.
std::string RenderFindings(const Report& report);

}  // namespace muster::replay
