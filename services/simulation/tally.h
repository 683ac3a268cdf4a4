// Counts and times of one play, as they come in, and the figures that they amount to.
//
// Not thread-safe: one play writes it.
//
//   Tally tally(plan);
//   tally.Came(queue, at);
//   tally.Ended(queue, at, wait, Ending::kServed, group);
//   const PlayFigures figures = tally.Sum();
#pragma once

#include <cstdint>
#include <vector>

#include "services/simulation/figures.h"
#include "services/simulation/plan.h"

namespace muster::simulation {

enum class Ending { kServed, kLeft, kExpired, kHeld };

class Tally {
 public:
  explicit Tally(const Plan& plan);

  // ---- tickets; only those that count
  bool Counts(Nanos at) const { return plan_.measure_from <= at && at < plan_.measure_until; }
  void Came(std::uint32_t queue, Nanos at);
  void Blocked(std::uint32_t queue);
  // `at` is when the ticket came; `group` is who serves it.
  void Ended(std::uint32_t queue, Nanos at, Nanos wait, Ending ending, std::uint32_t group);
  void NeverServed(std::uint32_t queue);

  // ---- agents: from `from` to `until` one of the group, with so many units, was in this state.
  void Spent(std::uint32_t group, Nanos from, Nanos until, bool on_duty, std::uint32_t capacity,
             std::uint32_t busy_units);
  void OfferMade(std::uint32_t group) { ++groups_[group].offers; }
  void OfferRefused(std::uint32_t group) { ++groups_[group].refused; }

  PlayFigures Sum();

 private:
  // Of a queue, of a group, or of all.
  struct Count {
    std::uint64_t came = 0, served = 0, left = 0, blocked = 0, expired = 0, held = 0;
    std::uint64_t never_served = 0;
    std::uint64_t in_time = 0;  // wait over within the threshold
    std::uint64_t served_in_time = 0, left_in_time = 0;
    double served_wait = 0;
    std::vector<Nanos> waits;
    double busy_units = 0, duty_units = 0, busy = 0, there = 0;  // nanoseconds
    std::uint64_t offers = 0, refused = 0;
  };

  void Add(Count& count, Nanos wait, Ending ending, bool in_time);
  static void AddAgents(const Count& from, Count& to);
  static void AddTickets(const Count& from, Count& to);
  static Figures FiguresOf(Count& count);

  const Plan& plan_;
  std::vector<Count> queues_;
  std::vector<Count> groups_;
  std::vector<Nanos> thresholds_;  // by queue
  std::array<DayPart, kDayParts> day_{};
};

}  // namespace muster::simulation
