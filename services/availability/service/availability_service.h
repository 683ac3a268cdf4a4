// AvailabilityService: agents, presence and acts as calls, and the feed.
//
// Validate, call, convert; what things mean is in domain/ and session/. A call about an agent whose
// session another node has is passed on to that one (Elsewhere), so that any node may be asked.
//
// Threading: gRPC calls it from any of its threads; nothing here blocks.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/feed/feed_stream.h"
#include "common/rpc/peers.h"
#include "common/rpc/unary.h"
#include "muster/availability/v1/availability.grpc.pb.h"
#include "services/availability/session/membership.h"
#include "services/availability/session/router.h"
#include "services/availability/session/sessions.h"
#include "services/availability/storage/store.h"
#include "services/availability/writer.h"

namespace muster::availability {

// All outlive the server.
struct ServiceParts {
  Store& store;
  Writer& writer;
  AgentHub& hub;
  FeedSource<v1::WatchAgentsResponse>& feed;
  Sessions& sessions;
  Router& router;
  const SessionTable& table;
  const Membership& membership;
  const Clock& clock;
  absl::Duration act_timeout;
  FeedStreamOptions feed_options;
  const std::atomic<bool>& ready;  // until then all is refused
};

class AvailabilityService final : public v1::AvailabilityService::CallbackService {
 public:
  explicit AvailabilityService(ServiceParts parts) : parts_(parts) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;
  using Empty = google::protobuf::Empty;

  Unary* CreateAgent(Context*, const v1::CreateAgentRequest*, v1::Agent*) override;
  Unary* GetAgent(Context*, const v1::GetAgentRequest*, v1::Agent*) override;
  Unary* ListAgents(Context*, const v1::ListAgentsRequest*, v1::ListAgentsResponse*) override;
  Unary* UpdateAgent(Context*, const v1::UpdateAgentRequest*, v1::Agent*) override;
  Unary* DeleteAgent(Context*, const v1::DeleteAgentRequest*, Empty*) override;
  Unary* SetPresence(Context*, const v1::SetPresenceRequest*, v1::SetPresenceResponse*) override;
  Unary* PauseAgent(Context*, const v1::PauseAgentRequest*, v1::PauseAgentResponse*) override;
  Unary* Heartbeat(Context*, const v1::HeartbeatRequest*, v1::HeartbeatResponse*) override;

  Unary* ReceiveOffer(Context*, const v1::ReceiveOfferRequest*, Empty*) override;
  Unary* AcceptOffer(Context*, const v1::AcceptOfferRequest*, v1::AssignmentConfirmed*) override;
  Unary* DeclineOffer(Context*, const v1::DeclineOfferRequest*, Empty*) override;
  Unary* StartWrapUp(Context*, const v1::StartWrapUpRequest*, Empty*) override;
  Unary* CompleteAssignment(Context*, const v1::CompleteAssignmentRequest*, Empty*) override;
  Unary* GetAgentWork(Context*, const v1::GetAgentWorkRequest*, v1::AgentWork*) override;

  grpc::ServerWriteReactor<v1::WatchAgentsResponse>* WatchAgents(
      Context*, const v1::WatchAgentsRequest*) override;

 private:
  using Peer = Peers<v1::AvailabilityService>::Peer;

  Unary* Handle(Context* context, const char* method, const UnaryHandler& handler);
  void SetPresenceHere(const CallContext& call, const v1::SetPresenceRequest& request,
                       v1::SetPresenceResponse* response, const UnaryDone& done);
  void PauseAgentHere(const CallContext& call, const v1::PauseAgentRequest& request,
                      v1::PauseAgentResponse* response, const UnaryDone& done);
  template <class Request, class Response>
  Unary* HandleAct(Context* context, const char* name, const Request* request, Response* response,
                   Peers<v1::AvailabilityService>::Method<Request, Response> method);

  // If another node has the agent's session: `method` is called there, and its answer is the
  // answer. Otherwise `here` is run.
  template <class Request, class Response>
  void Elsewhere(Context* context, const CallContext& call, const Request* request,
                 Response* response,
                 Peers<v1::AvailabilityService>::Method<Request, Response> method,
                 const UnaryDone& done, std::function<void()> here);

  const ServiceParts parts_;
  Peers<v1::AvailabilityService> peers_;
};

}  // namespace muster::availability
