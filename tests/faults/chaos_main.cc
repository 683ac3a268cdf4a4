// The program behind tests/chaos: a cell, its clients, its nemesis, and the verdict.
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/config.h"
#include "common/base/errors.h"
#include "tests/faults/run.h"

namespace muster::faults {
namespace {

absl::Status Check(RunOptions* options, const std::string& faults) {
  std::set<std::string> known;
  for (const FaultInfo& fault : AllFaults()) known.insert(fault.name);
  for (const auto& name : absl::StrSplit(faults, ',', absl::SkipEmpty())) {
    options->faults.emplace_back(name);
    if (known.count(options->faults.back()) == 0) {
      return InvalidField("faults", absl::StrCat("has '", options->faults.back(), "'; there are ",
                                                 absl::StrJoin(known, ", ")));
    }
  }
  if (faults.empty()) options->faults.assign(known.begin(), known.end());
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  RunOptions options;
  std::string faults;
  options.seed = static_cast<int64_t>(absl::ToUnixSeconds(absl::Now()) % 1'000'000);
  ConfigParser parser({.program = "muster-chaos",
                       .description = "Breaks a cell under load, and checks what it promised",
                       .env_prefix = "MUSTER_CHAOS_"});
  parser.Add("minutes", &options.minutes, "how long faults are made", {.min = 0.1, .max = 600});
  parser.Add("seed", &options.seed, "what is drawn follows from it");
  parser.Add("faults", &faults, "only these, with commas between them");
  parser.Add("folder", &options.folder, "for the history and the logs of the nodes");
  parser.Add("intakes", &options.cell.intakes, "nodes of intake", {.min = 1, .max = 8});
  parser.Add("availabilities", &options.cell.availabilities, "nodes of availability",
             {.min = 1, .max = 8});
  parser.Add("matchers", &options.cell.matchers, "matchers", {.min = 1, .max = 8});
  parser.Add("pools", &options.pools, "pools", {.min = 1, .max = 100});
  parser.Add("agents", &options.agents_each, "agents of each pool", {.min = 2, .max = 1000});
  parser.Add("rate", &options.per_second, "tickets a second", {.min = 1, .max = 10000});
  parser.Add("whole-again", &options.whole_again,
             "how long after the last fault everything may take to be well and done",
             {.min = 1, .max = 600});
  parser.AddCheck([&] { return Check(&options, faults); });
  if (std::optional<int> code = parser.Parse(argc, argv)) return *code;
  Run run(options);
  return run.Execute();
}

}  // namespace
}  // namespace muster::faults

int main(int argc, char** argv) {
  try {
    return muster::faults::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "chaos: " << error.what() << "\n";
    return 2;
  }
}
