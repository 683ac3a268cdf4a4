#include "services/intake/metrics.h"

#include "absl/strings/ascii.h"

namespace muster::intake {

IntakeMetrics::IntakeMetrics(Metrics& metrics)
    : metrics_(metrics),
      batch_size_(metrics.Histogram("muster_intake_commit_batch_size", "Mutations in one commit",
                                    {}, SizeBuckets())),
      batch_seconds_(metrics.Histogram("muster_intake_commit_seconds", "Time of one commit")),
      batch_failures_(metrics.Counter("muster_intake_commit_failures_total",
                                      "Tries at a commit that failed as a whole")),
      write_queue_(
          metrics.Gauge("muster_intake_write_queue", "Mutations that wait to be committed")),
      subscribers_(metrics.Gauge("muster_intake_feed_subscribers", "Open feeds of tickets")),
      standings_(metrics.Gauge("muster_intake_standing_watchers",
                               "Customers who watch where their ticket stands")) {}

void IntakeMetrics::Count(const std::string& pool_id, std::string_view what) {
  prometheus::Counter*& counter = tickets_[{pool_id, what}];
  if (counter == nullptr) {
    counter =
        &metrics_.Counter("muster_intake_tickets_total", "What became of tickets",
                          {{"pool", pool_id}, {"what", absl::AsciiStrToLower(std::string(what))}});
  }
  counter->Increment();
}

void IntakeMetrics::CountChanges(const std::vector<PoolChange>& changes) {
  std::lock_guard lock(mutex_);
  for (const PoolChange& change : changes) {
    for (size_t i = 0; i < change.tickets.size(); ++i) {
      const TicketState before = change.states_before[i];
      const TicketState now = change.tickets[i].state;
      if (before == TicketState::kUnspecified) Count(change.pool_id, "created");
      if (now == before) continue;
      if (now != TicketState::kQueued) {
        Count(change.pool_id, NameOf(now));
      } else if (before != TicketState::kUnspecified) {
        Count(change.pool_id, "requeued");
      }
    }
  }
}

void IntakeMetrics::CountBatch(const BatchReport& report) {
  batch_size_.Observe(static_cast<double>(report.size));
  batch_seconds_.Observe(absl::ToDoubleSeconds(report.took));
  if (!report.status.ok()) batch_failures_.Increment();
}

void IntakeMetrics::SetWaiting(const std::map<std::string, int64_t>& waiting) {
  std::lock_guard lock(mutex_);
  for (auto& [pool_id, gauge] : waiting_) {
    if (waiting.count(pool_id) == 0) gauge->Set(0);
  }
  for (const auto& [pool_id, count] : waiting) {
    prometheus::Gauge*& gauge = waiting_[pool_id];
    if (gauge == nullptr) {
      gauge = &metrics_.Gauge("muster_intake_tickets_waiting", "Tickets that wait for an agent",
                              {{"pool", pool_id}});
    }
    gauge->Set(static_cast<double>(count));
  }
}

}  // namespace muster::intake
