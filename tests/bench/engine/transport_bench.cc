// Bursts of 10,000 units on 10,000: SolveTransport beside LEMON's network simplex, by turns on the
// same instance, so that both meet the same machine; CPU time of this thread. Muster's is all of
// it, LEMON's leaves out the building of its graph.
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "services/matcher/engine/transport.h"
#include "tests/bench/engine/lemon_reference.h"
#include "tests/bench/engine/suites.h"

namespace muster::engine {
namespace {

constexpr std::uint32_t kUnits = 10'000;
constexpr std::int64_t kSecond = 1'000'000;  // costs are in microseconds

enum class Costs : int {
  kRandom,  // any within an hour
  kPriced,  // as the engine prices: the ticket's wait, the agent's idleness, levels missing
};

class Pricing {
 public:
  Pricing(Costs costs, std::uint32_t sources, std::uint32_t sinks, std::mt19937_64* random)
      : costs_(costs), random_(*random) {
    for (std::uint32_t s = 0; s < sources; ++s) waits_.push_back(Below(600 * kSecond));
    for (std::uint32_t t = 0; t < sinks; ++t) idle_.push_back(Below(120 * kSecond));
  }

  std::int64_t Cost(std::uint32_t source, std::uint32_t sink) {
    if (costs_ == Costs::kRandom) return Below(3600 * kSecond);
    return Below(5) * 10 * kSecond - waits_[source] - idle_[sink];
  }
  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }

 private:
  Costs costs_;
  std::mt19937_64& random_;
  std::vector<std::int64_t> waits_, idle_;
};

// 50 x 200 groups, any with any.
TransportProblem Groups(Costs costs, std::uint64_t seed) {
  constexpr std::uint32_t kSources = 50, kSinks = 200;
  std::mt19937_64 random(seed);
  TransportProblem problem;
  problem.supply.resize(kSources);
  problem.demand.resize(kSinks);
  for (std::uint32_t unit = 0; unit < kUnits; ++unit) {
    ++problem.supply[random() % kSources];
    ++problem.demand[random() % kSinks];
  }
  Pricing pricing(costs, kSources, kSinks, &random);
  for (std::uint32_t s = 0; s < kSources; ++s) {
    for (std::uint32_t t = 0; t < kSinks; ++t) problem.edges.push_back({s, t, pricing.Cost(s, t)});
  }
  return problem;
}

// No two alike: 20 edges a ticket; the first of them lead to different agents, so that all can be
// shipped.
TransportProblem Singles(Costs costs, std::uint64_t seed) {
  constexpr std::uint32_t kEdges = 20;
  std::mt19937_64 random(seed);
  TransportProblem problem;
  problem.supply.assign(kUnits, 1);
  problem.demand.assign(kUnits, 1);
  Pricing pricing(costs, kUnits, kUnits, &random);
  for (std::uint32_t s = 0; s < kUnits; ++s) {
    for (std::uint32_t e = 0; e < kEdges; ++e) {
      const std::uint32_t t = e == 0 ? s : static_cast<std::uint32_t>(random() % kUnits);
      problem.edges.push_back({s, t, pricing.Cost(s, t)});
    }
  }
  return problem;
}

struct Comparison {
  bool same_cost = false;
  double muster = 0;  // seconds
  double lemon = 0;
};

Comparison Compare(const TransportProblem& problem) {
  Comparison result;
  const double start = ThreadSeconds();
  const TransportFlow flow = SolveTransport(problem);
  result.muster = ThreadSeconds() - start;
  const LemonResult reference = SolveWithLemon(problem);
  result.lemon = reference.seconds;
  result.same_cost = reference.optimal && flow.shipped == kUnits && flow.cost == reference.cost;
  return result;
}

struct Case {
  const char* name;
  TransportProblem (*make)(Costs costs, std::uint64_t seed);
  Costs costs;
  int rounds;  // of each seed, for the table
};

constexpr Case kCases[] = {
    {"50x200 groups, any costs", Groups, Costs::kRandom, 50},
    {"50x200 groups, priced", Groups, Costs::kPriced, 50},
    {"10000x10000 singles, any costs", Singles, Costs::kRandom, 2},
    {"10000x10000 singles, priced", Singles, Costs::kPriced, 2},
};
constexpr std::uint64_t kSeeds[] = {1, 2, 3};

void Measure(benchmark::State& state, const Case& one, std::uint64_t seed) {
  const TransportProblem problem = one.make(one.costs, seed);
  Comparison sum;
  while (state.KeepRunning()) {
    const Comparison round = Compare(problem);
    if (!round.same_cost) {
      state.SkipWithError("the cost is not LEMON's");
      return;
    }
    state.SetIterationTime(round.muster);
    sum.muster += round.muster;
    sum.lemon += round.lemon;
  }
  state.counters["lemon_ms"] = sum.lemon / static_cast<double>(state.iterations()) * 1e3;
  state.counters["ratio"] = sum.muster / sum.lemon;
}

}  // namespace
}  // namespace muster::engine

namespace muster::bench {

void RegisterTransport() {
  for (const engine::Case& one : engine::kCases) {
    for (const std::uint64_t seed : engine::kSeeds) {
      const std::string name = std::string(one.name) + ", seed " + std::to_string(seed);
      benchmark::RegisterBenchmark(name.c_str(), engine::Measure, one, seed)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

int PrintTransportTable(bool quick) {
  std::printf("%-32s %5s %11s %11s %6s  %s\n", "instance", "seed", "muster, ms", "lemon, ms",
              "ratio", "cost");
  bool good = true;
  for (const engine::Case& one : engine::kCases) {
    for (const std::uint64_t seed : engine::kSeeds) {
      if (quick && (seed != engine::kSeeds[0] || one.make != engine::Groups)) continue;
      const engine::TransportProblem problem = one.make(one.costs, seed);
      engine::Comparison sum{.same_cost = true};
      const int rounds = quick ? 1 : one.rounds;
      for (int round = 0; round < rounds; ++round) {
        const engine::Comparison result = engine::Compare(problem);
        sum.same_cost = sum.same_cost && result.same_cost;
        sum.muster += result.muster;
        sum.lemon += result.lemon;
      }
      std::printf("%-32s %5d %11.2f %11.2f %6.2f  %s\n", one.name, static_cast<int>(seed),
                  sum.muster / rounds * 1e3, sum.lemon / rounds * 1e3, sum.muster / sum.lemon,
                  sum.same_cost ? "same" : "NOT THE SAME");
      good = good && sum.same_cost;
    }
  }
  return good ? 0 : 1;
}

}  // namespace muster::bench
