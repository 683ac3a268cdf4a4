#include "services/simulation/rules_json.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/matcher/engine/limits.h"

namespace muster::simulation {
namespace {

// Limits of the contract.
constexpr std::uint64_t kMostWaiting = 1'000'000;
constexpr std::uint32_t kMostRefusals = 1000;
constexpr absl::Duration kZero = absl::ZeroDuration();
constexpr absl::Duration kHour = absl::Hours(1);
constexpr absl::Duration kContractDay = absl::Hours(24);
constexpr absl::Duration kMonth = absl::Hours(24 * 30);
constexpr absl::Duration kShort = absl::Milliseconds(1);
constexpr absl::Duration kLeastTimeout = absl::Milliseconds(10);
constexpr absl::Duration kMostTimeout = absl::Minutes(10);
// What the services add to a pool or queue, and no rule.
constexpr const char* kNoRules[] = {"pool_id",  "display_name", "etag",
                                    "revision", "create_time",  "update_time"};

void PassOver(JsonObject& object) {
  for (const char* name : kNoRules) object.Skip(name);
}

std::vector<engine::SkillLevel> ReadLevels(JsonObject& object, const std::string& name) {
  std::vector<engine::SkillLevel> skills;
  object.ForEach(name, [&](JsonObject& item) {
    engine::SkillLevel skill;
    std::uint32_t level = 0;
    if (item.Require("skill")) item.Read("skill", &skill.skill);
    item.Read("level", &level, 0, engine::limits::kMaxSkillLevel);
    skill.level = static_cast<int>(level);
    skills.push_back(skill);
  });
  if (skills.size() > engine::limits::kMaxSkillsPerAgent) object.Wrong(name, "too many");
  return skills;
}

void ReadRelaxSteps(JsonObject& object, std::vector<engine::RelaxStep>* steps) {
  if (!object.Has("relax_steps")) return;
  steps->clear();
  object.ForEach("relax_steps", [&](JsonObject& item) {
    engine::RelaxStep step;
    if (item.Require("after")) item.Read("after", &step.after, kShort, kContractDay);
    step.skills = ReadLevels(item, "skills");
    item.Read("any_language", &step.any_language);
    if (!steps->empty() && step.after <= steps->back().after) {
      item.Wrong("after", "not later than the step before");
    }
    steps->push_back(std::move(step));
  });
  if (steps->size() > engine::limits::kMaxRelaxSteps) {
    object.Wrong("relax_steps", absl::StrCat("more than ", engine::limits::kMaxRelaxSteps));
  }
}

void ReadPhase(JsonObject& object, engine::Phase* phase) {
  std::string text;
  if (!object.Read("phase", &text)) return;
  if (text == "PHASE_OPEN") {
    *phase = engine::Phase::kOpen;
  } else if (text == "PHASE_PAUSED") {
    *phase = engine::Phase::kPaused;
  } else if (text == "PHASE_DRAINING") {
    *phase = engine::Phase::kDraining;
  } else {
    object.Wrong("phase", "none of PHASE_OPEN, PHASE_PAUSED, PHASE_DRAINING");
  }
}

// How a queue's tickets are matched.
void ReadMatching(JsonObject& object, engine::QueueRules* rules) {
  if (object.Has("preferred_skills")) {
    rules->preferred_skills = ReadSkills(object, "preferred_skills");
  }
  ReadRelaxSteps(object, &rules->relax_steps);
  const std::pair<const char*, absl::Duration*> prices[] = {
      {"target_boost", &rules->target_boost},
      {"missing_level_price", &rules->missing_level_price},
      {"missing_language_price", &rules->missing_language_price},
      {"known_agent_bonus", &rules->known_agent_bonus},
      {"decline_price", &rules->decline_price},
      {"expiry_price", &rules->expiry_price}};
  for (const auto& [name, price] : prices) {
    object.Read(name, price, kZero, engine::limits::kMaxPrice);
  }
  object.Read("capacity_claim_after", &rules->capacity_claim_after, kZero, kContractDay);
  if (object.Read("offers_at_once", &rules->offers_at_once, 0, engine::limits::kMaxOffersAtOnce) &&
      rules->offers_at_once == 0) {
    rules->offers_at_once = 1;
  }
  object.Read("most_refusals", &rules->most_refusals, 0, kMostRefusals);
  ReadPhase(object, &rules->phase);
}

void ReadPool(JsonObject& object, engine::PoolRules* rules) {
  PassOver(object);
  object.Read("fair_window", &rules->fair_window, kZero, engine::limits::kMaxFairWindow);
  object.Read("idle_bound", &rules->idle_bound, kZero, engine::limits::kMaxPrice);
  object.Read("loaded_price", &rules->loaded_price, kZero, engine::limits::kMaxPrice);
  object.Read("scarcity", &rules->scarcity);
  object.Read("scarcity_bound", &rules->scarcity_bound, kZero, engine::limits::kMaxPrice);
  object.Read("most_offers_per_agent", &rules->most_offers_per_agent, 0, 100);
  object.Read("ignored_offers_to_pause", &rules->ignored_offers_to_pause, 0, 100);
  ReadPhase(object, &rules->phase);
}

}  // namespace

QueuePlan DefaultQueue() {
  QueuePlan queue;
  queue.rules.time_to_live = kContractDay;
  return queue;
}

std::vector<engine::SkillLevel> ReadSkills(JsonObject& object, const std::string& name) {
  std::vector<engine::SkillLevel> skills = ReadLevels(object, name);
  for (engine::SkillLevel& skill : skills) skill.level = std::max(skill.level, 1);
  return skills;
}

QueuePlan ReadQueue(JsonObject& object, const QueuePlan& defaults) {
  QueuePlan queue = defaults;
  engine::QueueRules& rules = queue.rules;
  PassOver(object);
  object.Read("queue_id", &queue.queue_id);
  if (object.Has("required_skills")) rules.required_skills = ReadSkills(object, "required_skills");
  if (object.Read("weight", &rules.weight, 0, 100) && rules.weight == 0) rules.weight = 1;
  object.Read("priority_ahead", &rules.priority_ahead, kZero, kContractDay);
  object.Read("target_wait", &rules.target_wait, kShort, kContractDay);
  object.Read("offer_timeout", &rules.offer_timeout, kLeastTimeout, kMostTimeout);
  object.Read("acknowledge_timeout", &rules.acknowledge_timeout, kZero, kMostTimeout);
  object.Read("time_to_live", &rules.time_to_live, kLeastTimeout, kMonth);
  object.Read("after_work_time", &rules.after_work_time, kZero, kHour);
  std::uint64_t most_waiting = 0;
  if (object.Read("most_waiting", &most_waiting, 0, kMostWaiting) && most_waiting > 0) {
    queue.most_waiting = most_waiting;
  }
  ReadMatching(object, &rules);
  return queue;
}

void ReadRules(JsonObject& root, RuleSet* rules) {
  root.Object("pool", [&](JsonObject& pool) { ReadPool(pool, &rules->pool); });
  root.Object("queue_defaults",
              [&](JsonObject& object) { rules->defaults = ReadQueue(object, rules->defaults); });
  std::set<std::string> known;
  root.ForEach("queues", [&](JsonObject& object) {
    object.Require("queue_id");
    rules->queues.push_back(ReadQueue(object, rules->defaults));
    if (!known.insert(rules->queues.back().queue_id).second) {
      object.Wrong("queue_id", "names a queue that is there already");
    }
  });
}

absl::StatusOr<RuleSet> ParseRules(const std::string& source, const std::string& text) {
  absl::StatusOr<nlohmann::json> document = ParseJson(source, text);
  if (!document.ok()) return document.status();
  Problems problems;
  JsonObject root(*document, "", &problems);
  RuleSet rules;
  rules.name = source;
  ReadRules(root, &rules);
  root.Done();
  if (!problems.ok()) return problems.ToStatus(source);
  return rules;
}

absl::StatusOr<RuleSet> BuiltInRules(const std::string& name) {
  RuleSet rules;
  rules.name = name;
  if (name == "default") return rules;
  if (name != "first-come") return absl::NotFoundError(absl::StrCat("no rules named ", name));
  rules.pool.fair_window = absl::ZeroDuration();
  rules.pool.scarcity = false;
  rules.defaults.rules.target_boost = absl::ZeroDuration();
  rules.defaults.rules.time_to_live = absl::InfiniteDuration();
  return rules;
}

}  // namespace muster::simulation
