// The service in this process on a database of its own, and those who use it: agents and a matcher.
//
// Threading: used by one thread.
//
//   Harness h({.grace = absl::Milliseconds(200)});
//   h.CreateAgent("p", "anna");
//   Link link(h);
//   link.Hello("p", "anna", v1::PRESENCE_ONLINE);
//   Matcher matcher(h, {"p"});
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/availability/v1/delivery.grpc.pb.h"
#include "muster/availability/v1/link.grpc.pb.h"
#include "services/availability/app.h"
#include "tests/integration/availability/stream_client.h"
#include "tests/support/postgres.h"

namespace muster::availability {

struct HarnessOptions {
  std::string node_id = "node-1";
  absl::Duration node_lease = absl::Seconds(3);
  double hello_rate = 5'000;
  int max_batch = 512;
  absl::Duration lease = absl::Seconds(30);
  absl::Duration grace = absl::Seconds(10);
  absl::Duration act_timeout = absl::Seconds(10);
  absl::Duration feed_progress = absl::Seconds(5);
  int64_t link_queue = 20'000;
  int64_t feed_queue = 100'000;
  std::string database_url;  // a new database of the shared cluster if empty
};

class Harness {
 public:
  explicit Harness(HarnessOptions options = {});

  // As a process would: ends, and begins again on the same database under the same node id.
  void Restart();
  void Stop();
  void Start();

  v1::AvailabilityService::Stub& stub() { return *stub_; }
  std::shared_ptr<v1::AgentLink::Stub> LinkStub() const { return v1::AgentLink::NewStub(channel_); }
  std::shared_ptr<v1::AgentDelivery::Stub> DeliveryStub() const {
    return v1::AgentDelivery::NewStub(channel_);
  }
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  bool Serving();

  // One call with a deadline.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::AvailabilityService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request, absl::Duration limit = absl::Seconds(15)) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
    Response response;
    absl::Status status = FromGrpc(((*stub_).*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  v1::Agent CreateAgent(const std::string& pool_id, const std::string& agent_id);
  v1::Agent GetAgent(const std::string& pool_id, const std::string& agent_id);
  absl::StatusOr<v1::SetPresenceResponse> SetPresence(const std::string& pool_id,
                                                      const std::string& agent_id,
                                                      v1::Presence presence);
  // Waits until the agent is as `fits` says.
  bool AgentBecomes(const std::string& pool_id, const std::string& agent_id,
                    const std::function<bool(const v1::Agent&)>& fits);

 private:
  HarnessOptions options_;
  std::unique_ptr<App> app_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AvailabilityService::Stub> stub_;
};

// An agent's stream, for one or several agents.
class Link : public StreamClient<v1::AgentFrame, v1::PlatformFrame> {
 public:
  explicit Link(Harness& h, bool read = true)
      : StreamClient([stub = h.LinkStub()](grpc::ClientContext* c) { return stub->Connect(c); },
                     read) {}

  void SendHello(const std::string& pool_id, const std::string& agent_id,
                 v1::Presence presence = v1::PRESENCE_ONLINE, const std::string& request_id = "");
  // The same of an agent who was here before.
  void SendReturn(const std::string& pool_id, const std::string& agent_id,
                  const std::string& session_id, int64_t last_sequence,
                  const std::string& request_id = "");
  v1::PlatformFrame::Welcome Return(const std::string& pool_id, const std::string& agent_id,
                                    const std::string& session_id, int64_t last_sequence);
  // The welcome; fails the test if none comes.
  v1::PlatformFrame::Welcome Hello(const std::string& pool_id, const std::string& agent_id,
                                   v1::Presence presence = v1::PRESENCE_ONLINE);
  // Sends a frame, and waits for the answer to its request id.
  v1::PlatformFrame::Answer Ask(v1::AgentFrame frame);
  std::optional<v1::PlatformFrame> AwaitKind(v1::PlatformFrame::KindCase kind);

 private:
  v1::PlatformFrame::Welcome AwaitWelcome(const std::string& agent_id);
};

// A matcher's stream.
class Matcher : public StreamClient<v1::DeliverRequest, v1::DeliverResponse> {
 public:
  // Serves these pools, and waits until it is taken; none: says nothing.
  Matcher(Harness& h, const std::vector<std::string>& pool_ids);

  void Say(const v1::DeliverRequest::Item& item);
  void Offer(const std::string& pool_id, const std::string& agent_id, const std::string& offer_id);
  void Confirm(const std::string& pool_id, const std::string& agent_id,
               const std::string& assignment_id);
  void Told(const std::string& pool_id, const std::string& agent_id, const std::string& session_id);
  void Answer(uint64_t act_id, int code = 0, const std::string& confirmed_id = "");
  // Items come several to a message.
  std::optional<v1::DeliverResponse::Item> AwaitItem(
      const std::function<bool(const v1::DeliverResponse::Item&)>& fits);
  std::optional<v1::DeliverResponse::Act> AwaitAct();

 private:
  std::vector<v1::DeliverResponse::Item> waiting_;
};

v1::AgentFrame FrameOf(const std::string& agent_id, const std::string& request_id = "");

}  // namespace muster::availability
