#include "services/matcher/wire/delivery_fleet.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "common/base/status_macros.h"
#include "common/obs/log.h"
#include "common/rpc/call_context.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "muster/availability/v1/delivery.grpc.pb.h"

namespace muster::matcher {
namespace {

namespace av = availability::v1;

// An act's stream: the client's number, and the number that the client gave it.
constexpr int kNumberShift = 32;

ActRef Outer(uint32_t number, ActRef act) {
  return {(uint64_t{number} << kNumberShift) | act.stream, act.act_id};
}
uint32_t NumberOf(ActRef act) { return static_cast<uint32_t>(act.stream >> kNumberShift); }
ActRef Inner(ActRef act) { return {act.stream & ((uint64_t{1} << kNumberShift) - 1), act.act_id}; }

}  // namespace

DeliveryFleet::DeliveryFleet(std::shared_ptr<grpc::Channel> availability, FleetOptions options,
                             Handlers handlers)
    : availability_(std::move(availability)),
      options_(std::move(options)),
      handlers_(std::move(handlers)) {}

DeliveryFleet::~DeliveryFleet() { Stop(absl::ZeroDuration()); }

void DeliveryFleet::Start() {
  thread_ = std::thread([this] { Run(); });
}

void DeliveryFleet::Stop(absl::Duration limit) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::map<std::string, Node> nodes;
  {
    std::lock_guard lock(mutex_);
    nodes.swap(nodes_);
  }
  for (auto& [id, node] : nodes) node.client->Stop(limit);
}

void DeliveryFleet::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::StatusOr<std::map<std::string, std::string>> listed = List();
    if (listed.ok()) Follow(*listed);
    handlers_.listed(listed.status());
    lock.lock();
    wake_.wait_for(lock, absl::ToChronoMilliseconds(options_.list_interval),
                   [this] { return stopping_; });
  }
}

absl::StatusOr<std::map<std::string, std::string>> DeliveryFleet::List() {
  auto stub = av::AgentDelivery::NewStub(availability_);
  grpc::ClientContext context;
  Begin(options_.list_timeout, &context);
  av::ListNodesResponse response;
  MUSTER_RETURN_IF_ERROR(FromGrpc(stub->ListNodes(&context, {}, &response)));
  std::map<std::string, std::string> listed;
  for (const av::Node& node : response.nodes()) listed[node.node_id()] = node.address();
  return listed;
}

void DeliveryFleet::Follow(const std::map<std::string, std::string>& listed) {
  std::vector<std::pair<std::string, Node>> left;
  {
    std::lock_guard lock(mutex_);
    for (auto it = nodes_.begin(); it != nodes_.end();) {
      auto there = listed.find(it->first);
      if (there != listed.end() && there->second == it->second.address) {
        ++it;
        continue;
      }
      left.emplace_back(it->first, std::move(it->second));
      it = nodes_.erase(it);
    }
  }
  for (auto& [id, node] : left) {
    node.client->Stop(absl::ZeroDuration());
    handlers_.gone(id, "the node is no longer there");
    Log(Severity::kInfo).Msg("a node of availability is gone").With("node_id", id);
  }
  for (const auto& [id, address] : listed) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_ || nodes_.contains(id)) continue;
    }
    Log(Severity::kInfo).Msg("a node of availability").With("node_id", id).With("address", address);
    std::shared_ptr<DeliveryClient> client = Connect(id, address);
    std::lock_guard lock(mutex_);
    client->Serve(pools_);
    nodes_[id] = {address, client};
    client->Start();
  }
}

std::shared_ptr<DeliveryClient> DeliveryFleet::Connect(const std::string& node_id,
                                                       const std::string& address) {
  std::lock_guard lock(mutex_);
  const uint32_t number = ++last_number_;
  std::erase_if(numbered_, [](const auto& client) { return client.second.expired(); });
  DeliveryClient::Handlers handlers;
  handlers.ready = [this, node_id](const std::set<std::string>& pools) {
    handlers_.ready(node_id, pools);
  };
  handlers.gone = [this, node_id](const std::string& reason) { handlers_.gone(node_id, reason); };
  handlers.act = [this, number](ActRef ref, av::DeliverResponse::Act act, absl::Time received) {
    handlers_.act(Outer(number, ref), std::move(act), received);
  };
  handlers.undelivered = handlers_.undelivered;
  auto client = std::make_shared<DeliveryClient>(MakeChannel(address, {.own_connection = true}),
                                                 options_.delivery, std::move(handlers));
  numbered_[number] = client;
  return client;
}

std::vector<std::shared_ptr<DeliveryClient>> DeliveryFleet::Clients() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<DeliveryClient>> clients;
  for (const auto& [id, node] : nodes_) clients.push_back(node.client);
  return clients;
}

void DeliveryFleet::Serve(std::vector<ServedPool> pools) {
  std::lock_guard lock(mutex_);
  pools_ = std::move(pools);
  for (const auto& [id, node] : nodes_) node.client->Serve(pools_);
}

void DeliveryFleet::Tell(const std::string& node_id, av::DeliverRequest::ToAgent message) {
  std::shared_ptr<DeliveryClient> client;
  {
    std::lock_guard lock(mutex_);
    auto it = nodes_.find(node_id);
    if (it == nodes_.end()) return;
    client = it->second.client;
  }
  client->Tell(std::move(message));
}

void DeliveryFleet::Answer(ActRef act, const absl::Status& status,
                           std::optional<av::AssignmentConfirmed> confirmed) {
  std::shared_ptr<DeliveryClient> client;
  {
    std::lock_guard lock(mutex_);
    auto it = numbered_.find(NumberOf(act));
    if (it == numbered_.end()) return;
    client = it->second.lock();
  }
  if (client) client->Answer(Inner(act), status, std::move(confirmed));
}

void DeliveryFleet::Flush() {
  for (const std::shared_ptr<DeliveryClient>& client : Clients()) client->Flush();
}

}  // namespace muster::matcher
