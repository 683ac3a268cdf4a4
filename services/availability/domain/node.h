// A process of availability, as the others know it.
//
// Threading: values.
#pragma once

#include <string>

#include "services/availability/domain/agent.h"

namespace muster::availability {

struct Node {
  std::string node_id;
  std::string address;  // "host:port", at which this very process is reached

  bool operator==(const Node&) const = default;
};

// A session of an agent who has begun another one on another node.
struct MovedSession {
  std::string node_id;  // that had it
  AgentKey key;
  std::string session_id;

  bool operator==(const MovedSession&) const = default;
};

}  // namespace muster::availability
