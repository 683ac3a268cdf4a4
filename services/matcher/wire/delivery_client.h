// The stream to one node of availability: words for its agents go out, acts come in.
//
// One stream for all pools of this process. What is said while a write is under way goes into the
// next one. The stream is made again after a break, with jitter; acts that came on the old one are
// not answered any more (availability has told their senders), and words said without a stream are
// lost: the runners, which know what has to be heard, say it again when one stands.
//
// Threading: thread-safe. Handlers are called on threads of gRPC, in order.
//
//   DeliveryClient delivery(channel, {.matcher_id = "m-1"}, handlers);
//   delivery.Start();
//   delivery.Serve({{"bank", 7}});     // and handlers.ready({"bank"}) once it is so
//   delivery.Tell(message); delivery.Answer(act, status, confirmed); delivery.Flush();
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "services/matcher/core/sinks.h"

namespace grpc {
class Channel;
}

namespace muster::matcher {

struct DeliveryOptions {
  std::string matcher_id;
  size_t max_batch_items = 1'000;    // the contract's limit
  size_t max_batch_bytes = 1 << 20;  // well under gRPC's message limit
  size_t max_pending = 100'000;      // beyond it, availability does not read: start anew
  BackoffOptions backoff = {.initial = absl::Milliseconds(50), .max = absl::Seconds(2)};
};

struct ServedPool {
  std::string pool_id;
  int64_t epoch = 0;
};

class DeliveryClient {
 public:
  struct Handlers {
    // The pools for which words are taken from now on; those not named are not.
    std::function<void(const std::set<std::string>&)> ready;
    std::function<void(const std::string& reason)> gone;
    std::function<void(ActRef, availability::v1::DeliverResponse::Act, absl::Time received)> act;
    std::function<void(availability::v1::DeliverResponse::Undelivered)> undelivered;
  };

  DeliveryClient(std::shared_ptr<grpc::Channel> channel, DeliveryOptions options,
                 Handlers handlers);
  ~DeliveryClient();

  void Start();
  // Writes what is pending, within `limit`, and ends the stream. No handler is called afterwards.
  void Stop(absl::Duration limit);

  // All pools that this process serves.
  void Serve(std::vector<ServedPool> pools);

  // In order. Lost if there is no stream.
  void Tell(availability::v1::DeliverRequest::ToAgent message);
  void Answer(ActRef act, const absl::Status& status,
              std::optional<availability::v1::AssignmentConfirmed> confirmed);
  // What was said since the last Flush had better go out now.
  void Flush();

 private:
  class Impl;
  // Not held by Impl, which a thread of gRPC may be the last to hold: it must not be the one that
  // lets go of the channel, for it would wait for itself.
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace muster::matcher
