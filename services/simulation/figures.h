// The figures that a play comes to, each defined once: the same for a queue, for a group of agents
// and for all together, and for a report, a comparison or a test.
//
// Plain values.
//
//   const double wait = figures[Measure::kMeanWait];
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace muster::simulation {

// "All" are the tickets that came while it was measured; "ended" those of them whose wait came to
// an end, by service, leaving, expiry or being set aside. A blocked ticket never waited.
enum class Measure : std::size_t {
  kTickets,             // all; of a group: those that it served
  kMeanWait,            // seconds, over the ended; of a group: over those that it served
  kMeanAnswer,          // seconds, over the served
  kMedianWait,          // seconds, over the ended: the wait at place n/2 of n in order
  kWait95,              //   at place 0.95 n
  kWait99,              //   at place 0.99 n
  kWaited,              // part of the ended that waited at all
  kWithin,              // part of the ended that waited no longer than the threshold, served or not
  kServiceLevel,        // served within the threshold, of all
  kServiceLevelStayed,  // the same, of all but those who left within the threshold
  kAbandoned,           // part of all whose customer left before service
  kBlocked,             // part of all that found no place to wait
  kExpired,             // part of all that waited longer than the queue lets them
  kHeld,                // part of all that were set aside after many refusals
  kNeverServed,         // still waiting when the play ended
  kUtilization,         // capacity at work, of the capacity on duty; work beyond the shift counts
  kOccupancy,           // time with at least one job, of the time on duty or at work
  kRefused,             // offers declined, ignored or revoked, of all offers
};
inline constexpr std::size_t kMeasures = 18;

enum class Unit { kCount, kSeconds, kPart };
enum class Better { kNeither, kLess, kMore };

struct MeasureInfo {
  const char* key;    // in JSON
  const char* title;  // for people
  Unit unit;
  Better better;
};
const MeasureInfo& InfoOf(Measure measure);
inline Measure MeasureAt(std::size_t place) { return static_cast<Measure>(place); }

// NaN where there was nothing to measure.
struct Figures {
  std::array<double, kMeasures> values;

  double& operator[](Measure m) { return values[static_cast<std::size_t>(m)]; }
  double operator[](Measure m) const { return values[static_cast<std::size_t>(m)]; }
};

// Of the tickets that came in one part of the day, over all days.
struct DayPart {
  double tickets = 0;
  double ended = 0;
  double wait_s = 0;  // summed up over the ended
  double left = 0;
};
inline constexpr std::size_t kDayParts = 48;  // half hours

struct PlayFigures {
  Figures total;
  std::vector<Figures> queues;  // as in the plan
  std::vector<Figures> groups;
  std::array<DayPart, kDayParts> day{};
  double tickets = 0;    // that came, measured or not
  double decisions = 0;  // offers made by the engine
  double events = 0;     // told to the engine
};

}  // namespace muster::simulation
