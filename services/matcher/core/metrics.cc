#include "services/matcher/core/metrics.h"

namespace muster::matcher {
namespace {

const char* NameOf(OfferState outcome) {
  switch (outcome) {
    case OfferState::kAccepted:
      return "accepted";
    case OfferState::kDeclined:
      return "declined";
    case OfferState::kExpired:
      return "expired";
    case OfferState::kRevoked:
      return "revoked";
    case OfferState::kPending:
      break;
  }
  return "pending";
}

}  // namespace

MatcherMetrics::MatcherMetrics(Metrics& registry)
    : events(registry.Counter("muster_matcher_events_total", "Events that engines have taken")),
      offers_made(registry.Counter("muster_matcher_offers_made_total", "Offers made")),
      assignments(registry.Counter("muster_matcher_assignments_total", "Assignments recorded")),
      refused_acts(registry.Counter("muster_matcher_refused_acts_total",
                                    "Acts of agents that came too late or made no sense")),
      decisions_dropped(
          registry.Counter("muster_matcher_decisions_dropped_total",
                           "Decisions that were forgotten, since the records were behind")),
      commits(registry.Counter("muster_matcher_commits_total", "Mutations put on record")),
      commit_failures(
          registry.Counter("muster_matcher_commit_failures_total", "Mutations that were refused")),
      event_to_offer(registry.Histogram("muster_matcher_event_to_offer_seconds",
                                        "From an event's arrival to the offers that it led to")),
      act_to_record(registry.Histogram("muster_matcher_act_to_record_seconds",
                                       "From an agent's act to its being on record")),
      uncommitted(
          registry.Gauge("muster_matcher_uncommitted", "Mutations that are not on record yet")),
      progress_backlog(registry.Gauge("muster_matcher_progress_backlog",
                                      "Progress that intake has not acknowledged yet")),
      pools(registry.Gauge("muster_matcher_pools", "Pools served")) {
  for (size_t i = static_cast<size_t>(OfferState::kAccepted); i < offers_ended_.size(); ++i) {
    offers_ended_[i] =
        &registry.Counter("muster_matcher_offers_ended_total", "Offers ended, by outcome",
                          {{"outcome", NameOf(static_cast<OfferState>(i))}});
  }
}

}  // namespace muster::matcher
