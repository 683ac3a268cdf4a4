// The simulation of a day, under the plainest rules, is the ideal day.
#include <cstdlib>
#include <string>

#include "services/cli/replay/csv.h"
#include "services/cli/replay/demo_day.h"
#include "services/cli/replay/ideal.h"
#include "services/cli/simulate/trace_plan.h"
#include "services/simulation/study.h"
#include "tests/simulation/engine/fcfs_oracle.h"
#include "tests/support/catch.h"

namespace muster::replay {
namespace {

using simulation::Measure;

simulation::RuleSet FirstCome() { return *simulation::BuiltInRules("first-come"); }

simulation::Figures Simulate(const Trace& trace, const Roster& roster) {
  TracePlan made = MakeTracePlan(trace, roster, FirstCome(), absl::Seconds(90));
  made.plan.within = absl::Seconds(20);
  const auto played = simulation::PlayList(made.plan, made.customers, nullptr);
  REQUIRE(played.ok());
  return played->total;
}

void CheckIdeal(const Trace& trace, const Roster& roster) {
  const Metrics ideal = MetricsOf(PlayIdeal(trace, roster, 90));
  const simulation::Figures f = Simulate(trace, roster);
  CHECK(ideal.abandoned > 0);
  CHECK(f[Measure::kTickets] == static_cast<double>(ideal.tickets));
  CHECK(f[Measure::kMeanWait] == Approx(ideal.mean_wait_s).epsilon(1e-12));
  CHECK(f[Measure::kMedianWait] == ideal.p50_wait_s);
  CHECK(f[Measure::kWait95] == ideal.p95_wait_s);
  CHECK(f[Measure::kWait99] == ideal.p99_wait_s);
  CHECK(f[Measure::kAbandoned] == Approx(ideal.abandoned).epsilon(1e-12));
  CHECK(f[Measure::kWithin] == Approx(ideal.within_20_s).epsilon(1e-12));
  CHECK(f[Measure::kNeverServed] == static_cast<double>(ideal.never_served));
  CHECK(f[Measure::kUtilization] == Approx(ideal.utilization).epsilon(1e-12));
}

TEST_CASE("the simulated day has the figures of ideal dispatch") {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    INFO("seed " << seed);
    const DemoDay day = MakeDemoDay(seed);
    CheckIdeal(day.trace, day.roster);
  }
}

TEST_CASE("and so has each day of a record, where one is at hand") {
  const char* folder = std::getenv("MUSTER_RECORD");  // with trace.csv and roster.csv
  if (folder == nullptr) return;
  const auto trace = ParseTrace(*ReadCsvFile(std::string(folder) + "/trace.csv"));
  const auto roster = ParseRoster(*ReadCsvFile(std::string(folder) + "/roster.csv"));
  REQUIRE(trace.ok());
  REQUIRE(roster.ok());
  for (int day = 0; static_cast<double>(day) * kSecondsOfDay <= trace->back().at_s; ++day) {
    INFO("day " << day);
    Trace customers = *trace;
    Roster agents = *roster;
    KeepWithin(WindowOfDay(day), customers);
    KeepDay(day, agents);
    CheckIdeal(customers, agents);
  }
}

TEST_CASE("and agrees with an oracle of the engine's own tests") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    const engine::Day day = engine::MakeDay(seed);
    Trace trace;
    Roster roster;
    for (const engine::Customer& c : day.customers) {
      TraceTicket ticket;
      ticket.number = static_cast<std::int64_t>(trace.size());
      ticket.at_s = static_cast<double>(c.at) / 1e6;
      ticket.queue = c.queue;
      ticket.priority = c.priority ? 1 : 0;
      ticket.handle_s = static_cast<double>(c.handle) / 1e6;
      ticket.patience_s = static_cast<double>(c.patience) / 1e6;
      trace.push_back(ticket);
    }
    for (const engine::Shift& s : day.shifts) {
      roster.push_back({static_cast<double>(s.on) / 1e6,
                        static_cast<double>(s.off) / 1e6,
                        s.agent,
                        {s.skills.begin(), s.skills.end()}});
    }
    double wait = 0, left = 0;
    const std::vector<engine::Outcome> ideal = engine::RunOracle(day);
    for (std::size_t c = 0; c < ideal.size(); ++c) {
      wait += static_cast<double>(ideal[c].start - day.customers[c].at) / 1e6;
      left += ideal[c].agent.empty() ? 1 : 0;
    }
    const auto count = static_cast<double>(ideal.size());
    const simulation::Figures f = Simulate(trace, roster);
    CHECK(f[Measure::kMeanWait] == Approx(wait / count).epsilon(1e-9));
    CHECK(f[Measure::kAbandoned] == Approx(left / count).epsilon(1e-12));
  }
}

TEST_CASE("agents with the same skills are a group, and a frame keeps places") {
  const DemoDay day = MakeDemoDay(1);
  const TracePlan whole = MakeTracePlan(day.trace, day.roster, FirstCome(), absl::Seconds(90));
  Trace first(day.trace.begin(), day.trace.begin() + 1);
  Roster last(day.roster.end() - 1, day.roster.end());
  const TracePlan part = MakeTracePlan(first, last, FirstCome(), absl::Seconds(90), &whole.plan);
  REQUIRE(part.plan.queues.size() == whole.plan.queues.size());
  REQUIRE(part.plan.groups.size() == whole.plan.groups.size());
  REQUIRE(part.plan.agents.size() == 1);
  CHECK(part.plan.agents[0].group == whole.plan.agents.back().group);
  CHECK(part.plan.queues[part.plan.types[0].queue].queue_id == first[0].queue);
}

}  // namespace
}  // namespace muster::replay
