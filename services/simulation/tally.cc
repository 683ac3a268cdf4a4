#include "services/simulation/tally.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace muster::simulation {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

double Part(double some, double all) { return all > 0 ? some / all : kNothing; }
double Seconds(double nanos) { return nanos / 1e9; }

// waits[int(n * part)] of the waits in order.
double Percentile(std::vector<Nanos>& waits, double part) {
  if (waits.empty()) return kNothing;
  const auto place = std::min(static_cast<std::size_t>(static_cast<double>(waits.size()) * part),
                              waits.size() - 1);
  const auto at = waits.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(waits.begin(), at, waits.end());
  return Seconds(static_cast<double>(*at));
}

std::size_t DayPartOf(Nanos at) {
  return static_cast<std::size_t>(at % kDay / (kDay / static_cast<Nanos>(kDayParts)));
}

}  // namespace

Tally::Tally(const Plan& plan)
    : plan_(plan), queues_(plan.queues.size()), groups_(plan.groups.size()) {
  for (const QueuePlan& queue : plan.queues) {
    thresholds_.push_back(absl::ToInt64Nanoseconds(plan.within.value_or(queue.rules.target_wait)));
  }
}

void Tally::Came(std::uint32_t queue, Nanos at) {
  ++queues_[queue].came;
  ++day_[DayPartOf(at)].tickets;
}

void Tally::Blocked(std::uint32_t queue) { ++queues_[queue].blocked; }
void Tally::NeverServed(std::uint32_t queue) { ++queues_[queue].never_served; }

void Tally::Ended(std::uint32_t queue, Nanos at, Nanos wait, Ending ending, std::uint32_t group) {
  const bool in_time = wait <= thresholds_[queue];
  Add(queues_[queue], wait, ending, in_time);
  if (ending == Ending::kServed) {
    ++groups_[group].came;
    Add(groups_[group], wait, ending, in_time);
  }
  DayPart& part = day_[DayPartOf(at)];
  ++part.ended;
  part.wait_s += Seconds(static_cast<double>(wait));
  part.left += ending == Ending::kLeft ? 1 : 0;
}

void Tally::Add(Count& count, Nanos wait, Ending ending, bool in_time) {
  count.waits.push_back(wait);
  count.in_time += in_time ? 1 : 0;
  switch (ending) {
    case Ending::kServed:
      ++count.served;
      count.served_wait += static_cast<double>(wait);
      count.served_in_time += in_time ? 1 : 0;
      return;
    case Ending::kLeft:
      ++count.left;
      count.left_in_time += in_time ? 1 : 0;
      return;
    case Ending::kExpired:
      ++count.expired;
      return;
    case Ending::kHeld:
      ++count.held;
      return;
  }
}

void Tally::Spent(std::uint32_t group, Nanos from, Nanos until, bool on_duty,
                  std::uint32_t capacity, std::uint32_t busy_units) {
  from = std::max(from, plan_.measure_from);
  until = std::min(until, plan_.measure_until);
  if (from >= until || (!on_duty && busy_units == 0)) return;
  const auto spent = static_cast<double>(until - from);
  Count& count = groups_[group];
  count.there += spent;
  if (on_duty) count.duty_units += spent * capacity;
  if (busy_units > 0) count.busy += spent;
  count.busy_units += spent * busy_units;
}

void Tally::AddAgents(const Count& from, Count& to) {
  to.busy_units += from.busy_units;
  to.duty_units += from.duty_units;
  to.busy += from.busy;
  to.there += from.there;
  to.offers += from.offers;
  to.refused += from.refused;
}

void Tally::AddTickets(const Count& from, Count& to) {
  to.came += from.came;
  to.served += from.served;
  to.left += from.left;
  to.blocked += from.blocked;
  to.expired += from.expired;
  to.held += from.held;
  to.never_served += from.never_served;
  to.in_time += from.in_time;
  to.served_in_time += from.served_in_time;
  to.left_in_time += from.left_in_time;
  to.served_wait += from.served_wait;
  to.waits.insert(to.waits.end(), from.waits.begin(), from.waits.end());
}

Figures Tally::FiguresOf(Count& count) {
  const auto came = static_cast<double>(count.came);
  const auto ended = static_cast<double>(count.waits.size());
  double wait = 0;
  double waited = 0;
  for (const Nanos w : count.waits) {
    wait += static_cast<double>(w);
    waited += w > 0 ? 1 : 0;
  }
  const auto part = [](std::uint64_t some, double all) {
    return Part(static_cast<double>(some), all);
  };
  Figures figures;
  figures[Measure::kTickets] = came;
  figures[Measure::kMeanWait] = Part(Seconds(wait), ended);
  figures[Measure::kMeanAnswer] =
      Part(Seconds(count.served_wait), static_cast<double>(count.served));
  figures[Measure::kMedianWait] = Percentile(count.waits, 0.5);
  figures[Measure::kWait95] = Percentile(count.waits, 0.95);
  figures[Measure::kWait99] = Percentile(count.waits, 0.99);
  figures[Measure::kWaited] = Part(waited, ended);
  figures[Measure::kWithin] = part(count.in_time, ended);
  figures[Measure::kServiceLevel] = part(count.served_in_time, came);
  figures[Measure::kServiceLevelStayed] =
      part(count.served_in_time, came - static_cast<double>(count.left_in_time));
  figures[Measure::kAbandoned] = part(count.left, came);
  figures[Measure::kBlocked] = part(count.blocked, came);
  figures[Measure::kExpired] = part(count.expired, came);
  figures[Measure::kHeld] = part(count.held, came);
  figures[Measure::kNeverServed] = static_cast<double>(count.never_served);
  figures[Measure::kUtilization] = Part(count.busy_units, count.duty_units);
  figures[Measure::kOccupancy] = Part(count.busy, count.there);
  figures[Measure::kRefused] = part(count.refused, static_cast<double>(count.offers));
  return figures;
}

PlayFigures Tally::Sum() {
  PlayFigures sum;
  Count total;
  for (Count& queue : queues_) {
    AddTickets(queue, total);
    sum.queues.push_back(FiguresOf(queue));
  }
  for (Count& group : groups_) {
    AddAgents(group, total);
    sum.groups.push_back(FiguresOf(group));
  }
  sum.total = FiguresOf(total);
  sum.day = day_;
  return sum;
}

}  // namespace muster::simulation
