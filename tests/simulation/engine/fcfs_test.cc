// The engine in virtual time makes of a day what ideal first-come-first-served dispatch makes of
// it.
#include "tests/simulation/engine/fcfs_oracle.h"
#include "tests/support/catch.h"

namespace muster::engine {
namespace {

TEST_CASE("a day under the engine is the ideal day, customer by customer") {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    INFO("seed " << seed);
    const Day day = MakeDay(seed);
    const std::vector<Outcome> ideal = RunOracle(day);
    const std::vector<Outcome> engines = RunEngine(day);
    REQUIRE(ideal.size() == engines.size());
    int left = 0;
    int waited = 0;
    int different = 0;
    for (std::size_t c = 0; c < ideal.size(); ++c) {
      left += ideal[c].agent.empty() ? 1 : 0;
      waited += ideal[c].start > day.customers[c].at ? 1 : 0;
      if (ideal[c] == engines[c] || ++different > 3) continue;
      INFO("customer " << c << " at " << day.customers[c].at);
      CHECK(engines[c].agent == ideal[c].agent);
      CHECK(engines[c].start == ideal[c].start);
    }
    CHECK(different == 0);
    // The day is one worth comparing: some left, some waited, some did neither.
    CHECK(left > 20);
    CHECK(waited > 500);
    CHECK(waited < 2900);
  }
}

}  // namespace
}  // namespace muster::engine
