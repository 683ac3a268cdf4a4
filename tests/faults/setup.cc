#include "tests/faults/setup.h"

#include <grpcpp/client_context.h>

#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "tests/support/eventually.h"

namespace muster::faults {
namespace {

constexpr absl::Duration kCallLimit = absl::Seconds(20);
constexpr absl::Duration kServedLimit = absl::Seconds(30);
constexpr int kOfferTimeoutSeconds = 3;

template <class Stub, class Request, class Response>
void Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
          const Request& request) {
  grpc::ClientContext call;
  call.set_deadline(absl::ToChronoTime(absl::Now() + kCallLimit));
  call.set_wait_for_ready(true);
  Response response;
  const absl::Status status = FromGrpc((stub.*method)(&call, request, &response));
  if (!status.ok()) throw std::runtime_error("set up: " + status.ToString());
}

bool Served(Cell& cell, const std::string& pool_id) {
  matcher::v1::GetStatisticsRequest ask;
  ask.set_pool_id(pool_id);
  for (const std::string& address : cell.MatcherAddresses()) {
    auto stub = matcher::v1::MatcherService::NewStub(MakeChannel(address));
    grpc::ClientContext call;
    call.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
    matcher::v1::Statistics statistics;
    if (stub->GetStatistics(&call, ask, &statistics).ok()) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> QueueIds() { return {"single", "double"}; }

std::vector<std::string> MakePools(Cell& cell, int count) {
  auto stub = intake::v1::IntakeService::NewStub(MakeChannel(cell.IntakeAddresses().front()));
  std::vector<std::string> pool_ids;
  for (int i = 1; i <= count; ++i) {
    intake::v1::ApplyPoolRequest request;
    pool_ids.push_back(absl::StrCat("pool-", i));
    request.mutable_pool()->set_pool_id(pool_ids.back());
    int weight = 0;
    for (const std::string& queue_id : QueueIds()) {
      intake::v1::Queue& queue = *request.add_queues();
      queue.set_queue_id(queue_id);
      queue.set_weight(++weight);
      queue.mutable_offer_timeout()->set_seconds(kOfferTimeoutSeconds);
    }
    Call(*stub, &intake::v1::IntakeService::Stub::ApplyPool, request);
  }
  for (const std::string& pool_id : pool_ids) {
    if (!Eventually([&] { return Served(cell, pool_id); }, kServedLimit)) {
      throw std::runtime_error("set up: no matcher serves " + pool_id);
    }
  }
  return pool_ids;
}

std::vector<std::string> MakeAgents(Cell& cell, const std::string& pool_id, int count) {
  auto stub = availability::v1::AvailabilityService::NewStub(
      MakeChannel(cell.AvailabilityAddresses().front()));
  std::vector<std::string> agent_ids;
  for (int i = 1; i <= count; ++i) {
    availability::v1::CreateAgentRequest request;
    auto& agent = *request.mutable_agent();
    agent_ids.push_back(absl::StrCat(pool_id, ".agent-", i));
    agent.set_pool_id(pool_id);
    agent.set_agent_id(agent_ids.back());
    agent.set_display_name(agent_ids.back());
    agent.set_capacity(kAgentCapacity);
    Call(*stub, &availability::v1::AvailabilityService::Stub::CreateAgent, request);
  }
  return agent_ids;
}

}  // namespace muster::faults
