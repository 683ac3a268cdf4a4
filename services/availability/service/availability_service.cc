#include "services/availability/service/availability_service.h"

#include <algorithm>
#include <utility>

#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/obs/log.h"
#include "common/rpc/call_context.h"
#include "common/rpc/fingerprint.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/unary.h"
#include "services/availability/convert/acts.h"
#include "services/availability/convert/convert.h"
#include "services/availability/domain/limits.h"
#include "services/availability/domain/validate.h"

namespace muster::availability {
namespace {

// The same request id with the same request is the same request, whoever made the id.
template <class Request>
RequestMark MarkOf(const Request& request) {
  return {request.request_id().empty() ? NewId("r") : request.request_id(), Fingerprint(request)};
}

template <class Request>
absl::Status CheckKey(const Request& request) {
  return ValidateKey({request.pool_id(), request.agent_id()});
}

template <class Request>
absl::Status CheckAgent(const Request& request, Agent* agent) {
  MUSTER_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  if (!request.has_agent()) return InvalidField("agent", "must be set");
  *agent = FromProto(request.agent());
  return Validate(*agent, "agent");
}

// The assignment that an acceptance is answered with; other acts are answered with nothing.
void Keep(const v1::AssignmentConfirmed* assignment, v1::AssignmentConfirmed* response) {
  if (assignment != nullptr) *response = *assignment;
}
void Keep(const v1::AssignmentConfirmed*, google::protobuf::Empty*) {}

absl::Status Starting() { return Unavailable("STARTING", "the service is starting"); }

// A feed that ends before it begins.
class RefusedFeed final : public grpc::ServerWriteReactor<v1::WatchAgentsResponse> {
 public:
  explicit RefusedFeed(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* AvailabilityService::Handle(Context* context, const char* method,
                                                      const UnaryHandler& handler) {
  return HandleUnary(context, method, [&](const CallContext& call, UnaryDone done) {
    if (!parts_.ready) return done(Starting());
    handler(call, std::move(done));
  });
}

template <class Request, class Response>
void AvailabilityService::Elsewhere(
    Context* context, const CallContext& call, const Request* request, Response* response,
    Peers<v1::AvailabilityService>::Method<Request, Response> method, const UnaryDone& done,
    std::function<void()> here) {
  const AgentKey key{request->pool_id(), request->agent_id()};
  if (parts_.membership.alone() || parts_.table.Find(key) ||
      Peers<v1::AvailabilityService>::WasForwarded(*context)) {
    return here();
  }
  parts_.store.Get(
      key, call.deadline,
      [this, call, request, response, method, done,
       here = std::move(here)](const absl::StatusOr<Agent>& agent) {
        // A session that has ended is nobody's.
        const bool has_one =
            agent.ok() && (agent->connected || agent->presence != Presence::kOffline);
        const std::optional<std::string> address =
            has_one ? parts_.membership.AddressOf(agent->node_id) : std::nullopt;
        const bool passed_on =
            address && peers_.Call(*address, method, request, response, call,
                                   [done](const grpc::Status& status) { done(FromGrpc(status)); });
        if (!passed_on) here();
      });
}

grpc::ServerUnaryReactor* AvailabilityService::CreateAgent(Context* context,
                                                           const v1::CreateAgentRequest* request,
                                                           v1::Agent* response) {
  return Handle(context, "availability.CreateAgent", [&](const CallContext& call, UnaryDone done) {
    Agent agent;
    if (absl::Status status = CheckAgent(*request, &agent); !status.ok()) return done(status);
    Mutation mutation;
    mutation.key = agent.key;
    mutation.act = availability::CreateAgent{std::move(agent)};
    mutation.request = MarkOf(*request);
    mutation.now = parts_.clock.Now();
    mutation.new_etag = NewId("e");
    parts_.writer.Submit(std::move(mutation), call.deadline,
                         [response, done](absl::StatusOr<Outcome> outcome) {
                           if (outcome.ok()) *response = ToProto(outcome->agent);
                           done(outcome.status());
                         });
  });
}

grpc::ServerUnaryReactor* AvailabilityService::GetAgent(Context* context,
                                                        const v1::GetAgentRequest* request,
                                                        v1::Agent* response) {
  return Handle(context, "availability.GetAgent", [&](const CallContext& call, UnaryDone done) {
    if (absl::Status status = CheckKey(*request); !status.ok()) return done(status);
    parts_.store.Get({request->pool_id(), request->agent_id()}, call.deadline,
                     [response, done](absl::StatusOr<Agent> agent) {
                       if (agent.ok()) *response = ToProto(*agent);
                       done(agent.status());
                     });
  });
}

grpc::ServerUnaryReactor* AvailabilityService::ListAgents(Context* context,
                                                          const v1::ListAgentsRequest* request,
                                                          v1::ListAgentsResponse* response) {
  return Handle(context, "availability.ListAgents", [&](const CallContext& call, UnaryDone done) {
    absl::StatusOr<AgentFilter> filter = FilterOf(*request);
    if (!filter.ok()) return done(filter.status());
    parts_.store.List(*filter, call.deadline,
                      [request, response, done](absl::StatusOr<AgentPage> page) {
                        if (page.ok()) *response = ToProto(*request, *page);
                        done(page.status());
                      });
  });
}

grpc::ServerUnaryReactor* AvailabilityService::UpdateAgent(Context* context,
                                                           const v1::UpdateAgentRequest* request,
                                                           v1::Agent* response) {
  return Handle(context, "availability.UpdateAgent", [&](const CallContext& call, UnaryDone done) {
    Agent agent;
    if (absl::Status status = CheckAgent(*request, &agent); !status.ok()) return done(status);
    Mutation mutation;
    mutation.key = agent.key;
    mutation.act = availability::UpdateAgent{std::move(agent), request->agent().etag()};
    mutation.request = MarkOf(*request);
    mutation.now = parts_.clock.Now();
    mutation.new_etag = NewId("e");
    parts_.writer.Submit(std::move(mutation), call.deadline,
                         [response, done](absl::StatusOr<Outcome> outcome) {
                           if (outcome.ok()) *response = ToProto(outcome->agent);
                           done(outcome.status());
                         });
  });
}

grpc::ServerUnaryReactor* AvailabilityService::DeleteAgent(Context* context,
                                                           const v1::DeleteAgentRequest* request,
                                                           Empty* response) {
  return Handle(context, "availability.DeleteAgent", [&](const CallContext& call, UnaryDone done) {
    absl::Status status = CheckKey(*request);
    status.Update(ValidateRequestId(request->request_id()));
    if (!status.ok()) return done(status);
    Elsewhere(context, call, request, response, &Peer::DeleteAgent, done,
              [this, call, request, done] {
                parts_.sessions.Delete(
                    {request->pool_id(), request->agent_id()}, request->etag(), MarkOf(*request),
                    call.deadline,
                    [done](const absl::StatusOr<Outcome>& outcome) { done(outcome.status()); });
              });
  });
}

grpc::ServerUnaryReactor* AvailabilityService::SetPresence(Context* context,
                                                           const v1::SetPresenceRequest* request,
                                                           v1::SetPresenceResponse* response) {
  return Handle(context, "availability.SetPresence", [&](const CallContext& call, UnaryDone done) {
    absl::Status status = CheckKey(*request);
    status.Update(ValidatePresence(request->presence(), "presence"));
    status.Update(ValidateBytes(request->reason(), kMaxReasonBytes, "reason"));
    status.Update(ValidateRequestId(request->request_id()));
    if (!status.ok()) return done(status);
    Elsewhere(
        context, call, request, response, &Peer::SetPresence, done,
        [this, call, request, response, done] { SetPresenceHere(call, *request, response, done); });
  });
}

void AvailabilityService::SetPresenceHere(const CallContext& call,
                                          const v1::SetPresenceRequest& request,
                                          v1::SetPresenceResponse* response,
                                          const UnaryDone& done) {
  const AgentKey key{request.pool_id(), request.agent_id()};
  parts_.sessions.SetPresence(
      key, static_cast<Presence>(request.presence()), request.reason(), MarkOf(request),
      call.deadline,
      [response, done, key, &sessions = parts_.sessions](absl::StatusOr<Outcome> outcome) {
        if (!outcome.ok()) return done(outcome.status());
        *response->mutable_agent() = ToProto(outcome->agent);
        if (std::optional<absl::Time> lease = sessions.LeaseOf(key)) {
          *response->mutable_lease_expire_time() = ToProtoTime(*lease);
        }
        done(absl::OkStatus());
      });
}

grpc::ServerUnaryReactor* AvailabilityService::PauseAgent(Context* context,
                                                          const v1::PauseAgentRequest* request,
                                                          v1::PauseAgentResponse* response) {
  return Handle(context, "availability.PauseAgent", [&](const CallContext& call, UnaryDone done) {
    absl::Status status = CheckKey(*request);
    status.Update(ValidateBytes(request->reason(), kMaxReasonBytes, "reason"));
    if (request->reason().empty()) status.Update(InvalidField("reason", "must be set"));
    if (!status.ok()) return done(status);
    Elsewhere(
        context, call, request, response, &Peer::PauseAgent, done,
        [this, call, request, response, done] { PauseAgentHere(call, *request, response, done); });
  });
}

void AvailabilityService::PauseAgentHere(const CallContext& call,
                                         const v1::PauseAgentRequest& request,
                                         v1::PauseAgentResponse* response, const UnaryDone& done) {
  availability::PauseAgent act{request.reason(), request.session_id(),
                               FromProtoTime(request.presence_time())};
  parts_.sessions.PauseAgent(
      {request.pool_id(), request.agent_id()}, std::move(act), call.deadline,
      [response, done, reason = request.reason()](const absl::StatusOr<Outcome>& outcome) {
        if (outcome.ok()) {
          response->set_applied(outcome->agent.presence == Presence::kPaused &&
                                outcome->agent.presence_reason == reason);
        }
        done(outcome.status());
      });
}

grpc::ServerUnaryReactor* AvailabilityService::Heartbeat(Context* context,
                                                         const v1::HeartbeatRequest* request,
                                                         v1::HeartbeatResponse* response) {
  return Handle(context, "availability.Heartbeat", [&](const CallContext& call, UnaryDone done) {
    if (absl::Status status = CheckKey(*request); !status.ok()) return done(status);
    const AgentKey key{request->pool_id(), request->agent_id()};
    const bool seen = parts_.sessions.Seen(key);
    const std::optional<absl::Time> lease = parts_.sessions.LeaseOf(key);
    if (seen && lease) {
      *response->mutable_lease_expire_time() = ToProtoTime(*lease);
      return done(absl::OkStatus());
    }
    Elsewhere(context, call, request, response, &Peer::Heartbeat, done, [this, call, key, done] {
      parts_.store.Get(key, call.deadline, [done](const absl::StatusOr<Agent>& agent) {
        if (!agent.ok()) return done(agent.status());
        done(FailedPrecondition("NO_SESSION",
                                "the agent has no session without a link: set its presence"));
      });
    });
  });
}

template <class Request, class Response>
grpc::ServerUnaryReactor* AvailabilityService::HandleAct(
    Context* context, const char* name, const Request* request, Response* response,
    Peers<v1::AvailabilityService>::Method<Request, Response> method) {
  return Handle(context, name, [&](const CallContext& call, UnaryDone done) {
    absl::Status status = CheckKey(*request);
    status.Update(ValidateAct(request->act(), "act"));
    status.Update(ValidateRequestId(request->request_id()));
    if (!status.ok()) return done(status);
    v1::DeliverResponse::Act act;
    act.set_pool_id(request->pool_id());
    act.set_agent_id(request->agent_id());
    act.set_request_id(request->request_id().empty() ? NewId("r") : request->request_id());
    SetAct(request->act(), &act);
    parts_.sessions.Seen({request->pool_id(), request->agent_id()});
    const absl::Time deadline = std::min(call.deadline, parts_.clock.Now() + parts_.act_timeout);
    Elsewhere(context, call, request, response, method, done,
              [this, act = std::move(act), deadline, response, done] {
                parts_.router.Act(act, deadline,
                                  [response, done](const absl::Status& answer,
                                                   const v1::AssignmentConfirmed* assignment) {
                                    Keep(assignment, response);
                                    done(answer);
                                  });
                parts_.router.Flush();
              });
  });
}

grpc::ServerUnaryReactor* AvailabilityService::ReceiveOffer(Context* context,
                                                            const v1::ReceiveOfferRequest* request,
                                                            Empty* response) {
  return HandleAct(context, "availability.ReceiveOffer", request, response, &Peer::ReceiveOffer);
}
grpc::ServerUnaryReactor* AvailabilityService::AcceptOffer(Context* context,
                                                           const v1::AcceptOfferRequest* request,
                                                           v1::AssignmentConfirmed* response) {
  return HandleAct(context, "availability.AcceptOffer", request, response, &Peer::AcceptOffer);
}
grpc::ServerUnaryReactor* AvailabilityService::DeclineOffer(Context* context,
                                                            const v1::DeclineOfferRequest* request,
                                                            Empty* response) {
  return HandleAct(context, "availability.DeclineOffer", request, response, &Peer::DeclineOffer);
}
grpc::ServerUnaryReactor* AvailabilityService::StartWrapUp(Context* context,
                                                           const v1::StartWrapUpRequest* request,
                                                           Empty* response) {
  return HandleAct(context, "availability.StartWrapUp", request, response, &Peer::StartWrapUp);
}
grpc::ServerUnaryReactor* AvailabilityService::CompleteAssignment(
    Context* context, const v1::CompleteAssignmentRequest* request, Empty* response) {
  return HandleAct(context, "availability.CompleteAssignment", request, response,
                   &Peer::CompleteAssignment);
}

grpc::ServerUnaryReactor* AvailabilityService::GetAgentWork(Context* context,
                                                            const v1::GetAgentWorkRequest* request,
                                                            v1::AgentWork* response) {
  return Handle(context, "availability.GetAgentWork", [&](const CallContext& call, UnaryDone done) {
    if (absl::Status status = CheckKey(*request); !status.ok()) return done(status);
    const AgentKey key{request->pool_id(), request->agent_id()};
    parts_.sessions.Seen(key);
    Elsewhere(context, call, request, response, &Peer::GetAgentWork, done,
              [this, call, response, done, key] {
                parts_.store.Get(key, call.deadline,
                                 [this, response, done, key](const absl::StatusOr<Agent>& agent) {
                                   if (agent.ok()) *response = parts_.router.Work(key);
                                   done(agent.status());
                                 });
              });
  });
}

grpc::ServerWriteReactor<v1::WatchAgentsResponse>* AvailabilityService::WatchAgents(
    Context* context, const v1::WatchAgentsRequest* request) {
  absl::Status status = parts_.ready ? absl::OkStatus() : Starting();
  status.Update(ValidateId(request->pool_id(), "pool_id"));
  if (request->after_revision() < 0) {
    status.Update(InvalidField("after_revision", "must not be negative"));
  }
  if (!status.ok()) return new RefusedFeed(status);
  return FeedStream<v1::WatchAgentsResponse>::Open(context, parts_.hub, parts_.feed,
                                                   request->pool_id(), request->after_revision(),
                                                   parts_.feed_options);
}

}  // namespace muster::availability
