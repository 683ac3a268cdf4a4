// What every bench starts from: a cell with PostgreSQL as it comes (fsync and synchronous_commit
// on; its log as large as it becomes at work), one pool with a queue for each skill, and agents on
// their links.
//
//   Stage stage({.agents = 1000, .links = 4});
//   stage.Connect(loop, [&](LinkClient& link, const PlatformFrame& frame) { … });
//
// Threading: the loop's thread. Throws std::runtime_error when it cannot be set up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "muster/intake/v1/intake.grpc.pb.h"
#include "tests/bench/load/link.h"
#include "tests/bench/load/usage.h"
#include "tests/faults/cell.h"

namespace muster::bench {

struct StageOptions {
  int skills = 50;
  int agents = 1000;
  int skills_each = 3;
  int links = 4;
  int intake_channels = 4;
  int availabilities = 1;
  std::string lease = "120s";  // of an agent's session
};

class Stage {
 public:
  static constexpr char kPool[] = "bench";

  explicit Stage(const StageOptions& options);

  faults::Cell& cell() { return cell_; }
  // Everybody ONLINE, and welcomed.
  void Connect(Loop& loop, const LinkClient::Hear& hear);
  void Disconnect(Loop& loop);
  // In turn, for calls to share connections as the clients of a balancer would.
  intake::v1::IntakeService::Stub& intake() { return *intakes_[next_intake_++ % intakes_.size()]; }
  std::string QueueId(int64_t number) const;
  static std::string AgentId(int number);

  // One number, from SQL.
  int64_t Ask(const std::string& sql);
  double ResidentMiB(const std::string& node);
  double AvailabilityMiB();  // of all its nodes
  CpuSeconds Cpu();

 private:
  void WarmUp();
  void MakePool();
  void MakeAgents();

  const StageOptions options_;
  faults::Cell cell_;
  std::vector<std::unique_ptr<intake::v1::IntakeService::Stub>> intakes_;
  size_t next_intake_ = 0;
  int welcomed_ = 0;
  std::vector<std::unique_ptr<LinkClient>> links_;
};

}  // namespace muster::bench
