#include "tests/bench/load/usage.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace muster::bench {

CpuSeconds operator-(const CpuSeconds& a, const CpuSeconds& b) {
  return {a.intake - b.intake, a.availability - b.availability, a.matcher - b.matcher,
          a.postgres - b.postgres, a.load - b.load};
}

void AddCpuEach(const CpuSeconds& cpu, double count, Figures* figures) {
  const auto add = [&](const char* name, double seconds) {
    (*figures)[name] = seconds / count * 1e6;
  };
  add("cpu_us", cpu.all());
  add("cpu_us_intake", cpu.intake);
  add("cpu_us_availability", cpu.availability);
  add("cpu_us_matcher", cpu.matcher);
  add("cpu_us_postgres", cpu.postgres);
  add("cpu_us_load", cpu.load);
}

double CpuSecondsOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  // The name, in brackets, may have spaces; after it, times are the 12th and 13th field.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ResidentMiB(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child; list >> child;) children.push_back(child);
  return children;
}

}  // namespace muster::bench
