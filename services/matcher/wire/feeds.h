// What differs between the feeds that the matcher follows. See feed_client.h.
#pragma once

#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "services/matcher/core/feed_messages.h"
#include "services/matcher/wire/feed_client.h"

namespace muster::matcher {

struct TicketFeed {
  static constexpr char kName[] = "tickets";
  using Stub = intake::v1::IntakeService::Stub;
  using Request = intake::v1::WatchTicketsRequest;
  using Response = intake::v1::WatchTicketsResponse;
  using Snapshot = TicketSnapshot;

  static void Watch(Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->WatchTickets(context, request, reactor);
  }
  static void Gather(Response::Chunk* chunk, Snapshot* snapshot) {
    if (chunk->has_pool()) snapshot->pool = std::move(*chunk->mutable_pool());
    for (auto& queue : *chunk->mutable_queues()) snapshot->queues.push_back(std::move(queue));
    for (auto& ticket : *chunk->mutable_tickets()) snapshot->tickets.push_back(std::move(ticket));
  }
};

struct AgentFeed {
  static constexpr char kName[] = "agents";
  using Stub = availability::v1::AvailabilityService::Stub;
  using Request = availability::v1::WatchAgentsRequest;
  using Response = availability::v1::WatchAgentsResponse;
  using Snapshot = AgentSnapshot;

  static void Watch(Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->WatchAgents(context, request, reactor);
  }
  static void Gather(Response::Chunk* chunk, Snapshot* snapshot) {
    for (auto& agent : *chunk->mutable_agents()) snapshot->agents.push_back(std::move(agent));
  }
};

}  // namespace muster::matcher
