#include "services/simulation/study.h"

#include <cmath>
#include <string>

#include "tests/support/catch.h"

namespace muster::simulation {
namespace {

absl::StatusOr<std::string> NoFiles(const std::string& name) { return absl::NotFoundError(name); }

Scenario Read(const std::string& text) {
  absl::StatusOr<Scenario> scenario = ParseScenario("test", text, NoFiles);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

Study Run(const Scenario& scenario) {
  Study study = StudyOf(scenario.name, scenario.plan);
  for (std::uint64_t r = 0; r < scenario.replications; ++r) {
    absl::StatusOr<PlayFigures> play = PlayScenario(scenario, r, nullptr);
    REQUIRE(play.ok());
    study.plays.push_back(*play);
  }
  return study;
}

constexpr char kDesk[] = R"({
  "queues": [{"queue_id": "calls"}],
  "arrivals": [{"queue_id": "calls", "per_hour": 252,
                "handle_time": {"exponential": {"mean": "2m"}}}],
  "agents": [{"group": "desk", "size": 12}],
  "horizon": "9h", "warm_up": "1h", "replications": 5, "seed": 11})";

// A few intervals wide: the seeds are fixed, so that this cannot fail by chance, and a wrong model
// is further away.
bool Agrees(const Interval& interval, double expected) {
  return std::abs(interval.mean - expected) <= 2 * interval.half_width &&
         interval.half_width < 0.5 * expected;
}

TEST_CASE("one line of calls waits as Erlang's formula for M/M/12 says") {
  const Study study = Run(Read(kDesk));
  CHECK(Agrees(study.Of({}, Measure::kWaited), 0.18389));
  CHECK(Agrees(study.Of({}, Measure::kMeanWait), 0.10216 * 60));
  CHECK(study.Of({}, Measure::kServiceLevel).mean == Approx(0.89908).margin(0.03));
  CHECK(study.Of({}, Measure::kUtilization).mean == Approx(0.7).margin(0.03));
  CHECK(study.Of({}, Measure::kTickets).mean == Approx(2016).epsilon(0.05));
}

TEST_CASE("equal scenarios come to equal figures, play by play") {
  Scenario scenario = Read(kDesk);
  scenario.replications = 2;
  const Study first = Run(scenario);
  const Study second = Run(scenario);
  for (std::size_t m = 0; m < kMeasures; ++m) {
    INFO(InfoOf(MeasureAt(m)).key);
    const Difference difference = Compare(first, second, {}, MeasureAt(m));
    if (!difference.interval.Known()) continue;
    CHECK(difference.interval.mean == 0);
    CHECK(difference.interval.half_width == 0);
    CHECK(difference.verdict == Difference::Verdict::kSame);
  }
}

TEST_CASE("on common random numbers an agent more is better, beyond doubt") {
  Scenario more = Read(kDesk);
  AgentPlan agent = more.plan.agents.back();
  agent.spec.agent_id = "desk-more";
  more.plan.agents.push_back(agent);
  const Study first = Run(Read(kDesk));
  const Study second = Run(more);
  const Difference wait = Compare(first, second, {}, Measure::kMeanWait);
  CHECK(wait.verdict == Difference::Verdict::kSecondBetter);
  CHECK(Compare(first, second, {}, Measure::kTickets).verdict == Difference::Verdict::kSame);
  CHECK(Compare(first, second, {}, Measure::kUtilization).verdict == Difference::Verdict::kLess);
  // Without pairing the same plays would say less.
  CHECK(wait.interval.half_width < first.Of({}, Measure::kMeanWait).half_width);
}

TEST_CASE("another seed is another play, and so is another replication") {
  Scenario scenario = Read(kDesk);
  const auto wait = [&](std::uint64_t replication) {
    return PlayScenario(scenario, replication, nullptr)->total[Measure::kMeanWait];
  };
  const double first = wait(0);
  CHECK(first == wait(0));
  CHECK(first != wait(1));
  scenario.plan.seed = 12;
  CHECK(first != wait(0));
}

TEST_CASE("a customer is the same whatever the rate") {
  std::vector<ArrivalPlan> slow(1), fast(1);
  slow[0] = {.steps = {{0, 0.01}},
             .handle = Distribution::Gamma(100, 1.5),
             .patience = Distribution::Lognormal(60, 1)};
  fast[0] = slow[0];
  fast[0].steps = {{0, 0.02}};
  DrawnCustomers a(slow, std::nullopt, 3, 1, kDay), b(fast, std::nullopt, 3, 1, kDay);
  for (int i = 0; i < 500; ++i) {
    const std::optional<Customer> x = a.Next(), y = b.Next();
    REQUIRE((x && y));
    REQUIRE(x->handle == y->handle);
    REQUIRE(x->patience == y->patience);
    REQUIRE(std::abs(x->at - 2 * y->at) <= 2);
  }
}

TEST_CASE("customers come by the rates of the day and its busyness") {
  // 100 an hour from 8 to 10, 50 until noon: 300 a day, in two kinds of days.
  std::vector<ArrivalPlan> plan(1);
  plan[0].steps = {{8 * 3600, 100 / 3600.0}, {10 * 3600, 50 / 3600.0}, {12 * 3600, 0}};
  plan[0].busyness = Distribution::Empirical({0.5, 1.5});
  constexpr int kDays = 400;
  DrawnCustomers customers(plan, std::nullopt, 9, 0, kDays * kDay);
  std::vector<int> days(kDays);
  int early = 0, late = 0;
  while (const std::optional<Customer> customer = customers.Next()) {
    const double hour = static_cast<double>(customer->at % kDay) / 3600e9;
    REQUIRE((hour >= 8 && hour < 12));
    ++(hour < 10 ? early : late);
    ++days[static_cast<std::size_t>(customer->at / kDay)];
  }
  CHECK(early + late == Approx(300 * kDays).epsilon(0.1));
  CHECK(static_cast<double>(early) / late == Approx(2).epsilon(0.03));
  int busy = 0;
  for (const int count : days) {
    CHECK((count < 230 || count > 360));  // 150 or 450, never between
    busy += count > 300 ? 1 : 0;
  }
  CHECK(busy > kDays * 2 / 5);
  CHECK(busy < kDays * 3 / 5);
}

}  // namespace
}  // namespace muster::simulation
