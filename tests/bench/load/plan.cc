#include "tests/bench/load/plan.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace muster::bench {
namespace {

constexpr double kIdleRate = 50;
constexpr double kUnmeasuredLifecycles = 5000;  // half load is of this when `lifecycle` did not run

std::string ShowLifecycle(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s; CPU each %.0f us: PostgreSQL %.0f, matcher %.0f, intake %.0f, availability %.0f, "
      "load %.0f",
      f.at("rate"), f.at("cpu_us"), f.at("cpu_us_postgres"), f.at("cpu_us_matcher"),
      f.at("cpu_us_intake"), f.at("cpu_us_availability"), f.at("cpu_us_load"));
}

std::string ShowLatency(const Figures& f) {
  return absl::StrFormat("%.0f/s: p50 %.2f ms, p99 %.2f ms", f.at("rate"), f.at("p50_ms"),
                         f.at("p99_ms"));
}

std::string ShowIntake(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s, p50 %.1f ms, p99 %.1f ms; CPU each: PostgreSQL %.0f us, intake "
      "%.0f us, load %.0f us",
      f.at("rate"), f.at("p50_ms"), f.at("p99_ms"), f.at("cpu_us_postgres"), f.at("cpu_us_intake"),
      f.at("cpu_us_load"));
}

std::vector<Bench> AllBenches(const Scale& scale) {
  auto lifecycles = std::make_shared<double>(kUnmeasuredLifecycles);
  const int64_t tickets = scale.quick ? 2000 : 60'000;
  const auto lifecycle = [=](LifecycleOptions options) {
    const Figures figures = RunLifecycle(options);
    if (options.batch > 1) *lifecycles = figures.at("rate");
    return figures;
  };
  const absl::Duration duration = absl::Seconds(scale.quick ? 2 : 15);
  return {
      {"lifecycle", "tickets in batches of 100, 1,000 agents on 4 links, 50 skills",
       "15,000/s or more", [=] { return lifecycle({.tickets = tickets}); }, ShowLifecycle},
      {"lifecycle-single", "the same, each ticket by a call of its own", "as above",
       [=] { return lifecycle({.tickets = tickets, .batch = 1}); }, ShowLifecycle},
      {"lifecycle-links", "the same as `lifecycle`, each agent on a link of its own", "as above",
       [=] { return lifecycle({.tickets = tickets, .links = 1000}); }, ShowLifecycle},
      {"latency-idle", "create to offer, Poisson, 50 tickets a second",
       "p50 0.5 ms, p99 3 ms or less",
       [=] { return RunLatency({.per_second = kIdleRate, .duration = duration}); }, ShowLatency},
      {"latency-half", "the same at half of the `lifecycle` rate", "p99 10 ms or less",
       [=] { return RunLatency({.per_second = *lifecycles / 2, .duration = duration}); },
       ShowLatency},
      {"intake", "CreateTicket alone, 512 in flight", "30,000/s or more, p99 10 ms or less",
       [=] { return RunIntake({.tickets = scale.quick ? 3000 : 150'000}); }, ShowIntake},
  };
}

}  // namespace

std::vector<Bench> Plan(const std::vector<std::string>& names, const Scale& scale) {
  std::vector<Bench> chosen;
  for (const std::string& name : names) {
    const size_t before = chosen.size();
    for (Bench& bench : AllBenches(scale)) {
      // "latency" is both of them.
      const bool fits = name == "all" || bench.name == name ||
                        (name == "latency" && absl::StartsWith(bench.name, "latency-"));
      if (fits) chosen.push_back(std::move(bench));
    }
    if (chosen.size() == before) throw std::runtime_error("there is no bench '" + name + "'");
  }
  return chosen;
}

}  // namespace muster::bench
