// What intake counts.
//
// Threading: thread-safe.
//
//   IntakeMetrics metrics(ProcessMetrics());
//   metrics.CountChanges(applied.changes);
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/db/committer.h"
#include "common/obs/metrics.h"
#include "services/intake/domain/mutation.h"

namespace muster::intake {

class IntakeMetrics {
 public:
  explicit IntakeMetrics(Metrics& metrics);

  // Committed changes, by pool and by what became of tickets.
  void CountChanges(const std::vector<PoolChange>& changes);
  void CountBatch(const BatchReport& report);
  // As the database has it; pools that are gone fall to 0.
  void SetWaiting(const std::map<std::string, int64_t>& waiting);
  void SetWriteQueue(size_t mutations) { write_queue_.Set(static_cast<double>(mutations)); }
  void SetSubscribers(size_t feeds) { subscribers_.Set(static_cast<double>(feeds)); }
  void SetStandings(size_t watchers) { standings_.Set(static_cast<double>(watchers)); }

 private:
  // `what` is "created", "requeued", or the name of the state reached.
  void Count(const std::string& pool_id, std::string_view what);

  Metrics& metrics_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string_view>, prometheus::Counter*> tickets_;
  std::map<std::string, prometheus::Gauge*> waiting_;
  prometheus::Histogram& batch_size_;
  prometheus::Histogram& batch_seconds_;
  prometheus::Counter& batch_failures_;
  prometheus::Gauge& write_queue_;
  prometheus::Gauge& subscribers_;
  prometheus::Gauge& standings_;
};

}  // namespace muster::intake
