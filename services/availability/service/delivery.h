// AgentDelivery: the stream of a matcher, and which nodes it has to open one to.
//
// Threading: gRPC calls Deliver from any of its threads. What the matcher says is handed on to the
// agents' links from within the read, without a hop.
//
//   DeliveryService delivery({router, counts, membership, "node-1", ready});
//   server.Register(&delivery);
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "muster/availability/v1/delivery.grpc.pb.h"
#include "services/availability/session/membership.h"
#include "services/availability/session/router.h"

namespace muster::availability {

struct DeliveryParts {
  Router& router;
  Counts& counts;
  const Membership& membership;
  std::string node_id;
  const std::atomic<bool>& ready;  // until then all is refused
  // What may wait to be written to one matcher; more, and the stream is cut.
  size_t max_queued_items = 200'000;
};

class DeliveryService final : public v1::AgentDelivery::CallbackService {
 public:
  explicit DeliveryService(DeliveryParts parts) : parts_(std::move(parts)) {}

  grpc::ServerBidiReactor<v1::DeliverRequest, v1::DeliverResponse>* Deliver(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const v1::ListNodesRequest* request,
                                      v1::ListNodesResponse* response) override;

 private:
  const DeliveryParts parts_;
};

}  // namespace muster::availability
