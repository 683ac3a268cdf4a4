#include "services/matcher/domain/statistics.h"

#include <algorithm>

namespace muster::matcher {
namespace {

// How often queues without a past are looked for.
constexpr absl::Duration kSweepInterval = absl::Minutes(10);

absl::Duration Clamp(absl::Duration window) {
  return std::clamp(window, kMinStatisticsWindow, kMaxStatisticsWindow);
}

double Share(int64_t part, int64_t all) {
  return all == 0 ? -1 : static_cast<double>(part) / static_cast<double>(all);
}

Flow FlowOf(const Totals& totals) {
  const Counts& c = totals.counts;
  Flow flow{.tickets_arrived = c.arrived,
            .tickets_assigned = c.assigned,
            .tickets_abandoned = c.abandoned,
            .tickets_expired = c.expired,
            .tickets_resolved = c.resolved,
            .tickets_requeued = c.requeued,
            .offers_made = c.offers_made,
            .offers_accepted = c.offers_accepted,
            .offers_declined = c.offers_declined,
            .offers_expired = c.offers_expired,
            .offers_revoked = c.offers_revoked};
  if (c.assigned > 0) {
    flow.mean_wait = absl::Microseconds(c.wait_us) / c.assigned;
    flow.p50_wait = totals.WaitPercentile(0.50);
    flow.p95_wait = totals.WaitPercentile(0.95);
    flow.p99_wait = totals.WaitPercentile(0.99);
  }
  if (c.ended > 0) flow.mean_handle_time = absl::Microseconds(c.handle_us) / c.ended;
  flow.service_level = Share(c.assigned_within, c.assigned + c.abandoned);
  flow.service_level_without_short_abandons =
      Share(c.assigned_within, c.assigned + c.abandoned - c.abandoned_within);
  return flow;
}

}  // namespace

QueueWindows& PoolStatistics::Windows(std::string_view queue_id, absl::Time at) {
  if (at >= next_sweep_) {
    for (auto it = queues_.begin(); it != queues_.end();) {
      it = it->second.Sweep(at) ? std::next(it) : queues_.erase(it);
    }
    next_sweep_ = at + kSweepInterval;
  }
  auto it = queues_.find(queue_id);
  if (it == queues_.end()) it = queues_.try_emplace(std::string(queue_id)).first;
  return it->second;
}

void PoolStatistics::TicketArrived(std::string_view queue_id, absl::Time at) {
  Windows(queue_id, at).Add(at, [](Counts& c) { ++c.arrived; });
}

void PoolStatistics::TicketAbandoned(std::string_view queue_id, absl::Time at, Wait wait) {
  bool within = wait.wait <= wait.target_wait;
  Windows(queue_id, at).Add(at, [within](Counts& c) {
    ++c.abandoned;
    if (within) ++c.abandoned_within;
  });
}

void PoolStatistics::TicketExpired(std::string_view queue_id, absl::Time at) {
  Windows(queue_id, at).Add(at, [](Counts& c) { ++c.expired; });
}

void PoolStatistics::TicketResolved(std::string_view queue_id, absl::Time at) {
  Windows(queue_id, at).Add(at, [](Counts& c) { ++c.resolved; });
}

void PoolStatistics::TicketRequeued(std::string_view queue_id, absl::Time at) {
  Windows(queue_id, at).Add(at, [](Counts& c) { ++c.requeued; });
}

void PoolStatistics::OfferMade(std::string_view queue_id, absl::Time at) {
  Windows(queue_id, at).Add(at, [](Counts& c) { ++c.offers_made; });
}

void PoolStatistics::OfferEnded(std::string_view queue_id, absl::Time at, OfferState outcome) {
  Windows(queue_id, at).Add(at, [outcome](Counts& c) {
    switch (outcome) {
      case OfferState::kPending:
        break;
      case OfferState::kAccepted:
        ++c.offers_accepted;
        break;
      case OfferState::kDeclined:
        ++c.offers_declined;
        break;
      case OfferState::kExpired:
        ++c.offers_expired;
        break;
      case OfferState::kRevoked:
        ++c.offers_revoked;
        break;
    }
  });
}

void PoolStatistics::Assigned(std::string_view queue_id, absl::Time at, Wait wait) {
  QueueWindows& windows = Windows(queue_id, at);
  absl::Duration waited = std::max(wait.wait, absl::ZeroDuration());
  bool within = waited <= wait.target_wait;
  windows.Add(at, [&](Counts& c) {
    ++c.assigned;
    if (within) ++c.assigned_within;
    c.wait_us += absl::ToInt64Microseconds(waited);
  });
  windows.AddWait(at, waited);
}

void PoolStatistics::AssignmentEnded(std::string_view queue_id, absl::Time at,
                                     absl::Duration handle_time) {
  int64_t handle_us = std::max<int64_t>(0, absl::ToInt64Microseconds(handle_time));
  Windows(queue_id, at).Add(at, [handle_us](Counts& c) {
    ++c.ended;
    c.handle_us += handle_us;
  });
}

void PoolStatistics::AgentUnits(absl::Time at, int64_t capacity, int64_t busy) {
  occupancy_.Set(at, capacity, busy);
}

void PoolStatistics::Seed(const Offer& offer) {
  OfferMade(offer.queue_id, offer.create_time);
  if (offer.end_time) OfferEnded(offer.queue_id, *offer.end_time, offer.state);
}

void PoolStatistics::Seed(const Assignment& assignment, absl::Duration target_wait) {
  const std::string& queue = assignment.queue_id;
  OfferMade(queue, assignment.offer_time);
  OfferEnded(queue, assignment.accept_time, OfferState::kAccepted);
  Assigned(
      queue, assignment.accept_time,
      {.wait = assignment.accept_time - assignment.ticket_create_time, .target_wait = target_wait});
  if (assignment.state == AssignmentState::kTransferred) {
    TicketRequeued(queue, *assignment.end_time);
  } else if (assignment.wrap_up_time) {
    TicketResolved(queue, *assignment.wrap_up_time);
  } else if (assignment.end_time) {
    TicketResolved(queue, *assignment.end_time);
  }
  if (assignment.end_time) {
    AssignmentEnded(queue, *assignment.end_time, *assignment.end_time - assignment.accept_time);
  }
}

Flow PoolStatistics::Queue(std::string_view queue_id, absl::Duration window, absl::Time now) const {
  Totals totals;
  auto it = queues_.find(queue_id);
  if (it != queues_.end()) it->second.Sum(Clamp(window), now, totals);
  return FlowOf(totals);
}

Flow PoolStatistics::Total(absl::Duration window, absl::Time now) const {
  return All(window, now).total;
}

PoolStatistics::Flows PoolStatistics::All(absl::Duration window, absl::Time now) const {
  Flows flows;
  Totals all;
  for (const auto& [queue_id, windows] : queues_) {
    Totals totals;
    windows.Sum(Clamp(window), now, totals);
    flows.queues.emplace(queue_id, FlowOf(totals));
    all.Add(totals);
  }
  flows.total = FlowOf(all);
  return flows;
}

double PoolStatistics::Occupancy(absl::Duration window, absl::Time now) const {
  return occupancy_.Share(Clamp(window), now);
}

}  // namespace muster::matcher
