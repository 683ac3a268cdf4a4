#include "services/matcher/domain/shares.h"

#include <algorithm>
#include <cstddef>
#include <map>

namespace muster::matcher {
namespace {

struct Share {
  int held = 0;
  int due = 0;
};

// By taker.
std::map<std::string, Share> SharesOf(const ShareFacts& facts, const ShareLimits& limits) {
  std::map<std::string, Share> shares;
  for (const std::string& taker : facts.takers) shares[taker];
  for (const ShareFacts::Pool& pool : facts.pools) {
    if (auto it = shares.find(pool.holder); it != shares.end()) ++it->second.held;
  }
  // Those that have most first: they keep the odd pools.
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [taker, share] : shares) order.emplace_back(-share.held, taker);
  std::sort(order.begin(), order.end());
  const size_t each = order.empty() ? 0 : facts.pools.size() / order.size();
  const size_t odd = order.empty() ? 0 : facts.pools.size() % order.size();
  for (size_t i = 0; i < order.size(); ++i) {
    const int due = static_cast<int>(each + (i < odd ? 1 : 0));
    shares[order[i].second].due = std::min(due, limits.max_pools);
  }
  return shares;
}

std::vector<std::string> GiveUp(const ShareFacts& facts, const ShareLimits& limits,
                                const Share& mine) {
  int moving = static_cast<int>(facts.leaving.size());
  int count = std::min(mine.held - mine.due, limits.max_moves) - moving;
  std::vector<std::string> give_up;
  for (auto pool = facts.pools.rbegin(); pool != facts.pools.rend() && count > 0; ++pool) {
    if (pool->holder != facts.me || facts.leaving.count(pool->pool_id) > 0) continue;
    give_up.push_back(pool->pool_id);
    --count;
  }
  return give_up;
}

std::vector<std::string> TakeFree(const ShareFacts& facts, const ShareLimits& limits,
                                  const std::map<std::string, Share>& shares) {
  // In order of what they lack, most first.
  std::set<std::pair<int, std::string>> lacking;
  for (const auto& [taker, share] : shares) {
    if (share.held < share.due) lacking.emplace(share.held - share.due, taker);
  }
  std::vector<std::string> take;
  for (const ShareFacts::Pool& pool : facts.pools) {
    if (!pool.holder.empty()) continue;
    if (lacking.empty() || static_cast<int>(take.size()) >= limits.max_takes) break;
    auto [lack, taker] = *lacking.begin();
    lacking.erase(lacking.begin());
    if (lack + 1 < 0) lacking.emplace(lack + 1, taker);
    if (taker == facts.me) take.push_back(pool.pool_id);
  }
  return take;
}

}  // namespace

SharePlan PlanShares(const ShareFacts& facts, const ShareLimits& limits) {
  const std::map<std::string, Share> shares = SharesOf(facts, limits);
  auto mine = shares.find(facts.me);
  if (mine == shares.end()) return {};
  return {.take = TakeFree(facts, limits, shares), .give_up = GiveUp(facts, limits, mine->second)};
}

}  // namespace muster::matcher
