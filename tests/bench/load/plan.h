// Which benches there are, at which sizes, and how their figures are shown.
//
//   for (const Bench& bench : Plan({"all"}, {.quick = true})) bench.show(bench.run());
//
// Threading: one thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/load/benches.h"

namespace muster::bench {

struct Scale {
  bool quick = false;
  double soak_minutes = 20;
  double half_load = 0;  // tickets a second; 0: half of what `lifecycle` reached
};

struct Bench {
  std::string name;
  std::string workload;
  std::string aim;
  std::function<Figures()> run;
  std::function<std::string(const Figures&)> show;
  bool once = false;  // too long to be repeated
};

// Those named, in the order of the table; "all" is all. Throws when there is no such bench. Half
// load is half of the rate that `lifecycle` had in this same process, unless the scale says
// otherwise.
std::vector<Bench> Plan(const std::vector<std::string>& names, const Scale& scale);

}  // namespace muster::bench
