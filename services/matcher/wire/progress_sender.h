// Tells intake what became of tickets, until it has answered.
//
// Each pool has its own queue: in order, one batch under way at a time, begun a `pace` after the
// one before it at least, and what is said meanwhile goes into the next. A batch that did not get
// through is sent again, with jitter; entries that intake has applied before are STALE and
// harmless. An entry that intake calls invalid is a defect: it is found by sending one at a time,
// logged, and passed over, for it would hold up all others. Memory is bounded by the runners, which
// stop offering when `Backlog` is too long.
//
// Threading: thread-safe. `answered` is called on threads of gRPC, in order for each pool.
//
//   ProgressSender progress(channel, {}, answered);
//   progress.Send("bank", entry); progress.Flush("bank");
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/core/sinks.h"

namespace grpc {
class Channel;
}

namespace muster::matcher {

struct ProgressOptions {
  size_t max_batch = 1'000;  // the contract's limit
  // From one batch of a pool to the next at least. What becomes of a ticket is on record with the
  // matcher by then, and customers who call wait for intake's commits: fewer of these serve them.
  absl::Duration pace = absl::Milliseconds(10);
  absl::Duration timeout = absl::Seconds(10);
  BackoffOptions backoff = {.initial = absl::Milliseconds(50), .max = absl::Seconds(2)};
};

class ProgressSender final : public ProgressSink {
 public:
  using Answered = std::function<void(const std::string& pool_id, std::vector<ProgressAnswer>)>;

  ProgressSender(std::shared_ptr<grpc::Channel> channel, ProgressOptions options,
                 Answered answered);
  ~ProgressSender() override;

  void Send(const std::string& pool_id, intake::v1::ProgressEntry entry) override;
  void Flush(const std::string& pool_id) override;
  size_t Backlog(const std::string& pool_id) const override;

  // Forgets what a pool that is gone still had to say.
  void Forget(const std::string& pool_id);
  // Gives up what was not answered. `answered` is not called afterwards.
  void Stop();

 private:
  class Impl;
  // As in delivery_client.h: let go of by this, not by a thread of gRPC.
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace muster::matcher
