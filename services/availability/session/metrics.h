// What the service counts.
//
// Threading: thread-safe.
//
//   Counts counts(ProcessMetrics());
//   counts.offers_delivered.Increment();
#pragma once

#include "common/obs/metrics.h"
#include "services/availability/domain/agent.h"

namespace muster::availability {

struct Counts {
  explicit Counts(Metrics& metrics);

  void Act(const char* act, int code);
  void SetAgents(Presence presence, bool connected, double agents);

  Metrics& metrics;
  prometheus::Gauge& links;
  prometheus::Gauge& matcher_streams;
  prometheus::Gauge& pools_served;
  prometheus::Gauge& acts_waiting;
  prometheus::Gauge& sessions_linked;
  prometheus::Gauge& sessions_unlinked;
  prometheus::Gauge& sessions_in_grace;
  prometheus::Counter& offers_delivered;
  prometheus::Counter& offers_undelivered;
  prometheus::Counter& late_answers;
  prometheus::Counter& slow_readers;
  prometheus::Histogram& act_seconds;
};

}  // namespace muster::availability
