// The program behind tests/chaos: a cell, its clients, its nemesis, and the verdict.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

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

// Small enough to be filled in a moment, and large enough for the records of an hour.
constexpr int kDiskMegabytes = 600;

// What this machine cannot do is left out, and said.
void LeaveOut(RunOptions* options, const std::string& fault, const std::string& why) {
  const auto removed = std::remove(options->faults.begin(), options->faults.end(), fault);
  if (removed == options->faults.end()) return;
  options->faults.erase(removed, options->faults.end());
  std::cout << "chaos: without the fault '" << fault << "': " << why << std::endl;
}

bool Wants(const RunOptions& options, const std::string& fault) {
  return std::count(options.faults.begin(), options.faults.end(), fault) > 0;
}

void PrepareClocks(RunOptions* options) {
  if (!Wants(*options, "clock")) return;
  const std::string shim = BinDir() + "/../lib/libmuster_clock_shim.so";
  if (access(shim.c_str(), R_OK) != 0) {
    return LeaveOut(options, "clock", "the clock shim is not there");
  }
  options->cell.clock_shim = shim;
  options->cell.clock_folder = options->folder;
}

std::unique_ptr<SmallDisk> PrepareDisk(RunOptions* options) {
  if (!Wants(*options, "disk")) return nullptr;
  const std::string folder = options->folder + "/disk";
  std::filesystem::create_directories(folder);
  absl::StatusOr<std::unique_ptr<SmallDisk>> disk = SmallDisk::Mount(folder, kDiskMegabytes);
  if (!disk.ok()) {
    LeaveOut(options, "disk", std::string(disk.status().message()));
    return nullptr;
  }
  options->disk = disk->get();
  options->cell.postgres_parent = folder;
  options->cell.postgres_settings = {"max_wal_size=96MB", "min_wal_size=32MB"};
  return *std::move(disk);
}

std::unique_ptr<PrivateNetwork> PrepareNetwork(RunOptions* options) {
  if (!Wants(*options, "packets")) return nullptr;
  absl::StatusOr<std::unique_ptr<PrivateNetwork>> network = PrivateNetwork::Enter();
  if (!network.ok()) {
    LeaveOut(options, "packets", std::string(network.status().message()));
    return nullptr;
  }
  options->network = network->get();
  return *std::move(network);
}

int Main(int argc, char** argv) {
  RunOptions options;
  options.cell.intakes = options.cell.availabilities = 2;
  options.cell.matchers = 3;
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
  options.folder = std::filesystem::absolute(options.folder);
  std::filesystem::create_directories(options.folder);
  PrepareClocks(&options);
  const std::unique_ptr<SmallDisk> disk = PrepareDisk(&options);
  const std::unique_ptr<PrivateNetwork> network = PrepareNetwork(&options);
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
