#include "services/cli/replay/report.h"

#include <algorithm>
#include <iterator>

#include "services/cli/replay/ideal.h"

namespace muster::replay {

const char* Name(TicketState state) {
  switch (state) {
    case TicketState::kQueued:
      return "QUEUED";
    case TicketState::kAssigned:
      return "ASSIGNED";
    case TicketState::kResolved:
      return "RESOLVED";
    case TicketState::kCancelled:
      return "CANCELLED";
    case TicketState::kExpired:
      return "EXPIRED";
    case TicketState::kHeld:
      return "HELD";
  }
  return "?";
}

const char* Name(AssignmentState state) {
  switch (state) {
    case AssignmentState::kActive:
      return "ACTIVE";
    case AssignmentState::kWrapUp:
      return "WRAP_UP";
    case AssignmentState::kCompleted:
      return "COMPLETED";
    case AssignmentState::kTransferred:
      return "TRANSFERRED";
    case AssignmentState::kLost:
      return "LOST";
  }
  return "?";
}

bool Report::Sound() const {
  return lost.empty() && double_assigned.empty() && over_capacity.empty() && disagreements.empty();
}

Outcome OutcomeOf(const History& history, const Play& play) {
  Outcome outcome;
  outcome.tickets = static_cast<int64_t>(play.trace.size());
  outcome.staffed_s = StaffedSeconds(play.roster);
  // A customer whose ticket never came on record was not served either.
  outcome.never_served = std::max<int64_t>(0, outcome.tickets - std::ssize(history.tickets));
  for (const TicketRecord& ticket : history.tickets) {
    const bool served =
        ticket.state == TicketState::kAssigned || ticket.state == TicketState::kResolved;
    const bool left = ticket.state == TicketState::kCancelled;
    const std::optional<absl::Time> end = served ? ticket.assigned : ticket.ended;
    if ((!served && !left) || !end) {
      ++outcome.never_served;
      continue;
    }
    outcome.left += left ? 1 : 0;
    outcome.waits_s.push_back(play.pace.TraceSeconds(*end - ticket.created));
  }
  for (const AssignmentRecord& record : history.assignments) {
    if (record.customer_left || !record.ended) continue;
    outcome.busy_s += play.pace.TraceSeconds(*record.ended - record.started);
  }
  return outcome;
}

OfferLatency OfferLatencyOf(const std::vector<absl::Duration>& latencies) {
  std::vector<double> milliseconds;
  milliseconds.reserve(latencies.size());
  for (absl::Duration latency : latencies) {
    milliseconds.push_back(absl::ToDoubleMilliseconds(latency));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return {static_cast<int64_t>(milliseconds.size()), Percentile(milliseconds, 0.5),
          Percentile(milliseconds, 0.99)};
}

Report MakeReport(const History& history, const Play& play,
                  const std::vector<absl::Duration>& offer_latencies) {
  Report report;
  report.result = MetricsOf(OutcomeOf(history, play));
  report.ideal = MetricsOf(PlayIdeal(play.trace, play.roster, play.bonus_s));
  if (play.has_recorded) report.recorded = RecordedOf(play.trace);
  report.offer_latency = OfferLatencyOf(offer_latencies);
  report.lost = FindLost(history);
  report.double_assigned = FindDoubleAssigned(history);
  report.over_capacity = FindOverCapacity(history);
  report.disagreements = FindDisagreements(history);
  return report;
}

}  // namespace muster::replay
