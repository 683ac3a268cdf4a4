#include "services/simulation/play.h"

#include <vector>

#include "services/simulation/study.h"
#include "tests/support/catch.h"

namespace muster::simulation {
namespace {

Nanos At(double seconds) { return ToNanos(seconds); }

// One queue and so many agents who are always there.
Plan Desk(int agents) {
  Plan plan;
  plan.queues.push_back({.queue_id = "calls"});
  plan.types.push_back({.queue = 0});
  plan.groups.push_back({.name = "desk"});
  for (int a = 0; a < agents; ++a) {
    AgentPlan agent{.group = 0, .shifts = {{0, kNever}}};
    agent.spec.agent_id = "a" + std::to_string(a);
    plan.agents.push_back(agent);
  }
  plan.measure_until = At(1000);
  return plan;
}

Customer Caller(double at, double handle, Nanos patience = kNever) {
  return {.at = At(at), .handle = At(handle), .patience = patience};
}

PlayFigures Played(const Plan& plan, const std::vector<Customer>& customers) {
  ListedCustomers source(customers);
  Play play(plan, source, 0);
  const absl::Status played = play.Run(nullptr);
  INFO(played.ToString());
  REQUIRE(played.ok());
  CHECK(play.CheckInvariants().ok());
  return play.Sum();
}

TEST_CASE("customers are served in turn, and each figure is what its name says") {
  const PlayFigures figures =
      Played(Desk(1), {Caller(0, 100), Caller(10, 50), Caller(20, 50, At(30)), Caller(400, 100)});
  const Figures& f = figures.total;
  CHECK(f[Measure::kTickets] == 4);
  // Waits 0, 90, 30 (left) and 0.
  CHECK(f[Measure::kMeanWait] == Approx(30));
  CHECK(f[Measure::kMeanAnswer] == Approx(30));
  CHECK(f[Measure::kMedianWait] == Approx(30));
  CHECK(f[Measure::kWait99] == Approx(90));
  CHECK(f[Measure::kWaited] == Approx(0.5));
  CHECK(f[Measure::kWithin] == Approx(0.5));
  CHECK(f[Measure::kServiceLevel] == Approx(0.5));
  CHECK(f[Measure::kAbandoned] == Approx(0.25));
  CHECK(f[Measure::kUtilization] == Approx(0.25));
  CHECK(f[Measure::kOccupancy] == Approx(0.25));
  CHECK(f[Measure::kNeverServed] == 0);
  CHECK(figures.groups[0][Measure::kTickets] == 3);
  CHECK(figures.decisions == 3);
  CHECK(figures.day[0].tickets == 4);
  CHECK(figures.day[0].wait_s == Approx(120));
}

TEST_CASE("both service levels, at the threshold that is asked for") {
  Plan plan = Desk(1);
  plan.within = absl::Seconds(60);
  const std::vector<Customer> customers = {Caller(0, 100), Caller(10, 50), Caller(20, 50, At(30))};
  const Figures f = Played(plan, customers).total;
  CHECK(f[Measure::kServiceLevel] == Approx(1.0 / 3));
  CHECK(f[Measure::kServiceLevelStayed] == Approx(0.5));  // who left after 30 s does not count
  CHECK(f[Measure::kWithin] == Approx(2.0 / 3));
}

TEST_CASE("without a waiting place a customer is blocked") {
  Plan plan = Desk(1);
  const std::vector<Customer> customers = {Caller(0, 100), Caller(10, 50), Caller(20, 50),
                                           Caller(120, 10)};
  SECTION("places that all queues share") {
    plan.most_waiting = 1;
    const Figures f = Played(plan, customers).total;
    CHECK(f[Measure::kBlocked] == Approx(0.25));
    CHECK(f[Measure::kMeanWait] == Approx((0 + 90 + 30) / 3.0));
  }
  SECTION("none at all") {
    plan.most_waiting = 0;
    CHECK(Played(plan, customers).total[Measure::kBlocked] == Approx(0.5));
  }
  SECTION("places of a queue") {
    plan.queues[0].most_waiting = 1;
    CHECK(Played(plan, customers).total[Measure::kBlocked] == Approx(0.25));
  }
  SECTION("waiting and served together") {
    plan.most_present = 1;
    CHECK(Played(plan, customers).total[Measure::kBlocked] == Approx(0.5));
  }
}

TEST_CASE("a ticket that an agent is free for needs no waiting place") {
  Plan plan = Desk(2);
  plan.queues = {{.queue_id = "cards", .rules = {.required_skills = {{"cards", 1}}}},
                 {.queue_id = "loans", .rules = {.required_skills = {{"loans", 1}}}}};
  plan.types = {{.queue = 0}, {.queue = 1}};
  plan.agents[0].spec.skills = {{"cards", 1}};
  plan.agents[1].spec.skills = {{"loans", 1}};
  plan.most_waiting = 1;
  std::vector<Customer> customers = {Caller(0, 100), Caller(1, 100), Caller(2, 100),
                                     Caller(3, 100)};
  customers[3].type = 1;
  const PlayFigures figures = Played(plan, customers);
  CHECK(figures.queues[0][Measure::kBlocked] == Approx(1.0 / 3));
  CHECK(figures.queues[1][Measure::kBlocked] == 0);
}

TEST_CASE("a ticket expires when its queue says so") {
  Plan plan = Desk(1);
  plan.queues[0].rules.time_to_live = absl::Seconds(40);
  const Figures f = Played(plan, {Caller(0, 100), Caller(10, 50)}).total;
  CHECK(f[Measure::kExpired] == Approx(0.5));
  CHECK(f[Measure::kMeanWait] == Approx(20));
}

TEST_CASE("only what comes while it is measured counts") {
  Plan plan = Desk(1);
  plan.measure_from = At(50);
  plan.measure_until = At(150);
  const PlayFigures figures = Played(plan, {Caller(0, 100), Caller(60, 20), Caller(140, 500)});
  CHECK(figures.tickets == 3);
  CHECK(figures.total[Measure::kTickets] == 2);
  CHECK(figures.total[Measure::kMeanWait] == Approx(20));
  // At work from 50 to 100, 100 to 120 and 140 to 150.
  CHECK(figures.total[Measure::kUtilization] == Approx(0.8));
}

TEST_CASE("who still waits at the end is followed, and never served if nobody comes") {
  Plan plan = Desk(1);
  plan.measure_until = At(100);
  plan.agents[0].shifts = {{0, At(50)}};
  const Figures f = Played(plan, {Caller(10, 200), Caller(20, 10)}).total;
  CHECK(f[Measure::kNeverServed] == 1);
  CHECK(f[Measure::kUtilization] == Approx(90.0 / 50));  // work beyond the shift counts
  CHECK(f[Measure::kOccupancy] == Approx(0.9));
}

TEST_CASE("shifts come again every day") {
  Plan plan = Desk(1);
  plan.agents[0].daily = true;
  plan.agents[0].shifts = {{At(3600), At(7200)}};
  plan.measure_until = 3 * kDay;
  const double noon = 12 * 3600, midnight = 86'400;
  const PlayFigures figures =
      Played(plan, {Caller(3600, 10), Caller(noon, 10), Caller(2 * midnight + 3600, 10)});
  CHECK(figures.total[Measure::kWait99] == Approx(midnight + 3600 - noon));
  CHECK(figures.total[Measure::kUtilization] == Approx(30.0 / (3 * 3600)));
}

TEST_CASE("answers take time, and some are refusals") {
  Plan plan = Desk(2);
  const std::vector<Customer> customers = {Caller(0, 10, At(200))};
  SECTION("the wait lasts until the offer is accepted") {
    plan.groups[0].answers.delay = Distribution::Constant(3);
    CHECK(Played(plan, customers).total[Measure::kMeanWait] == Approx(3));
  }
  SECTION("everybody declines") {
    plan.groups[0].answers = {.delay = Distribution::Constant(3), .decline_rate = 1};
    const Figures f = Played(plan, customers).total;
    CHECK(f[Measure::kAbandoned] == 1);
    CHECK(f[Measure::kRefused] == 1);
  }
  SECTION("everybody ignores it, so that it passes from one to the next") {
    plan.groups[0].answers.ignore_rate = 1;
    const PlayFigures figures = Played(plan, customers);
    CHECK(figures.total[Measure::kAbandoned] == 1);
    CHECK(figures.decisions > 4);
  }
}

TEST_CASE("after-work keeps an agent at work") {
  Plan plan = Desk(1);
  plan.queues[0].rules.after_work_time = absl::Seconds(30);
  std::vector<Customer> customers = {Caller(0, 100), Caller(10, 50)};
  CHECK(Played(plan, customers).total[Measure::kMeanWait] == Approx(120 / 2.0));
  customers[0].after_work = At(5);
  CHECK(Played(plan, customers).total[Measure::kMeanWait] == Approx(95 / 2.0));
  customers[0].after_work = 0;
  CHECK(Played(plan, customers).total[Measure::kMeanWait] == Approx(90 / 2.0));
}

TEST_CASE("an agent of two units serves two at once") {
  Plan plan = Desk(1);
  plan.agents[0].spec.capacity = 2;
  const Figures f = Played(plan, {Caller(0, 100), Caller(10, 100), Caller(20, 100)}).total;
  CHECK(f[Measure::kMeanWait] == Approx(80 / 3.0));
  CHECK(f[Measure::kUtilization] == Approx(300 / 2000.0));
  CHECK(f[Measure::kOccupancy] == Approx(200 / 1000.0));
}

TEST_CASE("an interrupted play says so") {
  const Plan plan = Desk(1);
  CHECK(absl::IsCancelled(PlayList(plan, {Caller(0, 100)}, [](Nanos) { return false; }).status()));
}

}  // namespace
}  // namespace muster::simulation
