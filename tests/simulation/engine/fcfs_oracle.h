// Ideal dispatch of a day by the plainest rule, as an event simulation of its own: no delay, no
// declines, one job an agent; a freed agent takes the waiting ticket that it has the skill for and
// that has waited longest (priority counts as seconds more), an arriving ticket the agent with the
// skill who has been idle longest. What the engine makes of the same day, all offers accepted at
// once, must be the same.
//
//   const std::vector<Outcome> ideal = RunOracle(day);
//   const std::vector<Outcome> engines = RunEngine(day);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::engine {

// Times are in microseconds from the start of the day, so that nothing is lost in rounding.
using Micros = std::int64_t;

struct Customer {
  Micros at = 0;
  std::string queue;
  bool priority = false;
  Micros handle = 0;
  Micros patience = 0;
};

struct Shift {
  Micros on = 0;
  Micros off = 0;  // work in hand is finished
  std::string agent;
  std::vector<std::string> skills;  // queues that it can serve
};

struct Day {
  std::vector<Customer> customers;  // by time
  std::vector<Shift> shifts;        // of one agent: not overlapping
  Micros priority_ahead = 0;
};

struct Outcome {
  std::string agent;  // empty: left, or never served
  Micros start = -1;  // when service began, or when the customer left

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Made up from a seed: a morning and an afternoon peak, queues of unequal size, agents of one or
// more skills who come and go.
Day MakeDay(std::uint64_t seed);

// By customer.
std::vector<Outcome> RunOracle(const Day& day);
std::vector<Outcome> RunEngine(const Day& day);

}  // namespace muster::engine
