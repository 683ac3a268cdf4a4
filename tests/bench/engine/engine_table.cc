// `muster-bench engine --table`: the figures of the README by one command. Each figure is the
// median of a few slices of the thread's processor time, so that other work on the machine counts
// little.
#include <ctime>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "tests/bench/engine/allocations.h"
#include "tests/bench/engine/engine_world.h"
#include "tests/bench/engine/suites.h"

namespace muster::bench {
namespace {

constexpr int kSlices = 7;

struct Effort {
  double slice_seconds = 0.4;
  std::uint32_t most_warm_up = 200'000;  // decisions
};

struct Figures {
  double nanoseconds = 0;  // a decision
  double allocations = 0;  // a decision
  double bytes_per_agent = 0;
  double bytes_per_ticket = 0;
};

double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

double NanosecondsOf(World* world, double seconds, std::int64_t* decisions) {
  constexpr int kBetweenLooks = 256;
  const double start = ProcessorSeconds();
  double now = start;
  std::int64_t made = 0;
  for (; now - start < seconds; now = ProcessorSeconds()) {
    for (int i = 0; i < kBetweenLooks; ++i) world->Decide();
    made += kBetweenLooks;
  }
  *decisions += made;
  return 1e9 * (now - start) / static_cast<double>(made);
}

void WarmUp(World* world, std::uint32_t agents, const Effort& effort) {
  for (std::uint32_t i = 0; i < std::min(agents, effort.most_warm_up); ++i) world->Decide();
}

Figures Measure(const WorldOptions& options, const Effort& effort) {
  World world(options);
  WarmUp(&world, options.agents, effort);
  const std::int64_t before = CountAllocations().made;
  std::int64_t decisions = 0;
  std::vector<double> slices;
  slices.reserve(kSlices);
  for (int i = 0; i < kSlices; ++i) {
    slices.push_back(NanosecondsOf(&world, effort.slice_seconds, &decisions));
  }
  Figures figures;
  figures.nanoseconds = Median(slices);
  figures.allocations =
      static_cast<double>(CountAllocations().made - before) / static_cast<double>(decisions);
  figures.bytes_per_agent = world.bytes_per_agent();
  figures.bytes_per_ticket = world.bytes_per_ticket();
  return figures;
}

double PrintRow(const WorldOptions& options, const Effort& effort) {
  const Figures f = Measure(options, effort);
  std::printf("| %s | %u | %u | %.0f | %.0f | %.2f |\n", options.waiting > 0 ? "loaded" : "idle",
              options.agents, options.waiting, f.nanoseconds, 1e9 / f.nanoseconds, f.allocations);
  std::fflush(stdout);
  return f.nanoseconds;
}

template <typename Sizes, typename OptionsOf>
void PrintSweep(const char* of, const Sizes& sizes, const Effort& effort, OptionsOf options_of) {
  std::vector<double> took;
  for (const std::uint32_t size : sizes) took.push_back(PrintRow(options_of(size), effort));
  const double ratio = *std::max_element(took.begin(), took.end()) / took.front();
  std::printf("| slowest to smallest, by %s | | | %.2f | | |\n", of, ratio);
}

// What something costs: two worlds by turns, so that both meet the same disturbances.
void PrintCost(const char* of, const WorldOptions& without, const WorldOptions& with,
               const Effort& effort) {
  World off(without);
  World on(with);
  WarmUp(&off, without.agents, effort);
  WarmUp(&on, with.agents, effort);
  std::vector<double> off_took, on_took;
  std::int64_t decisions = 0;
  for (int i = 0; i < kSlices; ++i) {
    off_took.push_back(NanosecondsOf(&off, effort.slice_seconds, &decisions));
    on_took.push_back(NanosecondsOf(&on, effort.slice_seconds, &decisions));
  }
  std::printf("%s, %s: with %.0f ns a decision, without %.0f ns, %+.1f %%\n", of,
              without.waiting > 0 ? "loaded" : "idle", Median(on_took), Median(off_took),
              100 * (Median(on_took) / Median(off_took) - 1));
  std::fflush(stdout);
}

}  // namespace

int PrintEngineTable(bool quick) {
  const Effort effort = quick ? Effort{0.001, 100} : Effort{};
  const std::vector<std::uint32_t> agents =
      quick ? std::vector<std::uint32_t>{200, 400}
            : std::vector<std::uint32_t>{1'000, 10'000, 100'000, 1'000'000};
  const std::vector<std::uint32_t> waiting =
      quick ? std::vector<std::uint32_t>{10, 100}
            : std::vector<std::uint32_t>{10, 1'000, 10'000, 100'000, 1'000'000};
  const std::uint32_t usual_agents = quick ? 200 : 100'000;
  const std::uint32_t usual_waiting = quick ? 100 : 10'000;
  std::printf("| variant | agents | waiting | ns a decision | decisions/s | allocations |\n");
  std::printf("|---|---|---|---|---|---|\n");
  PrintSweep("agents", agents, effort,
             [&](std::uint32_t n) { return WorldOptions{.agents = n, .waiting = usual_waiting}; });
  PrintSweep("agents", agents, effort,
             [](std::uint32_t n) { return WorldOptions{.agents = n, .waiting = 0}; });
  PrintSweep("waiting", waiting, effort,
             [&](std::uint32_t n) { return WorldOptions{.agents = usual_agents, .waiting = n}; });
  const Figures f = Measure({.agents = usual_agents, .waiting = usual_agents}, effort);
  std::printf("\nbytes: %.0f an agent, %.0f a waiting ticket (%u of each)\n", f.bytes_per_agent,
              f.bytes_per_ticket, usual_agents);
  for (const std::uint32_t waits : {usual_waiting, 0u}) {
    const WorldOptions plain = {.agents = usual_agents, .waiting = waits};
    WorldOptions recorded = plain, taped = plain;
    recorded.record_decisions = true;
    taped.tape = true;
    PrintCost("decisions recorded", plain, recorded, effort);
    PrintCost("tape written", plain, taped, effort);
  }
  return 0;
}

}  // namespace muster::bench
