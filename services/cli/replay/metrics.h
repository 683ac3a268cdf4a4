// The figures of a day, in the trace's seconds, defined once for what the services did and for what
// ideal dispatch would have done.
//
// Plain values.
#pragma once

#include <cstdint>
#include <vector>

namespace muster::replay {

// What a day came to: the waits of the tickets that were served or whose customers left.
struct Outcome {
  int64_t tickets = 0;
  std::vector<double> waits_s;
  int64_t left = 0;          // customers who left
  int64_t never_served = 0;  // neither served nor left
  double busy_s = 0;         // agents at work
  double staffed_s = 0;      // agents there
};

struct Metrics {
  int64_t tickets = 0;
  double mean_wait_s = 0;
  double p50_wait_s = 0;
  double p95_wait_s = 0;
  double p99_wait_s = 0;
  double abandoned = 0;    // part of all tickets
  double within_20_s = 0;  // part of the waits
  int64_t never_served = 0;
  double utilization = 0;  // busy of staffed
};

Metrics MetricsOf(Outcome outcome);

// sorted[int(n * part)]; 0 of none.
double Percentile(const std::vector<double>& sorted, double part);

}  // namespace muster::replay
