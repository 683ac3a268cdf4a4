// Runs the plays of a study, on as many threads as wanted, with progress on stderr where that is a
// terminal. The figures do not depend on the number of threads.
//
//   Runner runner(/*threads=*/2);
//   auto plays = runner.Run(scenario.replications, scenario.horizon,
//                           [&](std::uint64_t r, const Play::GoOn& go_on) {
//                             return PlayScenario(scenario, r, go_on);
//                           });
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/simulation/study.h"

namespace muster::cli {

class Runner {
 public:
  using PlayOne = std::function<absl::StatusOr<simulation::PlayFigures>(
      std::uint64_t place, const simulation::Play::GoOn& go_on)>;

  explicit Runner(int threads) : threads_(threads) {}

  // CANCELLED when interrupted. A play covers `length` of virtual time, as far as is known.
  absl::StatusOr<std::vector<simulation::PlayFigures>> Run(std::uint64_t plays,
                                                           simulation::Nanos length,
                                                           const PlayOne& play_one);

 private:
  const int threads_;
};

}  // namespace muster::cli
