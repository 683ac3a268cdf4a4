// A scenario: a plan whose customers are drawn by chance, over and over. The form of the file is
// told in docs/simulate.md.
//
// Pure: files that a scenario names are read by whoever asks for it.
//
//   absl::StatusOr<Scenario> scenario = ParseScenario("desk.json", text, ReadFile);
//   if (!scenario.ok()) std::cerr << scenario.status().message();   // names each wrong place
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/simulation/arrivals.h"
#include "services/simulation/plan.h"

namespace muster::simulation {

inline constexpr std::size_t kMostQueues = 10'000;
inline constexpr std::size_t kMostTypes = 10'000;
inline constexpr std::size_t kMostAgents = 1'000'000;
inline constexpr std::uint64_t kMostReplications = 10'000;
inline constexpr std::size_t kMostEmpiricalValues = 1'000'000;

struct Scenario {
  std::string name;
  Plan plan;
  std::vector<ArrivalPlan> arrivals;  // by type, as in the plan
  std::optional<Distribution> busyness;
  Nanos horizon = 0;
  std::uint64_t replications = 10;
};

// The whole of a file that the scenario names.
using FileReader = std::function<absl::StatusOr<std::string>(const std::string& path)>;

absl::StatusOr<Scenario> ParseScenario(const std::string& source, const std::string& text,
                                       const FileReader& read_file);

}  // namespace muster::simulation
