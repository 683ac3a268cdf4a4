// The solver against brute force where that ends, against successive shortest paths on middling
// sizes, and by its own proof on large ones.
#include "services/matcher/engine/transport.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace muster::engine {
namespace {

constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;

struct Best {
  std::uint64_t shipped = 0;
  std::int64_t cost = 0;
  friend bool operator==(const Best&, const Best&) = default;
};

std::ostream& operator<<(std::ostream& out, const Best& best) {
  return out << best.shipped << " units at " << best.cost;
}

// Whether `a` is the better: more units, then less cost.
bool Beats(const Best& a, const Best& b) {
  return a.shipped != b.shipped ? a.shipped > b.shipped : a.cost < b.cost;
}

// Every flow, edge by edge.
void Enumerate(TransportProblem* left, std::size_t edge, Best at, Best* best) {
  if (edge == left->edges.size()) {
    if (Beats(at, *best)) *best = at;
    return;
  }
  const auto [source, sink, cost] = left->edges[edge];
  const std::uint32_t most = std::min(left->supply[source], left->demand[sink]);
  for (std::uint32_t units = 0; units <= most; ++units) {
    left->supply[source] -= units;
    left->demand[sink] -= units;
    Enumerate(left, edge + 1, {at.shipped + units, at.cost + cost * units}, best);
    left->supply[source] += units;
    left->demand[sink] += units;
  }
}

Best ByBruteForce(TransportProblem problem) {
  Best best;
  Enumerate(&problem, 0, {}, &best);
  return best;
}

// Unit supplies and demands, by sets of sinks taken: reaches 10 x 10.
Best ByAllAssignments(const TransportProblem& problem) {
  const std::size_t sets = std::size_t{1} << problem.demand.size();
  std::vector<std::optional<Best>> best(sets);
  best[0] = Best{};
  for (std::uint32_t source = 0; source < problem.supply.size(); ++source) {
    std::vector<std::optional<Best>> next = best;
    for (const TransportEdge& edge : problem.edges) {
      const std::size_t bit = std::size_t{1} << edge.sink;
      for (std::size_t set = 0; edge.source == source && set < sets; ++set) {
        if (!best[set] || (set & bit) != 0) continue;
        const Best with{best[set]->shipped + 1, best[set]->cost + edge.cost};
        std::optional<Best>& other = next[set | bit];
        if (!other || Beats(with, *other)) other = with;
      }
    }
    best = std::move(next);
  }
  Best found;
  for (const std::optional<Best>& one : best) {
    if (one && Beats(*one, found)) found = *one;
  }
  return found;
}

// The plainest exact method: the cheapest way for one unit more, by Bellman and Ford, until none.
Best ByShortestPaths(const TransportProblem& problem) {
  const std::size_t sources = problem.supply.size(), nodes = sources + problem.demand.size();
  std::vector<std::uint32_t> supply = problem.supply, demand = problem.demand;
  std::vector<std::uint32_t> flow(problem.edges.size());
  Best best;
  for (;;) {
    std::vector<std::int64_t> distance(nodes, kFar);
    std::vector<std::size_t> by(nodes, problem.edges.size());
    for (std::size_t s = 0; s < sources; ++s) distance[s] = supply[s] > 0 ? 0 : kFar;
    const auto shorten = [&](std::size_t from, std::size_t to, std::int64_t cost, std::size_t e) {
      if (distance[from] == kFar || distance[from] + cost >= distance[to]) return false;
      distance[to] = distance[from] + cost;
      by[to] = e;
      return true;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t e = 0; e < flow.size(); ++e) {
        const std::size_t source = problem.edges[e].source;
        const std::size_t sink = sources + problem.edges[e].sink;
        changed |= shorten(source, sink, problem.edges[e].cost, e);
        if (flow[e] > 0) changed |= shorten(sink, source, -problem.edges[e].cost, e);
      }
    }
    std::size_t end = nodes;
    for (std::size_t t = sources; t < nodes; ++t) {
      if (demand[t - sources] == 0 || distance[t] == kFar) continue;
      if (end == nodes || distance[t] < distance[end]) end = t;
    }
    if (end == nodes) return best;
    ++best.shipped;
    best.cost += distance[end];
    --demand[end - sources];
    for (std::size_t at = end; by[at] < flow.size();) {
      const TransportEdge& edge = problem.edges[by[at]];
      at >= sources ? ++flow[by[at]] : --flow[by[at]];
      at = at >= sources ? edge.source : sources + edge.sink;
      if (at < sources && by[at] == flow.size()) --supply[at];
    }
  }
}

struct Shape {
  std::uint32_t sources, sinks, most_units;
  double density;
  std::int64_t least_cost, most_cost;
};

TransportProblem Make(const Shape& shape, std::mt19937_64& random) {
  const auto pick = [&](std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
  };
  TransportProblem problem;
  for (std::uint32_t s = 0; s < shape.sources; ++s) {
    problem.supply.push_back(static_cast<std::uint32_t>(pick(0, shape.most_units)));
  }
  for (std::uint32_t t = 0; t < shape.sinks; ++t) {
    problem.demand.push_back(static_cast<std::uint32_t>(pick(0, shape.most_units)));
  }
  for (std::uint32_t s = 0; s < shape.sources; ++s) {
    for (std::uint32_t t = 0; t < shape.sinks; ++t) {
      if (static_cast<double>(random() % 1000) >= shape.density * 1000) continue;
      problem.edges.push_back({s, t, pick(shape.least_cost, shape.most_cost)});
    }
  }
  return problem;
}

// The flow keeps to the problem, its sums are right, and the proof holds.
Best Checked(const TransportProblem& problem) {
  TransportProof proof;
  const TransportFlow result = SolveTransport(problem, &proof);
  REQUIRE(result.flow.size() == problem.edges.size());
  std::vector<std::uint32_t> supply = problem.supply, demand = problem.demand;
  Best sum;
  std::int64_t least = kFar, most = -kFar;
  bool flows = true, proven = true;
  for (std::size_t e = 0; e < result.flow.size(); ++e) {
    const auto [source, sink, cost] = problem.edges[e];
    const std::uint32_t units = result.flow[e];
    flows &= units <= supply[source] && units <= demand[sink];
    supply[source] -= units;
    demand[sink] -= units;
    sum.shipped += units;
    sum.cost += cost * std::int64_t{units};
    const std::int64_t reduced = cost - proof.source_price[source] + proof.sink_price[sink];
    proven &= reduced >= 0 && (units == 0 || reduced == 0);
    least = std::min(least, cost);
    most = std::max(most, cost);
  }
  CHECK(flows);
  for (std::size_t s = 0; s < supply.size(); ++s) {
    const std::int64_t price = proof.source_price[s];
    proven &= price <= proof.unshipped_price && (supply[s] == 0 || price == proof.unshipped_price);
  }
  for (std::size_t t = 0; t < demand.size(); ++t) {
    proven &= proof.sink_price[t] >= 0 && (demand[t] == 0 || proof.sink_price[t] == 0);
  }
  CHECK(proven);
  // One unit more never costs this much: its way takes each source and sink at most once.
  if (least <= most) {
    const auto hops = static_cast<std::int64_t>(std::min(supply.size(), demand.size()));
    CHECK(proof.unshipped_price > (hops + 1) * (most - least) + least);
  }
  CHECK(sum == Best{result.shipped, result.cost});
  return sum;
}

TEST_CASE("transport: what the header says") {
  TransportProblem problem{.supply = {3, 1}, .demand = {2, 1}};
  problem.edges = {{0, 0, 5}, {0, 1, 7}, {1, 0, 2}};
  CHECK(SolveTransport(problem).flow == std::vector<std::uint32_t>{1, 1, 1});
  CHECK(Checked(problem) == Best{3, 14});
}

TEST_CASE("transport: nothing to ship") {
  const TransportProblem cases[] = {
      {},
      {.supply = {3}},
      {.demand = {3}},
      {.supply = {3}, .demand = {3}},
      {.supply = {0}, .demand = {3}, .edges = {{0, 0, -5}}},
      {.supply = {3}, .demand = {0}, .edges = {{0, 0, 5}}},
      {.supply = {0, 0}, .demand = {0}, .edges = {{0, 0, 5}, {1, 0, -7}}},
  };
  for (const TransportProblem& problem : cases) CHECK(Checked(problem) == Best{});
}

TEST_CASE("transport: units come before cost, and a unit is worth any detour") {
  // Cheapest first would ship one unit at cost 0, and leave source 1 without a sink.
  const TransportProblem detour{
      .supply = {1, 1}, .demand = {1, 1}, .edges = {{0, 0, 0}, {0, 1, 1'000'000}, {1, 0, 900'000}}};
  CHECK(Checked(detour) == Best{2, 1'900'000});
  const TransportProblem pays{
      .supply = {4}, .demand = {2, 2}, .edges = {{0, 0, -3}, {0, 1, 8}, {0, 1, 6}}};
  CHECK(Checked(pays) == Best{4, 6});
  const TransportProblem wide{.supply = {4'000'000'000},
                              .demand = {3'000'000'000, 2'000'000'000},
                              .edges = {{0, 0, 2}, {0, 1, 1}}};
  CHECK(Checked(wide) == Best{4'000'000'000, 6'000'000'000});
}

TEST_CASE("transport: every small size against brute force") {
  for (std::uint32_t sources = 1; sources <= 4; ++sources) {
    for (std::uint32_t sinks = 1; sinks <= 4; ++sinks) {
      const std::uint32_t units = sources * sinks <= 6 ? 4 : sources * sinks <= 9 ? 2 : 1;
      for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        std::mt19937_64 random(seed);
        const double density = seed % 3 == 0 ? 0.5 : 1.0;
        const std::int64_t spread = seed % 2 == 0 ? 3 : 1000;  // with and without many ties
        const TransportProblem problem =
            Make({sources, sinks, units, density, -spread, spread}, random);
        INFO("seed " << seed << ", " << sources << " x " << sinks);
        CHECK(Checked(problem) == ByBruteForce(problem));
      }
    }
  }
}

TEST_CASE("transport: assignments of up to nine against all assignments") {
  for (std::uint32_t size = 1; size <= 9; ++size) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      std::mt19937_64 random(seed);
      const double density = seed % 3 == 0 ? 0.3 : 1.0;
      TransportProblem problem = Make({size, size, 1, density, 0, seed % 2 ? 5 : 500}, random);
      problem.supply.assign(size, 1);
      problem.demand.assign(size, 1);
      INFO("seed " << seed << ", size " << size);
      CHECK(Checked(problem) == ByAllAssignments(problem));
    }
  }
}

TEST_CASE("transport: middling sizes against successive shortest paths") {
  const Shape shapes[] = {{5, 40, 6, 0.5, -50, 50}, {40, 5, 6, 0.5, 0, 1'000'000},
                          {20, 20, 5, 0.15, -9, 9}, {30, 30, 1, 0.2, 0, 100},
                          {12, 12, 20, 1.0, 0, 3},  {25, 25, 4, 0.06, 0, 1000},
                          {15, 30, 3, 0.3, 7, 7},   {30, 15, 8, 0.9, -4'000'000, -1'000'000}};
  for (const Shape& shape : shapes) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      std::mt19937_64 random(seed);
      const TransportProblem problem = Make(shape, random);
      INFO("seed " << seed << ", " << shape.sources << " x " << shape.sinks);
      CHECK(Checked(problem) == ByShortestPaths(problem));
    }
  }
}

TEST_CASE("transport: large sizes, by proof; twice the same") {
  const Shape shapes[] = {{50, 200, 400, 1.0, 0, 3'600'000'000},
                          {800, 800, 1, 0.025, 0, 3'600'000'000},
                          {800, 800, 1, 0.025, 0, 50},
                          {100, 1500, 3, 0.1, -1000, 1000},
                          {1500, 100, 3, 0.1, 0, 1000}};
  for (const Shape& shape : shapes) {
    std::mt19937_64 random(7);
    const TransportProblem problem = Make(shape, random);
    INFO("seed 7, " << shape.sources << " x " << shape.sinks);
    CHECK(Checked(problem).shipped > 0);
    CHECK(SolveTransport(problem).flow == SolveTransport(problem).flow);
  }
}

}  // namespace
}  // namespace muster::engine
