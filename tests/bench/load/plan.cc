#include "tests/bench/load/plan.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "tests/bench/load/percentiles.h"

namespace muster::bench {
namespace {

constexpr double kIdleRate = 50;
constexpr absl::Duration kQuickStay = absl::Seconds(11);  // everybody's heart beats
constexpr double kUnmeasuredLifecycles = 5000;  // half load is of this when `lifecycle` did not run

std::string ShowLifecycle(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s; CPU each %.0f us: PostgreSQL %.0f, matcher %.0f, intake %.0f, availability %.0f, "
      "load %.0f",
      f.at("rate"), f.at("cpu_us"), f.at("cpu_us_postgres"), f.at("cpu_us_matcher"),
      f.at("cpu_us_intake"), f.at("cpu_us_availability"), f.at("cpu_us_load"));
}

std::string ShowLatency(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s: p50 %.2f ms, p99 %.2f ms; %.0f refused; accept to confirmation p50 %.2f ms, p99 "
      "%.2f ms; CPU each %.0f us",
      f.at("rate"), f.at("p50_ms"), f.at("p99_ms"), f.at("refused"), f.at("accept_p50_ms"),
      f.at("accept_p99_ms"), f.at("cpu_us"));
}

std::string ShowSurge(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s completed, of %.0f/s that were taken; %.0f refused; accept to confirmation p50 %.0f "
      "ms, "
      "p99 %.0f ms",
      f.at("completed"), f.at("rate"), f.at("refused"), f.at("accept_p50_ms"),
      f.at("accept_p99_ms"));
}

std::string ShowIntake(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s, p50 %.1f ms, p99 %.1f ms; CPU each: PostgreSQL %.0f us, intake "
      "%.0f us, load %.0f us",
      f.at("rate"), f.at("p50_ms"), f.at("p99_ms"), f.at("cpu_us_postgres"), f.at("cpu_us_intake"),
      f.at("cpu_us_load"));
}

std::string ShowOverload(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s well served (%.0f %% of the peak of %.0f/s), p50 %.0f, p99 %.0f ms; of %.0f/s "
      "offered %.0f/s shed, p99 %.0f ms, and %.0f/s late; well again after %.1f s; cores at the "
      "peak and beyond: PostgreSQL %.2f, %.2f, intake %.2f, %.2f, matcher %.2f, %.2f, load %.2f, "
      "%.2f",
      f.at("goodput"), 100 * f.at("share"), f.at("peak"), f.at("p50_ms"), f.at("p99_ms"),
      f.at("offered"), f.at("shed"), f.at("shed_p99_ms"), f.at("late"), f.at("recovery_s"),
      f.at("peak_cores_postgres"), f.at("cores_postgres"), f.at("peak_cores_intake"),
      f.at("cores_intake"), f.at("peak_cores_matcher"), f.at("cores_matcher"),
      f.at("peak_cores_load"), f.at("cores_load"));
}

std::string ShowLinks(const Figures& f) {
  return absl::StrFormat(
      "%.1f KiB each, %.2f times a bare stream (%.1f KiB); came in %.1f s; %.0f heartbeats/s at "
      "%.0f "
      "us of CPU; after a cut 90 %% were back in %.1f s, all in %.1f s",
      f.at("kib_each"), f.at("times_bare"), f.at("bare_kib_each"), f.at("came_s"),
      f.at("heartbeats_a_second"), f.at("cpu_us_heartbeat"), f.at("most_returned_s"),
      f.at("all_returned_s"));
}

std::string ShowSoak(const Figures& f) {
  return absl::StrFormat(
      "%.0f/s, %.0f refused; p99 %.1f ms in the first half and %.1f ms in the second; memory "
      "+%.0f MiB; %.0f "
      "bytes "
      "of tables and indexes a ticket; tables of live work %.1f MiB",
      f.at("rate"), f.at("refused"), f.at("p99_first_half_ms"), f.at("p99_second_half_ms"),
      f.at("memory_growth_mib"), f.at("database_bytes_each"), f.at("live_table_mib"));
}

std::vector<Bench> AllBenches(const Scale& scale) {
  auto lifecycles = std::make_shared<std::vector<double>>();
  const int64_t tickets = scale.quick ? 2000 : 60'000;
  const auto half_load = [=] {
    if (scale.half_load > 0) return scale.half_load;
    return (lifecycles->empty() ? kUnmeasuredLifecycles : Median(*lifecycles)) / 2;
  };
  const auto lifecycle = [=] {
    const Figures figures = RunLifecycle({.tickets = tickets});
    lifecycles->push_back(figures.at("rate"));
    return figures;
  };
  const absl::Duration duration = absl::Seconds(scale.quick ? 2 : 15);
  return {
      {"lifecycle", "tickets in batches of 100, 1,000 agents on 4 links, 50 skills",
       "15,000/s or more", lifecycle, ShowLifecycle},
      {"lifecycle-single", "the same, each ticket by a call of its own", "as above",
       [=] { return RunLifecycle({.tickets = tickets, .batch = 1}); }, ShowLifecycle},
      {"lifecycle-links", "the same as `lifecycle`, each agent on a link of its own", "as above",
       [=] { return RunLifecycle({.tickets = tickets, .links = 1000}); }, ShowLifecycle},
      {"latency-idle", "create to offer, Poisson, 50 tickets a second",
       "p50 0.5 ms, p99 3 ms or less",
       [=] { return RunLatency({.per_second = kIdleRate, .duration = duration}); }, ShowLatency},
      {"latency-half", "the same at half of the `lifecycle` rate", "p99 10 ms or less",
       [=] { return RunLatency({.per_second = half_load(), .duration = duration}); }, ShowLatency},
      {"intake", "CreateTicket alone, 512 in flight", "30,000/s or more, p99 10 ms or less",
       [=] {
         // With sanitizers, too, few enough to be done within what intake calls in time.
         return RunIntake(scale.quick ? IntakeOptions{.tickets = 3000, .in_flight = 64}
                                      : IntakeOptions{.tickets = 150'000});
       },
       ShowIntake},
      {"links", "idle agents, each on a stream of its own, 100 streams a connection",
       "1.3 times a bare stream or less; 90 % return within 15 s",
       [=] {
         return RunLinks(scale.quick ? LinkOptions{.agents = 500, .stay = kQuickStay}
                                     : LinkOptions());
       },
       ShowLinks},
      {"links-many", "100,000 of them on 4 nodes (500 on 2 with --quick)", "as above",
       [=] {
         return RunLinks(scale.quick ? LinkOptions{.agents = 500, .nodes = 2, .stay = kQuickStay}
                                     : LinkOptions{.agents = 100'000, .nodes = 4});
       },
       ShowLinks, /*once=*/true},
      {"overload", "tickets in batches of 50 at 3 times the peak, open loop",
       "95 % of the peak or more; well again within 10 s",
       [=] { return RunOverload({.duration = duration}); }, ShowOverload},
      {"surge", "tickets one by one at 1.5 times the `lifecycle` rate, open loop",
       "accepted work is confirmed within 1 s (p99)",
       [=] { return RunLatency({.per_second = 3 * half_load(), .duration = duration}); },
       ShowSurge},
      {"soak", "half of the `lifecycle` rate, a transaction held open in PostgreSQL",
       "rate 95 % or more, p99 at most 1.5 times, no growth beyond the work done",
       [=] {
         return RunLatency({.per_second = half_load(),
                            .duration = scale.quick ? duration : absl::Minutes(scale.soak_minutes),
                            .hold_transaction = true});
       },
       ShowSoak, /*once=*/true},
  };
}

}  // namespace

std::vector<Bench> Plan(const std::vector<std::string>& names, const Scale& scale) {
  const std::vector<Bench> all = AllBenches(scale);  // once: some take up what others have found
  std::vector<Bench> chosen;
  for (const std::string& name : names) {
    const size_t before = chosen.size();
    for (const Bench& bench : all) {
      // "latency" is both of them.
      const bool fits = name == "all" || bench.name == name ||
                        (name == "latency" && absl::StartsWith(bench.name, "latency-"));
      if (fits) chosen.push_back(bench);
    }
    if (chosen.size() == before) throw std::runtime_error("there is no bench '" + name + "'");
  }
  return chosen;
}

}  // namespace muster::bench
