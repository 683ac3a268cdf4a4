// Breaks a cell, one fault after another, as the seed has it; each is mended again after a while.
//
// Threading: Run on a thread of its own; Stop from any other.
//
//   Nemesis nemesis(cell, {.seed = 7, .faults = {"kill", "commit"}, .log = Log});
//   std::thread thread([&] { nemesis.Run(); });  …  nemesis.Stop();  thread.join();
//   for (auto& [fault, times] : nemesis.done()) …
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/faults/cell.h"
#include "tests/faults/private_network.h"
#include "tests/faults/random.h"
#include "tests/faults/small_disk.h"

namespace muster::faults {

struct NemesisOptions {
  uint64_t seed = 1;
  std::vector<std::string> faults;  // names of AllFaults()
  // Each fault lasts, and is followed by calm, for a time between these.
  absl::Duration shortest = absl::Milliseconds(300), longest = absl::Seconds(4);
  absl::Duration least_calm = absl::Milliseconds(500), most_calm = absl::Seconds(3);
  SmallDisk* disk = nullptr;          // of PostgreSQL, for the fault "disk"
  PrivateNetwork* network = nullptr;  // that the cell is in, for the fault "packets"
  std::function<void(const std::string& line)> log;
};

struct FaultInfo {
  std::string name;
  std::string what;
};
const std::vector<FaultInfo>& AllFaults();

class Nemesis {
 public:
  Nemesis(Cell& cell, NemesisOptions options);
  // Until Stop; leaves the cell as it is: MakeWhole mends it.
  void Run();
  void Stop();

  // Once Run has returned:
  const std::map<std::string, int>& done() const { return done_; }
  // What should not have happened, such as a drain that did not end.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void Once(const std::string& fault);
  void Kill();
  void PauseNode();
  void Drain();
  void CutLinks();
  void WithLink(const std::string& fault);
  void CutCommits();
  void RestartPostgres();
  void PausePostgres();
  void EndBackends();
  void JumpClock();
  void FillDisk();
  void LosePackets();

  // False once stopped.
  bool Wait(absl::Duration duration);
  bool WaitSome() { return Wait(random_.Between(options_.shortest, options_.longest)); }
  std::string PickNode();
  std::string PickLink(const std::string& ending = "");
  void Log(const std::string& line);

  Cell& cell_;
  const NemesisOptions options_;
  Random random_;
  std::map<std::string, int> done_;
  std::vector<std::string> complaints_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace muster::faults
