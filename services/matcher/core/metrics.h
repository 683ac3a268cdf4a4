// What the matcher counts of itself, over all pools.
//
// Threading: thread-safe.
//
//   MatcherMetrics metrics(ProcessMetrics());
//   metrics.offers_made.Increment();
#pragma once

#include <array>
#include <cstddef>

#include "common/obs/metrics.h"
#include "services/matcher/domain/records.h"

namespace muster::matcher {

struct MatcherMetrics {
  explicit MatcherMetrics(Metrics& registry);

  prometheus::Counter& OffersEnded(OfferState outcome) {
    return *offers_ended_[static_cast<size_t>(outcome)];
  }

  prometheus::Counter& events;  // taken by engines
  prometheus::Counter& offers_made;
  prometheus::Counter& assignments;
  prometheus::Counter& refused_acts;
  prometheus::Counter& decisions_dropped;
  prometheus::Counter& commits;
  prometheus::Counter& commit_failures;
  prometheus::Histogram& event_to_offer;  // from the event that led to it, to its leaving
  prometheus::Histogram& act_to_record;   // from an agent's act to its being on record
  prometheus::Gauge& uncommitted;
  prometheus::Gauge& progress_backlog;
  prometheus::Gauge& pools;

 private:
  std::array<prometheus::Counter*, static_cast<size_t>(OfferState::kRevoked) + 1> offers_ended_ =
      {};
};

}  // namespace muster::matcher
