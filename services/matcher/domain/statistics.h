// What happened in a pool over a window of time: counts, waits, service levels, occupancy.
//
// Fed by records, each with the time at which it happened; asked for any window up to a day. Memory
// is bounded, and a window's start is rounded down to a grain: see window.h. A record may come late
// (history at start); one older than a day is dropped. Percentiles are within 5 % of the true
// value.
//
// Threading: not thread-safe; belongs to the pool's own thread.
//
//   PoolStatistics statistics;
//   statistics.TicketArrived("card", now);
//   statistics.Assigned("card", now, {.wait = absl::Seconds(4), .target_wait = absl::Seconds(20)});
//   Flow flow = statistics.Total(absl::Minutes(5), now);
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/matcher/domain/occupancy.h"
#include "services/matcher/domain/records.h"
#include "services/matcher/domain/window.h"

namespace muster::matcher {

inline constexpr absl::Duration kMinStatisticsWindow = absl::Seconds(1);
inline constexpr absl::Duration kMaxStatisticsWindow = absl::Hours(24);
inline constexpr absl::Duration kDefaultStatisticsWindow = absl::Minutes(5);

// What happened in a window. Fields as in muster.matcher.v1.Flow.
struct Flow {
  int64_t tickets_arrived = 0;
  int64_t tickets_assigned = 0;
  int64_t tickets_abandoned = 0;
  int64_t tickets_expired = 0;
  int64_t tickets_resolved = 0;
  int64_t tickets_requeued = 0;
  int64_t offers_made = 0;
  int64_t offers_accepted = 0;
  int64_t offers_declined = 0;
  int64_t offers_expired = 0;
  int64_t offers_revoked = 0;
  // Absent if no ticket was assigned.
  std::optional<absl::Duration> mean_wait, p50_wait, p95_wait, p99_wait;
  // Absent if no assignment ended.
  std::optional<absl::Duration> mean_handle_time;
  double service_level = -1;
  double service_level_without_short_abandons = -1;
};

// A wait, and the target that it is held against.
struct Wait {
  absl::Duration wait;  // since the ticket was created
  absl::Duration target_wait;
};

class PoolStatistics {
 public:
  void TicketArrived(std::string_view queue_id, absl::Time at);
  // The customer left while waiting.
  void TicketAbandoned(std::string_view queue_id, absl::Time at, Wait wait);
  void TicketExpired(std::string_view queue_id, absl::Time at);
  // The conversation ended.
  void TicketResolved(std::string_view queue_id, absl::Time at);
  void TicketRequeued(std::string_view queue_id, absl::Time at);

  void OfferMade(std::string_view queue_id, absl::Time at);
  void OfferEnded(std::string_view queue_id, absl::Time at, OfferState outcome);
  // An agent accepted. Say OfferEnded(kAccepted) as well.
  void Assigned(std::string_view queue_id, absl::Time at, Wait wait);
  // `handle_time`: from acceptance to completion.
  void AssignmentEnded(std::string_view queue_id, absl::Time at, absl::Duration handle_time);

  // Units of the agents who are there, and those in use, from `at` on. Times must not fall.
  void AgentUnits(absl::Time at, int64_t capacity, int64_t busy);

  // All that an ended offer on record tells: that it was made, and how it ended.
  void Seed(const Offer& offer);
  // All that an assignment on record tells, its accepted offer included; it does not say whether
  // its ticket arrived in this pool's time, so arrivals stay as they are.
  void Seed(const Assignment& assignment, absl::Duration target_wait);

  // Of what happened in (now - window, now]. `window` is held between the limits above.
  Flow Queue(std::string_view queue_id, absl::Duration window, absl::Time now) const;
  Flow Total(absl::Duration window, absl::Time now) const;
  // Queues with something to tell, in order of id, and their sum, for the price of one.
  struct Flows {
    std::map<std::string, Flow> queues;
    Flow total;
  };
  Flows All(absl::Duration window, absl::Time now) const;
  // Unit-seconds in use as a share of those there; -1 if nobody was.
  double Occupancy(absl::Duration window, absl::Time now) const;

 private:
  QueueWindows& Windows(std::string_view queue_id, absl::Time at);

  std::map<std::string, QueueWindows, std::less<>> queues_;
  OccupancyMeter occupancy_;
  absl::Time next_sweep_ = absl::InfinitePast();  // when to look for queues without a past
};

}  // namespace muster::matcher
