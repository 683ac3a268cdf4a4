// Many tickets and many agents at once: the matching is the best there is, found by trying all.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "services/matcher/engine/limits.h"
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

constexpr int kSkills = 4;
constexpr int kPrice = 7;  // seconds a level

struct Ticket {
  int skill = 0;  // needed at level 1, wanted at 5
  int wait = 0;   // seconds
};
struct Scene {
  std::vector<Ticket> tickets;
  std::vector<std::vector<int>> levels;  // by agent, by skill; 0: without
};

Scene MakeScene(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Scene scene;
  for (std::size_t t = 0; t < limits::kBurstAtLeast + random() % 3; ++t) {
    scene.tickets.push_back(
        {static_cast<int>(random() % kSkills), static_cast<int>(random() % 40)});
  }
  for (std::size_t a = 0; a < limits::kBurstAtLeast + random() % 2; ++a) {
    std::vector<int> levels(kSkills);
    for (int& level : levels) level = random() % 3 == 0 ? static_cast<int>(1 + random() % 5) : 0;
    scene.levels.push_back(levels);
  }
  return scene;
}

int Score(const Scene& scene, std::size_t t, std::size_t a) {
  return scene.tickets[t].wait - kPrice * (5 - scene.levels[a][scene.tickets[t].skill]);
}

// Matches and total score of the best matching.
std::pair<int, int> Best(const Scene& scene) {
  std::map<unsigned, std::pair<int, int>> best = {{0, {0, 0}}};  // by the agents that are taken
  for (std::size_t t = 0; t < scene.tickets.size(); ++t) {
    std::map<unsigned, std::pair<int, int>> next = best;
    for (const auto& [taken, value] : best) {
      for (std::size_t a = 0; a < scene.levels.size(); ++a) {
        if ((taken >> a & 1U) != 0 || scene.levels[a][scene.tickets[t].skill] == 0) continue;
        auto& entry = next[taken | 1U << a];
        entry = std::max(entry, {value.first + 1, value.second + Score(scene, t, a)});
      }
    }
    best = std::move(next);
  }
  std::pair<int, int> most;
  for (const auto& [taken, value] : best) most = std::max(most, value);
  return most;
}

std::pair<int, int> Engines(const Scene& scene) {
  Engine engine({.epoch = kScriptEpoch, .record_decisions = true});
  Effects out;
  const auto tell = [&](const std::string& line) {
    engine.Apply(ParseEvent(line, 0), At(100), &out);
  };
  tell("pool idle=0 scarcity=off");
  for (int s = 0; s < kSkills; ++s) {
    const std::string n = std::to_string(s);
    tell("queue q" + n + " boost=0 skills=s" + n + " preferred=s" + n +
         ":5 level_price=" + std::to_string(kPrice));
  }
  for (std::size_t t = 0; t < scene.tickets.size(); ++t) {
    tell("ticket t" + std::to_string(t) + " q" + std::to_string(scene.tickets[t].skill) +
         " at=" + std::to_string(100 - scene.tickets[t].wait));
  }
  for (std::size_t a = 0; a < scene.levels.size(); ++a) {
    std::string skills;
    for (int s = 0; s < kSkills; ++s) {
      if (scene.levels[a][s] == 0) continue;
      skills += (skills.empty() ? "s" : ",s") + std::to_string(s) + ":" +
                std::to_string(scene.levels[a][s]);
    }
    tell("agent a" + std::to_string(a) + (skills.empty() ? "" : " skills=" + skills));
  }
  CHECK(out.empty());
  tell("open");
  CHECK(engine.CheckInvariants().ToString() == "OK");
  std::pair<int, int> made;
  for (const Effect& effect : out) {
    const auto* decided = std::get_if<DecisionMade>(&effect);
    if (decided == nullptr) continue;
    const Decision& d = *decided->decision;
    ++made.first;
    made.second += static_cast<int>(absl::ToInt64Seconds(d.terms.Sum()));
    const std::size_t t = std::stoul(std::string(d.ticket_id.substr(1)));
    const std::size_t a = std::stoul(std::string(d.agent_id.substr(1)));
    CHECK(d.terms.Sum() == absl::Seconds(Score(scene, t, a)));
  }
  return made;
}

TEST_CASE("a burst is matched at the best total score, most matches first") {
  int worth_it = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    const Scene scene = MakeScene(seed);
    const std::pair<int, int> best = Best(scene);
    CHECK(Engines(scene) == best);
    worth_it += best.first >= 8;
  }
  CHECK(worth_it > 10);
}

}  // namespace
}  // namespace muster::engine
