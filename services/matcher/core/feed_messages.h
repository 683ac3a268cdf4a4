// A whole snapshot of a feed, gathered from its chunks.
//
// Plain values. Made by the feed clients, read by the mirrors.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/availability/v1/agent.pb.h"
#include "muster/intake/v1/pool.pb.h"
#include "muster/intake/v1/ticket.pb.h"

namespace muster::matcher {

struct TicketSnapshot {
  int64_t revision = 0;
  std::optional<intake::v1::Pool> pool;
  std::vector<intake::v1::Queue> queues;
  std::vector<intake::v1::Ticket> tickets;  // live ones
};

struct AgentSnapshot {
  int64_t revision = 0;
  std::vector<availability::v1::Agent> agents;
};

}  // namespace muster::matcher
