// The rules of queues and pools as `muster pool apply` files name them.
//
// Pure; see json_reader.h for how errors are gathered.
//
//   root.ForEach("queues", [&](JsonObject& o) { plan.queues.push_back(ReadQueue(o, defaults)); });
#pragma once

#include <string>
#include <vector>

#include "services/matcher/engine/types.h"
#include "services/simulation/json_reader.h"
#include "services/simulation/plan.h"

namespace muster::simulation {

// What a queue is by the contract when its file says nothing.
QueuePlan DefaultQueue();

// The defaults with what the object says in their place. A queue_id is optional here.
QueuePlan ReadQueue(JsonObject& object, const QueuePlan& defaults);

// [{"skill": "cards", "level": 2}]
std::vector<engine::SkillLevel> ReadSkills(JsonObject& object, const std::string& name);

// A pool, its queues and what holds for queues that are not named: {"pool": {...},
// "queue_defaults":
// {...}, "queues": [{...}]}.
struct RuleSet {
  std::string name;
  engine::PoolRules pool;
  QueuePlan defaults = DefaultQueue();
  std::vector<QueuePlan> queues;
};

// Reads those three names of the object, and leaves the others to the caller.
void ReadRules(JsonObject& root, RuleSet* rules);

absl::StatusOr<RuleSet> ParseRules(const std::string& source, const std::string& text);

// "default": what the contract says. "first-come": wait, priority and the last idle time alone, as
// plain first come, first served has it.
absl::StatusOr<RuleSet> BuiltInRules(const std::string& name);

}  // namespace muster::simulation
