#include "services/simulation/scenario.h"

#include <string>

#include "tests/support/catch.h"

namespace muster::simulation {
namespace {

constexpr char kGood[] = R"({
  "name": "desk", "horizon": "48h", "warm_up": "1h", "replications": 3, "seed": 7,
  "most_waiting": 30, "busyness": {"gamma": {"mean": 1, "cv": 0.2}},
  "queue_defaults": {"target_wait": "30s"},
  "queues": [
    {"queue_id": "cards", "required_skills": [{"skill": "cards", "level": 2}], "most_waiting": 9},
    {"queue_id": "loans", "target_wait": "60s", "priority_ahead": "5s", "after_work_time": "20s"}],
  "arrivals": [
    {"queue_id": "cards", "rates": [{"from": "08:00", "per_hour": 36}, {"from": "20:00", "per_hour": 0}],
     "handle_time": {"lognormal": {"median": "2m", "sigma": 0.5}},
     "patience": {"exponential": {"mean": "2m"}}},
    {"queue_id": "loans", "per_hour": 3600, "handle_time": {"empirical": {"file": "handle.txt"}},
     "after_work": "5s", "language": "fr"}],
  "agents": [
    {"group": "day", "size": 3, "skills": [{"skill": "cards", "level": 3}], "capacity": 2,
     "shifts": [{"from": "08:00", "to": "12:00"}, {"from": "13:00", "to": "17:30:15"}]},
    {"group": "always", "size": 1, "languages": ["fr"],
     "answers": {"delay": {"exponential": {"mean": "3s"}}, "decline_rate": 0.1}}]
})";

absl::StatusOr<std::string> Files(const std::string& name) {
  if (name == "handle.txt") return std::string("60\n\n 90.5 \n");
  if (name == "bad.txt") return std::string("60\nninety\n");
  return absl::NotFoundError("cannot read " + name);
}

// The scenario with the first `from` turned into `to`.
std::string With(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("a scenario is read as it says") {
  const absl::StatusOr<Scenario> scenario = ParseScenario("desk.json", kGood, Files);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  const Plan& plan = scenario->plan;
  CHECK(scenario->name == "desk");
  CHECK(scenario->horizon == 2 * kDay);
  CHECK(scenario->replications == 3);
  CHECK(plan.seed == 7);
  CHECK(plan.measure_from == 3600 * kSecond);
  CHECK(plan.measure_until == 2 * kDay);
  CHECK(plan.most_waiting == 30U);
  CHECK_FALSE(plan.most_present);
  REQUIRE(plan.queues.size() == 2);
  CHECK(plan.queues[0].rules.target_wait == absl::Seconds(30));
  CHECK(plan.queues[0].most_waiting == 9);
  CHECK(plan.queues[0].rules.required_skills == std::vector<engine::SkillLevel>{{"cards", 2}});
  CHECK(plan.queues[1].rules.target_wait == absl::Seconds(60));
  CHECK(plan.queues[1].rules.priority_ahead == absl::Seconds(5));
  CHECK(plan.queues[1].rules.time_to_live == absl::Hours(24));
  REQUIRE(plan.types.size() == 2);
  CHECK(plan.types[1].queue == 1);
  CHECK(plan.types[1].language == "fr");
  CHECK(scenario->arrivals[0].steps.size() == 2);
  CHECK(scenario->arrivals[0].steps[0].per_second == Approx(0.01));
  CHECK(scenario->arrivals[1].handle.Mean() == Approx(75.25));
  REQUIRE(plan.agents.size() == 4);
  CHECK(plan.agents[2].spec.agent_id == "day-000003");
  CHECK(plan.agents[0].daily);
  CHECK(plan.agents[0].shifts[1].until == (17 * 3600 + 30 * 60 + 15) * kSecond);
  CHECK_FALSE(plan.agents[3].daily);
  CHECK(plan.groups[1].answers.decline_rate == 0.1);
  CHECK(plan.groups[1].answers.delay.Mean() == 3);
}

TEST_CASE("what is wrong in a scenario is told with its place") {
  const struct {
    const char *from, *to, *problem;
  } cases[] = {
      {"\"48h\"", "\"2 days\"", "horizon: not a duration"},
      {"\"horizon\": \"48h\",", "", "horizon: is missing"},
      {"\"warm_up\": \"1h\"", "\"warm_up\": \"72h\"", "warm_up: not shorter than the horizon"},
      {"\"replications\": 3", "\"replications\": 0", "replications: not within 1 and"},
      {"\"seed\": 7", "\"seed\": -7", "seed: not a whole number"},
      {"\"seed\": 7", "\"sead\": 7", "sead: unknown; known are"},
      {"\"mean\": 1", "\"mean\": \"1s\"", "busyness.gamma.mean: not a number"},
      {"\"queue_id\": \"loans\", \"target_wait\"", "\"queue_id\": \"cards\", \"target_wait\"",
       "queues[1].queue_id: names a queue that is there already"},
      {"\"level\": 2", "\"level\": 6", "queues[0].required_skills[0].level: not within"},
      {"\"queue_id\": \"loans\", \"per_hour\"", "\"queue_id\": \"lones\", \"per_hour\"",
       "arrivals[1].queue_id: there is no queue \"lones\""},
      {"\"per_hour\": 36}", "\"per_hour\": -1}", "arrivals[0].rates[0].per_hour: not within"},
      {"{\"from\": \"20:00\"", "{\"from\": \"07:00\"",
       "arrivals[0].rates[1].from: not later than the step before"},
      {"\"08:00\", \"per_hour\"", "\"8\", \"per_hour\"",
       "arrivals[0].rates[0].from: not a time such as"},
      {"\"sigma\": 0.5", "\"sigma\": 0", "arrivals[0].handle_time.lognormal.sigma: not within"},
      {"{\"exponential\": {\"mean\": \"2m\"}}", "{\"weibull\": {\"mean\": \"2m\"}}",
       "arrivals[0].patience: not one of constant, exponential"},
      {"handle.txt", "none.txt", "arrivals[1].handle_time.empirical.file: cannot read none.txt"},
      {"handle.txt", "bad.txt", "arrivals[1].handle_time.empirical.file: bad.txt:2: not a number"},
      {"\"to\": \"12:00\"", "\"to\": \"08:00\"", "agents[0].shifts[0].to: not after from"},
      {"\"from\": \"13:00\"", "\"from\": \"11:00\"",
       "agents[0].shifts[1].from: not after the shift before"},
      {"\"17:30:15\"", "\"32:00\"", "agents[0].shifts: run into those of the next day"},
      {"\"decline_rate\": 0.1", "\"decline_rate\": 1.1", "agents[1].answers.decline_rate: not"},
      {"\"capacity\": 2", "\"capacity\": 0", "agents[0].capacity: not within 1 and"},
      {"\"size\": 3", "\"size\": 2000000", "agents[0].size: not within"},
      {"\"group\": \"always\"", "\"group\": \"day\"", "agents[1].group: names a group that"},
      {"\"name\": \"desk\"", "\"name\" \"desk\"", "no JSON at line 2, column"},
  };
  for (const auto& c : cases) {
    INFO(c.from << " -> " << c.to);
    const absl::StatusOr<Scenario> scenario = ParseScenario("x", With(c.from, c.to), Files);
    REQUIRE_FALSE(scenario.ok());
    CHECK_THAT(std::string(scenario.status().message()), Catch::Matchers::Contains(c.problem));
  }
}

TEST_CASE("all that is wrong is told at once, up to a limit") {
  const absl::StatusOr<Scenario> scenario = ParseScenario("x", "{}", Files);
  REQUIRE_FALSE(scenario.ok());
  for (const char* name : {"horizon", "queues", "arrivals", "agents"}) {
    CHECK_THAT(std::string(scenario.status().message()),
               Catch::Matchers::Contains(std::string("x: ") + name + ": is missing"));
  }
}

}  // namespace
}  // namespace muster::simulation
