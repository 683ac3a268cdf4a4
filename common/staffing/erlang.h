// What a line of customers before equal agents comes to in the long run, by formula: customers come
// at random (Poisson), work and patience are exponential. Answers, without a simulation, how many
// agents a wait needs, and tells a simulation what it should find.
//
//   - Erlang B, C: A. K. Erlang, "Solution of some problems in the theory of probabilities of
//     significance in automatic telephone exchanges", 1917.
//   - Erlang A, customers who leave: C. Palm, "Research on telephone traffic carried by full
//     availability groups", 1957; O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center
//     with impatient customers", M&SOM 4(3), 2002.
//   - The wait of a customer who would never leave: S. Zeltyn, A. Mandelbaum, "Call centers with
//     impatient customers: many-server asymptotics of the M/M/n+G queue", Queueing Systems 51,
//     2005.
//
// Pure, safe from any thread. Good for tens of thousands of agents: sums run outward from the
// likeliest state, so that nothing overflows.
//
//   const Line line{.arrivals_per_s = 0.07, .service_s = 120, .agents = 12};
//   const LineFigures figures = *FiguresOf(line);      // figures.waits == 0.18389
//   const LineWithin within = *WithinOf(line, 20);     // within.served == 0.89908
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/status/statusor.h"

namespace muster::staffing {

inline constexpr double kForever = std::numeric_limits<double>::infinity();
// Numbers of customers in the line that a sum goes over: beyond this a line counts as growing
// without end.
inline constexpr std::uint64_t kMaxStates = 50'000'000;

// The part of customers that finds every agent busy, where nobody waits. `erlangs`: customers that
// come during the mean service.
double ErlangB(std::uint32_t agents, double erlangs);
// The part of customers that waits, where everybody does. 1 if the line grows without end.
double ErlangC(std::uint32_t agents, double erlangs);

struct Line {
  double arrivals_per_s = 0;
  double service_s = 0;  // mean
  std::uint32_t agents = 0;
  double patience_s = kForever;  // mean
  std::optional<std::uint32_t> waiting_places;
};

struct LineFigures {
  double waits = 0;        // part of all customers that waits
  double blocked = 0;      // part of all that finds no place
  double abandoned = 0;    // part of all that leaves while it waits
  double mean_wait_s = 0;  // over all that are not blocked, until served or gone
  double utilization = 0;  // part of their time that agents work
  double waiting = 0;      // customers who wait, on average
};

// INVALID_ARGUMENT: a number makes no sense. FAILED_PRECONDITION: the line grows without end.
absl::StatusOr<LineFigures> FiguresOf(const Line& line);

struct LineWithin {
  double served = 0;  // part of all customers served after no more than this wait
  double ended = 0;   // the same, and those who left by then
};

// Of a line with room for everybody. Errors as above, and INVALID_ARGUMENT where places are
// limited.
absl::StatusOr<LineWithin> WithinOf(const Line& line, double seconds);

}  // namespace muster::staffing
