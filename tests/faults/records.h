// What the services have on record at the end: the other side of what the checker compares. Plain
// values, read from PostgreSQL by read_records.h or made by a test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::faults {

struct TicketRecord {
  std::string ticket_id, pool_id, customer_id, request_id;
  std::string state;  // "QUEUED", "ASSIGNED", "RESOLVED", "CANCELLED", "EXPIRED", "HELD"
  std::string agent_id, assignment_id;
  bool final() const { return state == "RESOLVED" || state == "CANCELLED" || state == "EXPIRED"; }
};

struct AssignmentRecord {
  std::string assignment_id, pool_id, ticket_id, agent_id;
  int weight = 1;
  std::string state;  // "ACTIVE", "WRAP_UP", "COMPLETED", "TRANSFERRED", "LOST"
  std::string end_reason, disposition, request_id;
  int64_t epoch = 0;
  int64_t accept_us = 0;
  int64_t end_us = 0;  // 0 while live
  bool live() const { return state == "ACTIVE" || state == "WRAP_UP"; }
};

struct AgentRecord {
  std::string pool_id, agent_id;
  int capacity = 1;
  std::string presence;  // "OFFLINE", "ONLINE", "PAUSED", "DRAINING"
  std::string presence_reason;
  // As the matcher's own table has it: units in hand, and the capacity that they are held against.
  int load_units = 0, load_capacity = 0;
};

struct PoolRecord {  // as the matcher holds it
  std::string pool_id;
  int64_t epoch = 0;
  int64_t taken_us = 0;
};

struct Records {
  std::vector<TicketRecord> tickets;
  std::vector<AssignmentRecord> assignments;
  std::vector<AgentRecord> agents;
  std::vector<PoolRecord> pools;
};

}  // namespace muster::faults
