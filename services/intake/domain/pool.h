// Pools and queues as intake thinks of them, free of protobuf and SQL.
//
// Threading: values. What is not set holds its default, so a Queue{} with ids is a valid queue.
//
//   Queue queue{.pool_id = "bank", .queue_id = "cards"};
//   queue.required_skills.push_back({"cards", 2});
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/intake/domain/limits.h"
#include "services/intake/domain/rules.h"

namespace muster::intake {

struct Pool {
  std::string pool_id;
  std::string display_name;
  PoolRules rules;

  // The rest is intake's own.
  int64_t revision = 0;         // of the last change of anything in the pool
  int64_t update_revision = 0;  // of the last change of the pool itself; the etag stands for it
  absl::Time create_time;
  absl::Time update_time;

  bool operator==(const Pool&) const = default;
};

struct Queue {
  std::string pool_id;
  std::string queue_id;
  std::string display_name;
  std::vector<RequiredSkill> required_skills;
  int weight = kDefaultWeight;
  absl::Duration priority_ahead;
  absl::Duration target_wait = kDefaultTargetWait;
  absl::Duration offer_timeout = kDefaultOfferTimeout;
  absl::Duration time_to_live = kDefaultTimeToLive;
  absl::Duration after_work_time;
  int64_t most_waiting = kDefaultMostWaiting;
  QueueRules rules;

  // The rest is intake's own.
  int64_t revision = 0;  // of the last change of this queue; the etag stands for it
  absl::Time create_time;
  absl::Time update_time;

  bool operator==(const Queue&) const = default;
};

// Whether a client who wants `wanted` has it already: all that a client can set is equal.
bool SameSettings(const Pool& wanted, const Pool& current);
bool SameSettings(const Queue& wanted, const Queue& current);

// The etag of the state that a pool or queue got at `revision`.
std::string EtagOf(int64_t revision);

}  // namespace muster::intake
