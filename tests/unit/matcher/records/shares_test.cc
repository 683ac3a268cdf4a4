#include "services/matcher/domain/shares.h"

#include <algorithm>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

// "a a b - c": the holders of pools p00, p01, …; "-" is free.
std::vector<ShareFacts::Pool> PoolsOf(const std::string& holders) {
  std::vector<ShareFacts::Pool> pools;
  for (const std::string& holder : std::vector<std::string>(absl::StrSplit(holders, ' '))) {
    const std::string number = absl::StrCat(pools.size());
    pools.push_back(
        {absl::StrCat("p", number.size() < 2 ? "0" : "", number), holder == "-" ? "" : holder});
  }
  return pools;
}

// "take p01 p02 give p03", as `me` sees it.
std::string PlanOf(ShareFacts facts, const ShareLimits& limits = {}) {
  SharePlan plan = PlanShares(facts, limits);
  std::string text;
  for (const std::string& id : plan.take) absl::StrAppend(&text, "+", id, " ");
  std::sort(plan.give_up.begin(), plan.give_up.end());
  for (const std::string& id : plan.give_up) absl::StrAppend(&text, "-", id, " ");
  return text;
}

TEST_CASE("each is due its share, and nothing moves without need") {
  struct Case {
    const char* what;
    const char* holders;
    std::map<std::string, std::string> plans;  // by taker
  };
  const std::vector<Case> cases = {
      {"the first takes all", "- - -", {{"a", "+p00 +p01 +p02 "}}},
      {"two share", "- - - -", {{"a", "+p00 +p02 "}, {"b", "+p01 +p03 "}}},
      {"the odd one stays", "a a b", {{"a", ""}, {"b", ""}}},
      {"also with the later in the alphabet", "a b b", {{"a", ""}, {"b", ""}}},
      {"one that joins gets a share", "a a a a", {{"a", "-p02 -p03 "}, {"b", ""}}},
      {"who lacks most takes first", "a a - b -", {{"a", ""}, {"b", "+p02 "}, {"c", "+p04 "}}},
      {"what one left goes to the others", "- a b -", {{"a", "+p00 "}, {"b", "+p03 "}}},
      {"what a non-taker holds stays", "x x a", {{"a", ""}, {"b", ""}}},
      {"both are over", "a a a b b b", {{"a", "-p02 "}, {"b", "-p05 "}, {"c", ""}}},
  };
  for (const Case& c : cases) {
    for (const auto& [me, plan] : c.plans) {
      INFO(c.what << ": " << me);
      ShareFacts facts{.me = me, .pools = PoolsOf(c.holders)};
      for (const auto& [taker, ignored] : c.plans) facts.takers.push_back(taker);
      CHECK(PlanOf(facts) == plan);
    }
  }
}

TEST_CASE("limits hold") {
  ShareFacts facts{.me = "a", .takers = {"a", "b"}, .pools = PoolsOf("a a a a a a a a a a")};
  CHECK(PlanOf(facts, {.max_moves = 2}) == "-p08 -p09 ");
  facts.leaving = {"p09"};
  CHECK(PlanOf(facts, {.max_moves = 2}) == "-p08 ");
  facts.leaving = {"p08", "p09"};
  CHECK(PlanOf(facts, {.max_moves = 2}).empty());
  facts = {.me = "a", .takers = {"a"}, .pools = PoolsOf("- - - -")};
  CHECK(PlanOf(facts, {.max_pools = 2}) == "+p00 +p01 ");
  CHECK(PlanOf(facts, {.max_takes = 3}) == "+p00 +p01 +p02 ");
  facts.takers = {"b"};
  CHECK(PlanOf(facts).empty());  // it takes no part
}

// Takers come and go; each looks when it likes, also at what is a while old.
TEST_CASE("whoever looks when, the numbers even out, and then nothing moves") {
  for (uint32_t seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    auto below = [&](size_t n) { return random() % n; };
    std::vector<ShareFacts::Pool> pools;
    for (size_t i = 0, n = 1 + below(40); i < n; ++i) {
      pools.push_back({absl::StrCat("p", 100 + i), ""});
    }
    std::vector<std::string> takers;
    for (int step = 0; step < 40; ++step) {
      // One comes, or one goes with all that it had.
      if (takers.empty() || (takers.size() < 6 && below(2) == 0)) {
        takers.push_back(absl::StrCat("m", step));
      } else {
        const std::string gone = takers[below(takers.size())];
        std::erase(takers, gone);
        for (ShareFacts::Pool& pool : pools) {
          if (pool.holder == gone) pool.holder.clear();
        }
      }
      std::vector<ShareFacts::Pool> old = pools;
      for (int turn = 0; turn < 60 && !takers.empty(); ++turn) {
        const std::string& me = takers[below(takers.size())];
        const bool stale = below(4) == 0 && turn < 40;
        SharePlan plan = PlanShares({.me = me, .takers = takers, .pools = stale ? old : pools},
                                    {.max_moves = 3});
        if (below(3) == 0) old = pools;
        for (ShareFacts::Pool& pool : pools) {
          auto in = [&](const std::vector<std::string>& ids) {
            return std::find(ids.begin(), ids.end(), pool.pool_id) != ids.end();
          };
          if (in(plan.take) && pool.holder.empty()) pool.holder = me;
          if (!in(plan.give_up) || pool.holder != me) continue;
          pool.holder.clear();
        }
      }
      // With the last word at hand, all come to rest.
      for (int round = 0; round < 20; ++round) {
        for (const std::string& me : takers) {
          SharePlan plan = PlanShares({.me = me, .takers = takers, .pools = pools}, {});
          for (ShareFacts::Pool& pool : pools) {
            for (const std::string& id : plan.take) {
              if (id == pool.pool_id && pool.holder.empty()) pool.holder = me;
            }
            for (const std::string& id : plan.give_up) {
              if (id == pool.pool_id && pool.holder == me) pool.holder.clear();
            }
          }
        }
      }
      if (takers.empty()) continue;
      std::map<std::string, size_t> held;
      for (const std::string& taker : takers) held[taker];
      for (const ShareFacts::Pool& pool : pools) {
        REQUIRE(!pool.holder.empty());
        ++held[pool.holder];
      }
      auto [least, most] = std::minmax_element(
          held.begin(), held.end(), [](auto& a, auto& b) { return a.second < b.second; });
      CHECK(most->second - least->second <= 1);
      for (const std::string& me : takers) {
        CHECK(PlanOf({.me = me, .takers = takers, .pools = pools}).empty());
      }
    }
  }
}

}  // namespace
}  // namespace muster::matcher
