// The engine in virtual time against the formulas: where the rules come to a plain line of
// customers, so must the figures.
#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "common/staffing/erlang.h"
#include "services/simulation/study.h"
#include "tests/support/catch.h"

namespace muster::simulation {
namespace {

struct Case {
  std::string name;
  staffing::Line line;
  int horizon_h;
};

std::string ScenarioOf(const Case& c) {
  std::string patience, places;
  if (c.line.patience_s < staffing::kForever) {
    patience =
        absl::StrFormat(R"(, "patience": {"exponential": {"mean": "%gs"}})", c.line.patience_s);
  }
  if (c.line.waiting_places)
    places = absl::StrFormat(R"(, "most_waiting": %d)", *c.line.waiting_places);
  return absl::StrFormat(R"({"horizon": "%dh", "warm_up": "1h", "replications": 6, "seed": 5%s,
      "queues": [{"queue_id": "calls"}], "agents": [{"group": "desk", "size": %d}],
      "arrivals": [{"queue_id": "calls", "per_hour": %.17g,
                    "handle_time": {"exponential": {"mean": "%gs"}}%s}]})",
                         c.horizon_h, places, c.line.agents, c.line.arrivals_per_s * 3600,
                         c.line.service_s, patience);
}

// Seeds are fixed, so this cannot fail by chance; a model that is wrong is further away.
void CheckAgrees(const Study& study, Measure measure, double expected) {
  const Interval interval = study.Of({}, measure);
  INFO(InfoOf(measure).key << " " << interval.mean << " +- " << interval.half_width
                           << ", by formula " << expected);
  CHECK(std::abs(interval.mean - expected) <= 1.5 * interval.half_width + 1e-12);
}

TEST_CASE("plain lines come to Erlang's figures") {
  const Case cases[] = {
      {"Erlang C", {.arrivals_per_s = 0.07, .service_s = 120, .agents = 12}, 9},
      {"Erlang A", {.arrivals_per_s = 0.8, .service_s = 60, .agents = 50, .patience_s = 120}, 2},
      {"Erlang B", {.arrivals_per_s = 0.1, .service_s = 60, .agents = 7, .waiting_places = 0}, 9},
      {"a few places",
       {.arrivals_per_s = 0.1, .service_s = 60, .agents = 7, .waiting_places = 3},
       9},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const auto scenario = ParseScenario(c.name, ScenarioOf(c), nullptr);
    INFO(scenario.status().ToString());
    REQUIRE(scenario.ok());
    Study study = StudyOf(c.name, scenario->plan);
    for (std::uint64_t r = 0; r < scenario->replications; ++r) {
      const auto play = PlayScenario(*scenario, r, nullptr);
      REQUIRE(play.ok());
      study.plays.push_back(*play);
    }
    const auto expected = staffing::FiguresOf(c.line);
    REQUIRE(expected.ok());
    // `waits` is of all customers, the simulation's of those who were not blocked.
    CheckAgrees(study, Measure::kWaited, expected->waits / (1 - expected->blocked));
    CheckAgrees(study, Measure::kMeanWait, expected->mean_wait_s);
    CheckAgrees(study, Measure::kBlocked, expected->blocked);
    CheckAgrees(study, Measure::kAbandoned, expected->abandoned);
    CheckAgrees(study, Measure::kUtilization, expected->utilization);
    if (c.line.waiting_places) continue;
    const auto within = staffing::WithinOf(c.line, 20);
    REQUIRE(within.ok());
    CheckAgrees(study, Measure::kServiceLevel, within->served);
    CheckAgrees(study, Measure::kWithin, within->ended);
  }
}

}  // namespace
}  // namespace muster::simulation
