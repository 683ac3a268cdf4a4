// Customers as chance brings them: a Poisson process for each type of ticket, its rate constant or
// stepping through the day, some days busier than others.
//
// A rate that changes is met by inversion (E. Cinlar, "Introduction to Stochastic Processes",
// 1975): the n-th customer comes when the rate summed up over time has passed the n-th point of a
// process of rate 1. So the same customers come, earlier or later, when only the rate is another.
//
// DrawnCustomers is not thread-safe; plans are plain values.
//
//   DrawnCustomers customers({{.steps = {{0, 0.07}}, .handle = Distribution::Exponential(120)}},
//                            /*seed=*/1, /*replication=*/0, /*horizon=*/3600 * kSecond);
//   while (std::optional<Customer> customer = customers.Next()) { ... }
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "services/simulation/distribution.h"
#include "services/simulation/plan.h"
#include "services/simulation/random.h"

namespace muster::simulation {

// From this second of the day on, so many a second, up to the next step. What comes before the
// first step has rate 0.
struct RateStep {
  double from_s = 0;
  double per_second = 0;
};

// Of the type with the same place in the plan. Distributions are in seconds.
struct ArrivalPlan {
  std::vector<RateStep> steps;           // by from_s; {{0, r}} is a rate that never changes
  std::optional<Distribution> busyness;  // a factor of the rate, drawn for each day
  Distribution handle;
  std::optional<Distribution> patience;    // absent: never leaves
  std::optional<Distribution> after_work;  // absent: all that the queue allows
};

class DrawnCustomers : public CustomerSource {
 public:
  // `busyness` is a factor of the day for all types together. Nobody comes at the horizon or later.
  DrawnCustomers(const std::vector<ArrivalPlan>& plans, std::optional<Distribution> busyness,
                 std::uint64_t seed, std::uint64_t replication, Nanos horizon);

  std::optional<Customer> Next() override;

 private:
  struct Type {
    const ArrivalPlan* plan;
    StreamFamily arrival, handle, patience, after_work, day;
    double at_s = 0;  // of the last one
    std::uint64_t number = 0;
    bool steady = false;  // one rate for ever
    std::int64_t factor_day = -1;
    double factor = 1;
  };

  void Schedule(std::uint32_t t);  // the type's next customer, unless it is beyond the horizon
  double NextTime(Type& type, double need);
  double Factor(Type& type, std::int64_t day);
  Customer Make(std::uint32_t t, double at_s);

  std::vector<Type> types_;
  std::optional<Distribution> busyness_;
  StreamFamily days_;
  double horizon_s_;
  using Coming = std::pair<double, std::uint32_t>;  // when, of which type
  std::priority_queue<Coming, std::vector<Coming>, std::greater<>> coming_;
};

// Rounds to whole nanoseconds; kNever if it is too long for them.
Nanos ToNanos(double seconds);

}  // namespace muster::simulation
