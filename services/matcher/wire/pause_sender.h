// Tells availability to pause agents who do not react, until it has answered.
//
// One call under way for each agent; a newer word about it replaces what was to be repeated. What
// did not get through is sent again, with jitter, up to a number of tries: the agent gets nothing
// from the engine meanwhile, and whatever the feed says of it next counts again.
//
// Threading: thread-safe.
//
//   PauseSender pauses(channel, {});
//   pauses.Pause(request);
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "services/matcher/core/sinks.h"

namespace grpc {
class Channel;
}

namespace muster::matcher {

struct PauseOptions {
  absl::Duration timeout = absl::Seconds(5);
  BackoffOptions backoff = {.initial = absl::Milliseconds(100), .max = absl::Seconds(5)};
  int max_tries = 100;
  size_t max_agents = 10'000;  // under way; more are passed over
};

class PauseSender final : public PauseSink {
 public:
  PauseSender(std::shared_ptr<grpc::Channel> channel, PauseOptions options);
  ~PauseSender() override;

  void Pause(availability::v1::PauseAgentRequest request) override;
  // Gives up what was not answered.
  void Stop();

 private:
  class Impl;
  // As in delivery_client.h: let go of by this, not by a thread of gRPC.
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace muster::matcher
