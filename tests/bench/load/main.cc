// The program `muster-load`: how fast the whole system is, with what it runs on beside it.
//
//   muster-load BENCH… [--runs=3] [--quick]      BENCH: the names of plan.cc, or all
//
// Prints a line of JSON for each run as it ends, and a table of medians at the end. tests/bench/run
// builds what it needs.
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "tests/bench/load/percentiles.h"
#include "tests/bench/load/plan.h"

namespace muster::bench {
namespace {

std::string Json(const std::string& name, const Figures& figures) {
  std::string line = absl::StrCat("{\"bench\":\"", name, "\"");
  for (const auto& [key, value] : figures) {
    absl::StrAppendFormat(&line, ",\"%s\":%.6g", key, value);
  }
  return line + "}";
}

Figures Medians(const std::vector<Figures>& runs) {
  Figures medians;
  for (const auto& [key, ignored] : runs.front()) {
    std::vector<double> values;
    for (const Figures& run : runs) values.push_back(run.at(key));
    medians[key] = Median(std::move(values));
  }
  return medians;
}

int Main(int argc, char** argv) {
  CLI::App app("How fast the whole system is", "muster-load");
  std::vector<std::string> names;
  Scale scale;
  int runs = 3;
  app.add_option("BENCH", names,
                 "such as lifecycle, latency, intake, links, overload, surge, soak, or all")
      ->required();
  app.add_option("--runs", runs, "of each, of which the median counts")->check(CLI::Range(1, 99));
  app.add_option("--soak-minutes", scale.soak_minutes, "how long `soak` takes")
      ->check(CLI::Range(0.1, 1440.0));
  app.add_option(
         "--half-load", scale.half_load,
         "tickets a second of latency-half and soak, and a third of those of surge; half of what "
         "`lifecycle` reached, or 2,500 if it did not run")
      ->check(CLI::Range(1.0, 1e6));
  app.add_flag("--quick", scale.quick, "small sizes: to see that it works");
  CLI11_PARSE(app, argc, argv);
  // As in the services: the graph of who locks what grows with each stream.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  if (names.front() == "bare-server") return ServeBareStreams();
#ifndef NDEBUG
  std::cerr << "note: assertions are on; figures are for the preset `release`\n";
#endif
  std::string table =
      "| bench | workload | median of " + std::to_string(runs) + " | aim |\n|---|---|---|---|\n";
  for (const Bench& bench : Plan(names, scale)) {
    std::vector<Figures> all;
    for (int i = 0; i < (bench.once ? 1 : runs); ++i) {
      all.push_back(bench.run());
      std::cout << Json(bench.name, all.back()) << std::endl;
    }
    absl::StrAppend(&table, "| `", bench.name, "` | ", bench.workload, " | ",
                    bench.show(Medians(all)), " | ", bench.aim, " |\n");
  }
  std::cout << "\n" << table << std::flush;
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  try {
    return muster::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "muster-load: " << error.what() << "\n";
    return 1;
  }
}
