// What processes of this machine have used, as /proc has it.
//
// Threading: pure functions.
#pragma once

#include <sys/types.h>

#include <vector>

#include "tests/bench/load/benches.h"

namespace muster::bench {

// Of a cell with one node of each kind, since each began.
struct CpuSeconds {
  double intake = 0, availability = 0, matcher = 0;
  double postgres = 0;  // of the backends and writers that are there
  double load = 0;      // this process
  double all() const { return intake + availability + matcher + postgres + load; }
};
CpuSeconds operator-(const CpuSeconds& a, const CpuSeconds& b);

// For each of `count`, in microseconds: `cpu_us` is all of it, `cpu_us_intake` intake's, and so on.
void AddCpuEach(const CpuSeconds& cpu, double count, Figures* figures);

double CpuSecondsOf(pid_t pid);
double ResidentMiB(pid_t pid);
std::vector<pid_t> ChildrenOf(pid_t pid);

}  // namespace muster::bench
