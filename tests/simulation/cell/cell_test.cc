// A fixed range of seeds must keep every promise; and each planted bug is found within a few of
// them.
#include <string>

#include "common/obs/log.h"
#include "tests/simulation/cell/cell.h"
#include "tests/support/catch.h"

namespace muster::cell {
namespace {

constexpr uint64_t kSeeds = 60;
constexpr uint64_t kSeedsToFindABug = 60;

std::string Describe(const Outcome& outcome) {
  std::string text;
  for (const faults::Violation& violation : outcome.violations) {
    text += violation.rule + ": " + violation.what + "\n";
  }
  return text;
}

TEST_CASE("whatever fails, and whenever, every promise is kept") {
  SetLogFd(-1);
  uint64_t takeovers = 0;
  int completed = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = RunCell({.seed = seed});
    INFO("seed " << seed << ": cell_simulation --seed " << seed << " shows how\n"
                 << Describe(outcome));
    REQUIRE(outcome.violations.empty());
    takeovers += outcome.takeovers;
    completed += outcome.completed;
  }
  // Or the runs would show little.
  CHECK(takeovers > kSeeds);
  CHECK(completed > static_cast<int>(20 * kSeeds));
}

TEST_CASE("planted bugs are found") {
  SetLogFd(-1);
  struct Case {
    Planted planted;
    const char* name;
  };
  const Case cases[] = {{Planted::kNoFence, "no fence"},
                        {Planted::kLostAck, "lost ack"},
                        {Planted::kDoubleSend, "double send"},
                        {Planted::kForgottenTakeover, "forgotten takeover"}};
  for (const Case& one : cases) {
    bool found = false;
    for (uint64_t seed = 1; seed <= kSeedsToFindABug && !found; ++seed) {
      found = !RunCell({.seed = seed, .planted = one.planted}).violations.empty();
    }
    INFO(one.name);
    CHECK(found);
  }
}

}  // namespace
}  // namespace muster::cell
