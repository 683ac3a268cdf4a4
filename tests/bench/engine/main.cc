// The program `muster-bench`: how fast the pure parts are, on one thread.
//
//   muster-bench SUITE [--table | --table=quick | flags of Google Benchmark]
//
// --table prints the suite's figures as a plain table, as the README shows them; =quick runs small
// sizes only, to see that it works.
#include <cstdio>
#include <cstring>
#include <string_view>

#include "benchmark/benchmark.h"
#include "tests/bench/engine/suites.h"

namespace muster::bench {
namespace {

struct Suite {
  std::string_view name;
  void (*register_cases)();
  int (*print_table)(bool quick);  // or none
};

constexpr Suite kSuites[] = {
    {"engine", RegisterEngine, PrintEngineTable},
#ifdef MUSTER_BENCH_TRANSPORT
    {"transport", RegisterTransport, PrintTransportTable},
#endif
};

int Misused() {
  std::fprintf(stderr, "usage: muster-bench SUITE [--table[=quick] | --benchmark_...]\nsuites:");
  for (const Suite& suite : kSuites) std::fprintf(stderr, " %s", suite.name.data());
  std::fprintf(stderr, "\n");
  return 2;
}

int Run(const Suite& suite, int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--table" || first == "--table=quick") {
    if (suite.print_table == nullptr || argc > 2) return Misused();
    return suite.print_table(first == "--table=quick");
  }
  suite.register_cases();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  using namespace muster::bench;  // NOLINT: the program is one name
#ifndef NDEBUG
  std::fprintf(stderr, "note: assertions are on; figures are for the preset `release`\n");
#endif
  if (argc < 2) return Misused();
  for (const Suite& suite : kSuites) {
    if (suite.name != argv[1]) continue;
    argv[1] = argv[0];
    return Run(suite, argc - 1, argv + 1);
  }
  return Misused();
}
