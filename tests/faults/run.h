// One run: load on a cell while a nemesis breaks it, then calm, then the verdict.
//
//   Run run({.minutes = 20, .seed = 7, .faults = {"kill"}, .folder = "/tmp/chaos"});
//   return run.Execute();   // 0: every promise was kept
//
// Threading: one thread; the nemesis has its own.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/faults/agents.h"
#include "tests/faults/cell.h"
#include "tests/faults/checker.h"
#include "tests/faults/customers.h"
#include "tests/faults/nemesis.h"
#include "tests/faults/read_records.h"

namespace muster::faults {

struct RunOptions {
  double minutes = 1;
  int64_t seed = 1;
  std::vector<std::string> faults;
  std::string folder = "chaos";
  CellOptions cell;
  SmallDisk* disk = nullptr;  // these two outlive the run
  PrivateNetwork* network = nullptr;
  int pools = 3;
  int agents_each = 8;
  double per_second = 40;
  absl::Duration whole_again = absl::Seconds(60);
};

class Run {
 public:
  explicit Run(RunOptions options);
  ~Run();
  // The exit code: 0, or 1 after naming the first violation and the seed.
  int Execute();

 private:
  void SetUp();
  void Trouble();
  // Ends the load, and waits until nothing is left to do; false when it takes too long.
  bool Calm();
  // Everybody pauses; then everything is killed at once and comes back.
  void LastWord();
  void Note(const std::string& line);
  int Verdict(const std::vector<Violation>& violations);
  void Summarize() const;
  void KeepLogs();
  template <class Predicate>
  bool RunUntil(absl::Duration limit, const Predicate& over);

  const RunOptions options_;
  std::mutex mutex_;  // guards the file: the nemesis writes, too
  std::ofstream file_;
  History history_;
  Random random_;
  replay::EventLoop loop_;
  World world_;
  std::unique_ptr<Cell> cell_;
  std::unique_ptr<Nemesis> nemesis_;
  std::unique_ptr<Customers> customers_;
  std::vector<std::unique_ptr<AgentClient>> agents_;
  absl::Duration calm_took_;
};

}  // namespace muster::faults
