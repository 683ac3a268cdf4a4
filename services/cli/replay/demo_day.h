// A day of Muster's own making, for machines without a recorded one: six hours of a brand's help
// desk, 10:00 to 16:00, served by people who log in for an hour or so.
//
// - Customers come as a Poisson process whose rate is constant within each part of the day
// (kArrivals):
//   a quiet start, a rush at noon, a slower afternoon. A fixed part of them goes to each queue
//   (kQueues), and one in twelve is a priority customer.
// - A conversation takes a lognormal time, with the median and spread of its queue; a customer's
//   patience is exponential.
// - Each agent has one spell of duty of 45 to 120 minutes with one to three skills; shifts begin so
// that the number of agents
//   there follows the customers.
//
// The same seed makes the same day on every machine: the draws are our own, on std::mt19937_64, and
// every time is rounded to a whole second. Pure.
//
//   DemoDay day = MakeDemoDay(/*seed=*/1);
#pragma once

#include <cstdint>

#include "services/cli/replay/roster.h"
#include "services/cli/replay/trace.h"

namespace muster::replay {

// Plays the day in about 36 s.
inline constexpr double kDemoSpeed = 600;

struct DemoDay {
  Trace trace;
  Roster roster;
};

DemoDay MakeDemoDay(uint64_t seed);

}  // namespace muster::replay
