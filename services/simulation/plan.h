// What is to be played: queues, agents, kinds of tickets and what is measured, whether it was read
// from a scenario or made from a trace. Times are whole nanoseconds from the start of the play, so
// that nothing depends on the order in which they are added up.
//
// Plain values: build once, then read from any thread.
//
//   Plan plan;
//   plan.queues.push_back({.queue_id = "card", .rules = {.required_skills = {{"card", 1}}}});
//   plan.types.push_back({.queue = 0});
//   plan.groups.push_back({.name = "all"});
//   plan.agents.push_back({.spec = {.agent_id = "ann", .skills = {{"card", 1}}}, .group = 0,
//                          .shifts = {{0, kNever}}});
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/matcher/engine/types.h"
#include "services/simulation/distribution.h"

namespace muster::simulation {

using Nanos = std::int64_t;
inline constexpr Nanos kSecond = 1'000'000'000;
inline constexpr Nanos kDay = 86'400 * kSecond;
inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

// Beyond this a play stops with an error, before the record of its waits fills the memory.
inline constexpr std::uint64_t kMostTickets = 50'000'000;
// Tickets that still wait at the end of the horizon are followed for so long; nobody new comes.
inline constexpr Nanos kLongestAftermath = 7 * kDay;

struct QueuePlan {
  std::string queue_id;
  engine::QueueRules rules;
  std::uint64_t most_waiting = 100'000;  // who finds no agent and no place is blocked
};

// How the people of a group deal with offers.
struct AnswerPlan {
  Distribution delay;  // until an offer is answered
  double decline_rate = 0;
  double ignore_rate = 0;                        // neither accepted nor declined
  absl::Duration back_after = absl::Minutes(5);  // who was paused by the engine comes back
};

struct GroupPlan {
  std::string name;
  AnswerPlan answers;
};

struct Shift {
  Nanos from = 0;
  Nanos until = kNever;
  std::uint32_t rank = 0;  // of shifts that begin at the same instant, the lower comes first
};

struct AgentPlan {
  engine::AgentSpec spec;  // presence is the play's
  std::uint32_t group = 0;
  std::vector<Shift> shifts;
  bool daily = false;  // the shifts are those of one day, and come again every day
};

// What tickets have in common that come in the same stream.
struct TicketType {
  std::uint32_t queue = 0;
  absl::Duration priority_ahead;
  std::string language;
  std::vector<engine::SkillLevel> extra_skills;
};

struct Plan {
  engine::PoolRules pool;
  std::vector<QueuePlan> queues;
  std::vector<TicketType> types;
  std::vector<GroupPlan> groups;
  std::vector<AgentPlan> agents;
  // Waiting places that all queues share: a ticket that no agent is free for is blocked while so
  // many wait.
  std::optional<std::uint64_t> most_waiting;
  // Places in all, waiting or served: a ticket is blocked while so many are there.
  std::optional<std::uint64_t> most_present;
  // Measured: tickets that come, and agents' time, from `measure_from` and before `measure_until`.
  Nanos measure_from = 0;
  Nanos measure_until = kNever;
  // Of the service level; absent: each queue's target wait.
  std::optional<absl::Duration> within;
  std::uint64_t seed = 1;  // of the agents' answers
};

// A customer brings all that chance decides about it.
struct Customer {
  Nanos at = 0;
  std::uint32_t type = 0;
  std::uint64_t number = 0;  // within its type
  Nanos handle = 0;
  Nanos patience = kNever;    // from the coming, until served
  Nanos after_work = kNever;  // as long as the queue allows
};

// Where customers come from, in order of time.
class CustomerSource {
 public:
  virtual ~CustomerSource() = default;
  virtual std::optional<Customer> Next() = 0;
};

// A list that is already known and sorted.
class ListedCustomers : public CustomerSource {
 public:
  explicit ListedCustomers(const std::vector<Customer>& customers) : customers_(customers) {}
  std::optional<Customer> Next() override {
    if (next_ == customers_.size()) return std::nullopt;
    return customers_[next_++];
  }

 private:
  const std::vector<Customer>& customers_;
  std::size_t next_ = 0;
};

}  // namespace muster::simulation
