// Who should have which pool. Every matcher works it out by itself from the same facts, and does
// its own part of it; so nobody has to lead.
//
// Each taker is due the same number of pools, give or take one. Pools stay where they are as long
// as that holds: those that have most keep the odd ones, and only what is too much is given up.
// Free pools go to those that lack most. Takers that look at different moments may disagree for a
// while; the records let only one have a pool, and the numbers even out.
//
// Threading: pure functions.
//
//   SharePlan plan = PlanShares({.me = "m-1", .takers = {"m-1", "m-2"}, .pools = pools}, limits);
#pragma once

#include <set>
#include <string>
#include <vector>

namespace muster::matcher {

struct ShareLimits {
  int max_pools = 2'000;  // of one matcher
  int max_takes = 500;    // planned at once
  int max_moves = 8;      // being given up at once, so that most pools are served while some move
};

struct ShareFacts {
  struct Pool {
    std::string pool_id;
    // A member whose lease goes on; empty: free.
    std::string holder;
  };
  std::string me;
  std::vector<std::string> takers;  // the members that take pools now; with `me`, if it does
  std::vector<Pool> pools;          // all that there are, in order of id
  std::set<std::string> leaving;    // mine, being given up already
};

struct SharePlan {
  std::vector<std::string> take;
  std::vector<std::string> give_up;
};

SharePlan PlanShares(const ShareFacts& facts, const ShareLimits& limits);

}  // namespace muster::matcher
