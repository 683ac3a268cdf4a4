// The engine's cases for Google Benchmark. One iteration is one decision of engine_world.h's steady
// state: arguments are agents, waiting tickets (0: the idle variant), and whether decisions are
// recorded.
#include <cstdint>
#include <memory>

#include "benchmark/benchmark.h"
#include "tests/bench/engine/allocations.h"
#include "tests/bench/engine/engine_world.h"
#include "tests/bench/engine/suites.h"

namespace muster::bench {
namespace {

// Making a world of a million agents takes longer than measuring it: the last one is kept, and runs
// on while the library tries numbers of iterations.
World& WorldOf(const WorldOptions& options) {
  static WorldOptions last;
  static std::unique_ptr<World> world;
  if (world == nullptr || !(last == options)) {
    world.reset();  // first, so that there is never room for two needed
    world = std::make_unique<World>(options);
    last = options;
    // Everybody has had a ticket taken in the steady state, as far as that is quickly done.
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(options.agents, 200'000); ++i) {
      world->Decide();
    }
  }
  return *world;
}

void Decide(benchmark::State& state, std::uint32_t agents, std::uint32_t waiting, bool record) {
  World& world = WorldOf({.agents = agents, .waiting = waiting, .record_decisions = record});
  const std::int64_t before = CountAllocations().made;
  for (auto _ : state) world.Decide();
  const auto decisions = static_cast<double>(state.iterations());
  state.counters["decisions/s"] = benchmark::Counter(decisions, benchmark::Counter::kIsRate);
  state.counters["allocations/decision"] =
      static_cast<double>(CountAllocations().made - before) / decisions;
  state.counters["bytes/agent"] = world.bytes_per_agent();
  if (waiting > 0) state.counters["bytes/ticket"] = world.bytes_per_ticket();
}

}  // namespace

void RegisterEngine() {
  constexpr std::uint32_t kUsual = 100'000;
  const auto add = [](const char* name, std::uint32_t agents, std::uint32_t waiting, bool record) {
    const std::string full = std::string(name) + "/agents:" + std::to_string(agents) +
                             "/waiting:" + std::to_string(waiting);
    benchmark::RegisterBenchmark(full.c_str(), Decide, agents, waiting, record);
  };
  add("Loaded", kUsual, 10'000, false);
  add("LoadedRecorded", kUsual, 10'000, true);
  add("Idle", kUsual, 0, false);
  add("IdleRecorded", kUsual, 0, true);
  for (const std::uint32_t agents : {1'000u, 10'000u, 1'000'000u}) {
    add("Loaded", agents, 10'000, false);
    add("Idle", agents, 0, false);
  }
  for (const std::uint32_t waiting : {10u, 100u, 1'000u, 100'000u, 1'000'000u}) {
    add("Loaded", kUsual, waiting, false);
  }
}

}  // namespace muster::bench
