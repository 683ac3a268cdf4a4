// Metrics for Prometheus: a registry, and the HTTP address where it is read.
//
// Threading: thread-safe. Getting a metric looks it up under a lock: get it once, keep the
// reference, and count on it freely.
//
//   prometheus::Counter& created = ProcessMetrics().Counter(
//       "muster_tickets_created_total", "Tickets created", {{"pool", pool_id}});
//   created.Increment();
//   MUSTER_RETURN_IF_ERROR(ProcessMetrics().Expose("127.0.0.1:7411"));
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace muster {

using MetricLabels = std::map<std::string, std::string>;

// Seconds, from 100 us to 60 s.
const std::vector<double>& LatencyBuckets();
// Counts, from 1 to 1024 by powers of two.
const std::vector<double>& SizeBuckets();

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same metric. Names end in _total, _seconds, ... as
  // Prometheus wants it; one name has one kind and one help text.
  prometheus::Counter& Counter(const std::string& name, const std::string& help,
                               const MetricLabels& labels = {});
  prometheus::Gauge& Gauge(const std::string& name, const std::string& help,
                           const MetricLabels& labels = {});
  prometheus::Histogram& Histogram(const std::string& name, const std::string& help,
                                   const MetricLabels& labels = {},
                                   const std::vector<double>& buckets = LatencyBuckets());

  // Serves GET /metrics on "host:port"; "" is off. Port 0 takes a free one. Once.
  absl::Status Expose(const std::string& address);
  // 0 when off.
  int port() const;

  // What /metrics says.
  std::string Text() const;

  // Sets muster_build_info{service,version} to 1.
  void SetBuildInfo(const std::string& service);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The registry of this process, which common/rpc counts in.
Metrics& ProcessMetrics();

}  // namespace muster
