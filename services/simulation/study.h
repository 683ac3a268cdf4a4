// Several plays of the same plan, and what they say together: the mean of each figure with its 95 %
// interval; and of two studies on common random numbers, what differs between them.
//
// Pure; plays of a study may be run by several threads, each its own.
//
//   Study study = StudyOf(scenario.plan);
//   for (std::uint64_t r = 0; r < scenario.replications; ++r) {
//     MUSTER_ASSIGN_OR_RETURN(PlayFigures play, PlayScenario(scenario, r, nullptr));
//     study.plays.push_back(play);
//   }
//   const Interval wait = study.Of({}, Measure::kMeanWait);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/simulation/figures.h"
#include "services/simulation/play.h"
#include "services/simulation/scenario.h"
#include "services/simulation/statistics.h"

namespace muster::simulation {

// Whom a figure is about.
struct Scope {
  enum class Kind { kTotal, kQueue, kGroup };
  Kind kind = Kind::kTotal;
  std::size_t place = 0;  // of the queue or group
};

struct Study {
  std::string name;
  std::vector<std::string> queues;
  std::vector<std::string> groups;
  std::vector<PlayFigures> plays;

  std::vector<double> Values(const Scope& scope, Measure measure) const;
  Interval Of(const Scope& scope, Measure measure) const;
  // Over all plays.
  double Tickets() const;
  double Decisions() const;
};

Study StudyOf(const std::string& name, const Plan& plan);

// One replication.
absl::StatusOr<PlayFigures> PlayScenario(const Scenario& scenario, std::uint64_t replication,
                                         const Play::GoOn& go_on);

// One play of customers that are known.
absl::StatusOr<PlayFigures> PlayList(const Plan& plan, const std::vector<Customer>& customers,
                                     const Play::GoOn& go_on);

// What the second has more than the first, play by play: plays at the same place met the same
// chance.
struct Difference {
  Interval interval;
  enum class Verdict { kSame, kUndecided, kFirstBetter, kSecondBetter, kMore, kLess };
  Verdict verdict = Verdict::kUndecided;
};
Difference Compare(const Study& first, const Study& second, const Scope& scope, Measure measure);

}  // namespace muster::simulation
