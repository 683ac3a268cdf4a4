// The streams to availability, one for each of its nodes: words for agents go out, acts come in.
//
// Asks availability again and again which nodes there are, and holds a DeliveryClient to each. A
// node that is no longer listed is let go; one that comes back at another address gets a new
// stream. When availability does not answer, the streams that stand go on.
//
// Threading: thread-safe. Handlers are called on threads of gRPC, in order for each node; `gone` on
// the fleet's own thread as well. Stop from another thread than the handlers'.
//
//   DeliveryFleet fleet(channel, {.delivery = {.matcher_id = "m-1"}}, handlers);
//   fleet.Start();
//   fleet.Serve({{"bank", 7}});      // and handlers.ready("node-1", {"bank"}) once it is so there
//   fleet.Tell("node-1", message); fleet.Answer(act, status, confirmed); fleet.Flush();
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "services/matcher/wire/delivery_client.h"

namespace muster::matcher {

struct FleetOptions {
  DeliveryOptions delivery;
  absl::Duration list_interval = absl::Milliseconds(500);
  absl::Duration list_timeout = absl::Seconds(2);
};

class DeliveryFleet final : public DeliverySink {
 public:
  struct Handlers {
    // The pools for which this node takes words from now on; those not named are not.
    std::function<void(const std::string& node_id, const std::set<std::string>&)> ready;
    std::function<void(const std::string& node_id, const std::string& reason)> gone;
    std::function<void(ActRef, availability::v1::DeliverResponse::Act, absl::Time received)> act;
    std::function<void(availability::v1::DeliverResponse::Undelivered)> undelivered;
    // After each round of asking.
    std::function<void(const absl::Status&)> listed;
  };

  DeliveryFleet(std::shared_ptr<grpc::Channel> availability, FleetOptions options,
                Handlers handlers);
  ~DeliveryFleet() override;

  void Start();
  // Writes what is pending, within `limit`, and ends the streams. No handler is called afterwards.
  void Stop(absl::Duration limit);

  // All pools that this process serves, on every node.
  void Serve(std::vector<ServedPool> pools);

  void Tell(const std::string& node_id, availability::v1::DeliverRequest::ToAgent message) override;
  void Answer(ActRef act, const absl::Status& status,
              std::optional<availability::v1::AssignmentConfirmed> confirmed) override;
  void Flush() override;

 private:
  struct Node {
    std::string address;
    std::shared_ptr<DeliveryClient> client;
  };

  void Run();
  absl::StatusOr<std::map<std::string, std::string>> List();  // addresses by id
  void Follow(const std::map<std::string, std::string>& listed);
  std::shared_ptr<DeliveryClient> Connect(const std::string& node_id, const std::string& address);
  std::vector<std::shared_ptr<DeliveryClient>> Clients() const;

  const std::shared_ptr<grpc::Channel> availability_;
  const FleetOptions options_;
  const Handlers handlers_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::map<std::string, Node> nodes_;
  // By number, which the acts of a client carry; of those that are gone nobody waits for an answer.
  std::map<uint32_t, std::weak_ptr<DeliveryClient>> numbered_;
  uint32_t last_number_ = 0;
  std::vector<ServedPool> pools_;
  std::thread thread_;
};

}  // namespace muster::matcher
