#include "services/simulation/arrivals.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace muster::simulation {
namespace {

constexpr double kDaySeconds = 86'400;
constexpr double kTooLong = 9e9;  // seconds, about 285 years
constexpr std::uint64_t kAllTypes = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Nanos ToNanos(double seconds) {
  return seconds < kTooLong ? static_cast<Nanos>(std::llround(seconds * 1e9)) : kNever;
}

DrawnCustomers::DrawnCustomers(const std::vector<ArrivalPlan>& plans,
                               std::optional<Distribution> busyness, std::uint64_t seed,
                               std::uint64_t replication, Nanos horizon)
    : busyness_(std::move(busyness)),
      days_(seed, replication, Purpose::kDay, kAllTypes),
      horizon_s_(static_cast<double>(horizon) / 1e9) {
  types_.reserve(plans.size());
  for (std::uint32_t t = 0; t < plans.size(); ++t) {
    const auto stream = [&](Purpose purpose) {
      return StreamFamily(seed, replication, purpose, t);
    };
    types_.push_back({.plan = &plans[t],
                      .arrival = stream(Purpose::kArrival),
                      .handle = stream(Purpose::kHandle),
                      .patience = stream(Purpose::kPatience),
                      .after_work = stream(Purpose::kAfterWork),
                      .day = stream(Purpose::kDay)});
    types_[t].steady = plans[t].steps.size() == 1 && plans[t].steps[0].from_s == 0 &&
                       !plans[t].busyness && !busyness_;
    Schedule(t);
  }
}

std::optional<Customer> DrawnCustomers::Next() {
  if (coming_.empty()) return std::nullopt;
  const auto [at_s, t] = coming_.top();
  coming_.pop();
  const Customer customer = Make(t, at_s);
  Schedule(t);
  return customer;
}

Customer DrawnCustomers::Make(std::uint32_t t, double at_s) {
  Type& type = types_[t];
  const std::uint64_t number = type.number++;
  const auto draw = [number](const Distribution& from, const StreamFamily& streams) {
    Random random = streams.Of(number);
    return ToNanos(from.Draw(random));
  };
  Customer customer{.at = ToNanos(at_s), .type = t, .number = number};
  customer.handle = draw(type.plan->handle, type.handle);
  if (type.plan->patience) customer.patience = draw(*type.plan->patience, type.patience);
  if (type.plan->after_work) customer.after_work = draw(*type.plan->after_work, type.after_work);
  return customer;
}

void DrawnCustomers::Schedule(std::uint32_t t) {
  Type& type = types_[t];
  type.at_s = NextTime(type, type.arrival.Of(type.number).Exponential());
  if (type.at_s < horizon_s_) coming_.push({type.at_s, t});
}

// When the rate summed up from `type.at_s` on reaches `need`.
double DrawnCustomers::NextTime(Type& type, double need) {
  const std::vector<RateStep>& steps = type.plan->steps;
  if (type.steady) return type.at_s + need / steps[0].per_second;
  double at = type.at_s;
  while (at < horizon_s_) {
    const double day = std::floor(at / kDaySeconds);
    const double midnight = day * kDaySeconds;
    const auto after =
        std::upper_bound(steps.begin(), steps.end(), at - midnight,
                         [](double of_day, const RateStep& step) { return of_day < step.from_s; });
    const double end = midnight + (after == steps.end() ? kDaySeconds : after->from_s);
    const double rate = after == steps.begin() ? 0
                                               : (after - 1)->per_second *
                                                     Factor(type, static_cast<std::int64_t>(day));
    if (rate * (end - at) >= need) return at + need / rate;
    need -= rate * (end - at);
    at = end;
  }
  return horizon_s_;
}

double DrawnCustomers::Factor(Type& type, std::int64_t day) {
  if (type.factor_day == day) return type.factor;
  type.factor_day = day;
  type.factor = 1;
  const auto number = static_cast<std::uint64_t>(day);
  if (busyness_) {
    Random random = days_.Of(number);
    type.factor *= busyness_->Draw(random);
  }
  if (type.plan->busyness) {
    Random random = type.day.Of(number);
    type.factor *= type.plan->busyness->Draw(random);
  }
  return type.factor;
}

}  // namespace muster::simulation
