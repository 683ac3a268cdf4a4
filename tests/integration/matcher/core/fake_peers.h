// Intake and availability, as far as the matcher knows them: real gRPC servers with a scripted
// inside.
//
//   FakeIntake intake;  FakeAvailability availability;
//   intake.AddPool("bank");  intake.Put(ticket);
//   REQUIRE(availability.Await([&] { return !availability.told.empty(); }));
//
// Threading: the fields are guarded by `mutex`; Await holds it while it looks. Put and the like
// take it themselves.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/availability/v1/delivery.grpc.pb.h"
#include "muster/intake/v1/intake.grpc.pb.h"

namespace muster::matcher {

// What both have in common: a server that can go away and come back on the same port.
class FakePeer {
 public:
  virtual ~FakePeer() = default;

  const std::string& address() const { return address_; }
  std::shared_ptr<grpc::Channel> Channel() const;
  void Down();
  void Up();
  // Ends the streams, and leaves the server there.
  void Cut();
  // Whether `condition`, looked at under `mutex`, came true in time.
  bool Await(const std::function<bool()>& condition);

  std::mutex mutex;
  std::condition_variable changed;

 protected:
  virtual void Register(grpc::ServerBuilder& builder) = 0;
  // Waits for something new; false when the stream has to end.
  bool WaitForNews(std::unique_lock<std::mutex>& lock, grpc::ServerContext* context, int cuts,
                   const std::function<bool()>& news);
  int cuts_ = 0;

 private:
  std::string address_ = "127.0.0.1:0";
  std::unique_ptr<grpc::Server> server_;
};

class FakeIntake final : public FakePeer, public intake::v1::IntakeService::Service {
 public:
  using Ticket = intake::v1::Ticket;
  using Context = grpc::ServerContext;

  FakeIntake() { Up(); }
  ~FakeIntake() override { Down(); }

  void AddPool(const std::string& pool_id);
  void RemovePool(const std::string& pool_id);
  // A new revision of the pool with this in it.
  void Put(Ticket ticket);
  Ticket NewTicket(const std::string& ticket_id);

  grpc::Status ListPools(Context*, const intake::v1::ListPoolsRequest*,
                         intake::v1::ListPoolsResponse*) override;
  grpc::Status WatchTickets(Context*, const intake::v1::WatchTicketsRequest*,
                            grpc::ServerWriter<intake::v1::WatchTicketsResponse>*) override;
  grpc::Status RecordProgress(Context*, const intake::v1::RecordProgressRequest*,
                              intake::v1::RecordProgressResponse*) override;

  std::set<std::string> pools;
  std::vector<int64_t> watched_after;                   // of each WatchTickets, in order
  int64_t oldest_revision = 0;                          // what came before is OUT_OF_RANGE
  bool silent = false;                                  // feeds say nothing
  std::vector<intake::v1::RecordProgressRequest> told;  // also those that failed
  std::vector<intake::v1::ProgressEntry> progress;      // taken
  grpc::Status refusal;                                 // of RecordProgress
  std::string poison;                                   // a ticket id that it calls invalid

 private:
  void Register(grpc::ServerBuilder& builder) override { builder.RegisterService(this); }

  int64_t revision_ = 1;
  std::map<std::string, Ticket> tickets_;
  std::vector<std::pair<int64_t, Ticket>> changes_;
};

class FakeAvailability final : public FakePeer,
                               public availability::v1::AvailabilityService::Service,
                               public availability::v1::AgentDelivery::Service {
 public:
  using Agent = availability::v1::Agent;
  using Act = availability::v1::DeliverResponse::Act;
  using Context = grpc::ServerContext;
  using DeliveryStream =
      grpc::ServerReaderWriter<availability::v1::DeliverResponse, availability::v1::DeliverRequest>;

  FakeAvailability() { Up(); }
  ~FakeAvailability() override { Down(); }

  void Put(Agent agent);
  Agent NewAgent(const std::string& agent_id);
  // Sends an act of an agent on the stream that stands, and returns its id.
  uint64_t Send(const std::string& agent_id, const std::function<void(Act&)>& fill);
  void SendUndelivered(const std::string& agent_id, const std::string& offer_id);

  grpc::Status WatchAgents(Context*, const availability::v1::WatchAgentsRequest*,
                           grpc::ServerWriter<availability::v1::WatchAgentsResponse>*) override;
  grpc::Status Deliver(Context*, DeliveryStream*) override;
  grpc::Status ListNodes(Context*, const availability::v1::ListNodesRequest*,
                         availability::v1::ListNodesResponse*) override;

  // For Await.
  bool Offered(const std::string& ticket_id) const;
  std::string LastOffer() const;

  std::vector<availability::v1::DeliverRequest::ToAgent> told;
  std::string node_id = "n-1";
  std::map<std::string, std::string> others;     // nodes that it lists beside itself: addresses
  std::vector<std::string> all;                  // sessions that were told that this was all
  std::vector<std::vector<std::string>> served;  // the pools of each `serve`
  std::map<uint64_t, availability::v1::DeliverRequest::ActAnswer> answers;
  size_t largest_batch = 0;
  int streams = 0;         // so far
  bool read_late = false;  // items are read only once this is false

 private:
  void Register(grpc::ServerBuilder& builder) override;
  void Take(const availability::v1::DeliverRequest& request, DeliveryStream* stream);

  int64_t revision_ = 1;
  std::map<std::string, Agent> agents_;
  std::vector<std::pair<int64_t, Agent>> changes_;
  DeliveryStream* stream_ = nullptr;  // that stands
  uint64_t last_act_ = 0;
};

}  // namespace muster::matcher
