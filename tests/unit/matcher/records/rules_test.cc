#include "services/matcher/storage/rules.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

// "E1 A2": an end of ticket 1, then an assignment of ticket 2. W is a wrap-up.
std::vector<int> Plan(const std::string& text) {
  std::vector<Step> steps;
  for (size_t i = 0; i + 1 < text.size(); i += 3) {
    Phase phase = text[i] == 'E' ? Phase::kEnd : text[i] == 'W' ? Phase::kWrapUp : Phase::kAssign;
    steps.push_back({phase, "bank", std::string_view(text).substr(i + 1, 1)});
  }
  return PlanWaves(steps);
}

TEST_CASE("a batch takes as few waves as its order allows") {
  struct Case {
    const char* steps;
    std::vector<int> waves;
  };
  for (const Case& c : std::vector<Case>{
           {"", {}},
           {"A1", {0}},
           {"A1 A2 W3 E4 A5", {0, 0, 0, 0, 0}},  // different tickets share a wave
           {"E1 A1", {0, 0}},                    // ends go before assignments within one
           {"E1 W1", {0, 0}},
           {"A1 W1", {0, 1}},
           {"A1 E1", {0, 1}},
           {"W1 E1", {0, 1}},
           {"W1 A1", {0, 0}},
           {"A1 A1", {0, 1}},
           {"A1 W1 E1 A1", {0, 1, 2, 2}},
           {"W1 E1 A2", {0, 1, 1}},  // ticket 2 may need the capacity that ticket 1 frees
           {"W1 A2 E1", {0, 0, 1}},
           {"W1 E1 W2", {0, 1, 0}},
       }) {
    INFO(c.steps);
    CHECK(Plan(c.steps) == c.waves);
  }
}

TEST_CASE("tickets of different pools do not wait for one another") {
  std::vector<Step> steps = {{Phase::kAssign, "a", "t"}, {Phase::kEnd, "b", "t"}};
  CHECK(PlanWaves(steps) == std::vector<int>{0, 0});
}

TEST_CASE("waves keep the order of every ticket") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> tickets;
    for (int n = 0; n < 30; ++n) tickets.push_back(absl::StrCat("t", random() % 6));
    std::vector<Step> steps;
    for (const std::string& ticket : tickets) {
      steps.push_back({static_cast<Phase>(random() % 3), "bank", ticket});
    }
    std::vector<int> waves = PlanWaves(steps);
    // When each is applied: by wave, then phase.
    auto when = [&](size_t i) { return waves[i] * 3 + static_cast<int>(steps[i].phase); };
    for (size_t a = 0; a < steps.size(); ++a) {
      for (size_t b = a + 1; b < steps.size(); ++b) {
        if (steps[a].ticket_id == steps[b].ticket_id) REQUIRE(when(a) < when(b));
        bool frees = steps[a].phase == Phase::kEnd && steps[b].phase == Phase::kAssign;
        if (frees) REQUIRE(when(a) < when(b));
      }
    }
  }
}

}  // namespace
}  // namespace muster::matcher
