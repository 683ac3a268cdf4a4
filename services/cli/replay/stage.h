// Sets the stage for a replay and clears it: a pool of its own with the trace's queues, the
// roster's agents, and at the end the records of all three services. Blocks; nothing plays
// meanwhile.
//
//   Stage stage(context, "replay-01j…");
//   MUSTER_RETURN_IF_ERROR(stage.Set(trace, roster));   // returns once the matcher serves the pool
//   … play …
//   MUSTER_RETURN_IF_ERROR(stage.Read(history));
//   stage.Clear();
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/cli/context.h"
#include "services/cli/replay/history.h"
#include "services/cli/replay/schedule.h"

namespace muster::replay {

class Stage {
 public:
  Stage(cli::Context& context, std::string pool) : context_(context), pool_(std::move(pool)) {}

  // ALREADY_EXISTS if the pool is there.
  absl::Status Set(const Trace& trace, const Roster& roster);
  // Fills in the records, and leaves what was told as it is.
  absl::Status Read(History& history);
  // Cancels what still waits, and deletes agents and pool. Goes on where something fails, and
  // returns the first failure.
  absl::Status Clear();

  const std::string& pool() const { return pool_; }

 private:
  absl::Status CreatePool(const std::vector<std::string>& queues);
  absl::Status CreateAgents(const std::vector<AgentProfile>& agents);
  absl::Status WaitUntilServed(size_t agents);
  absl::Status DeleteAgent(const std::string& agent);
  absl::StatusOr<std::vector<intake::v1::Ticket>> Tickets();
  absl::StatusOr<std::vector<matcher::v1::Assignment>> Assignments();

  // One call, repeated while what hinders it may pass.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Ask(Stub& stub,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                               const Request& request);

  cli::Context& context_;
  const std::string pool_;
  std::vector<std::string> agents_;
};

}  // namespace muster::replay
