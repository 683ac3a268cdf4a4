// Where a pool's words go: to agents, through availability, and to intake.
//
// The clients that speak gRPC stand behind these, and tests put fakes there. Nothing here blocks.
//
// Threading: implementations are thread-safe; the sequencers call them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "muster/availability/v1/availability.pb.h"
#include "muster/availability/v1/delivery.pb.h"
#include "muster/intake/v1/intake.pb.h"

namespace muster::matcher {

// Names an act that waits for its answer. Acts of a stream that has ended wait no more.
struct ActRef {
  uint64_t stream = 0;
  uint64_t act_id = 0;
};

class DeliverySink {
 public:
  virtual ~DeliverySink() = default;
  // In order, to the node of availability that has the agent's session. Lost if there is no stream
  // to it.
  virtual void Tell(const std::string& node_id,
                    availability::v1::DeliverRequest::ToAgent message) = 0;
  virtual void Answer(ActRef act, const absl::Status& status,
                      std::optional<availability::v1::AssignmentConfirmed> confirmed) = 0;
  // What was said since the last Flush had better go out now.
  virtual void Flush() = 0;
};

class PauseSink {
 public:
  virtual ~PauseSink() = default;
  // Repeated until availability has answered.
  virtual void Pause(availability::v1::PauseAgentRequest request) = 0;
};

class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // In the order of `progress_revision`. Repeated until intake has answered.
  virtual void Send(const std::string& pool_id, intake::v1::ProgressEntry entry) = 0;
  virtual void Flush(const std::string& pool_id) = 0;
  // Entries of the pool that intake has not answered yet.
  virtual size_t Backlog(const std::string& pool_id) const = 0;
};

}  // namespace muster::matcher
