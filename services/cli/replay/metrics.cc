#include "services/cli/replay/metrics.h"

#include <algorithm>
#include <numeric>

namespace muster::replay {
namespace {

constexpr double kServedSoonSeconds = 20;

double Part(double some, double all) { return all > 0 ? some / all : 0; }

}  // namespace

double Percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto place = static_cast<size_t>(static_cast<double>(sorted.size()) * part);
  return sorted[std::min(place, sorted.size() - 1)];
}

Metrics MetricsOf(Outcome outcome) {
  std::vector<double>& waits = outcome.waits_s;
  std::sort(waits.begin(), waits.end());
  const auto tickets = static_cast<double>(outcome.tickets);
  const auto count = static_cast<double>(waits.size());
  const auto soon = std::upper_bound(waits.begin(), waits.end(), kServedSoonSeconds);
  Metrics metrics;
  metrics.tickets = outcome.tickets;
  metrics.mean_wait_s = Part(std::accumulate(waits.begin(), waits.end(), 0.0), count);
  metrics.p50_wait_s = Percentile(waits, 0.5);
  metrics.p95_wait_s = Percentile(waits, 0.95);
  metrics.p99_wait_s = Percentile(waits, 0.99);
  metrics.abandoned = Part(static_cast<double>(outcome.left), tickets);
  metrics.within_20_s = Part(static_cast<double>(soon - waits.begin()), count);
  metrics.never_served = outcome.never_served;
  metrics.utilization = Part(outcome.busy_s, outcome.staffed_s);
  return metrics;
}

}  // namespace muster::replay
