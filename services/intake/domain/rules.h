// The rules by which a pool's work is handed out, as far as they are priced: the matcher's engine
// lives by them, intake keeps them. What each means is said in proto/muster/intake/v1/pool.proto.
//
// Threading: values. What is not set holds its default.
//
//   Queue queue{.pool_id = "bank", .queue_id = "cards"};
//   queue.rules.relax_steps.push_back({.after = absl::Seconds(30), .skills = {{"cards", 1}}});
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/intake/domain/limits.h"

namespace muster::intake {

// Numbers as in the proto.
enum class Phase { kOpen = 1, kPaused = 2, kDraining = 3 };

// Of a demand: the least level that will do. In a relaxing step, 0: not needed.
struct RequiredSkill {
  std::string skill;
  int level = kMinSkillLevel;

  bool operator==(const RequiredSkill&) const = default;
};

struct RelaxStep {
  absl::Duration after;
  std::vector<RequiredSkill> skills;
  bool any_language = false;

  bool operator==(const RelaxStep&) const = default;
};

struct PoolRules {
  absl::Duration fair_window = kDefaultFairWindow;
  absl::Duration idle_bound = kDefaultIdleBound;
  absl::Duration loaded_price = kDefaultLoadedPrice;
  bool scarcity = true;
  absl::Duration scarcity_bound = kDefaultScarcityBound;
  int most_offers_per_agent = 0;                               // 0: as capacity allows
  int ignored_offers_to_pause = kDefaultIgnoredOffersToPause;  // 0: never
  Phase phase = Phase::kOpen;

  bool operator==(const PoolRules&) const = default;
};

struct QueueRules {
  std::vector<RequiredSkill> preferred_skills;
  std::vector<RelaxStep> relax_steps;
  absl::Duration target_boost = kDefaultTargetBoost;
  absl::Duration missing_level_price = kDefaultMissingLevelPrice;
  absl::Duration missing_language_price = kDefaultMissingLanguagePrice;
  absl::Duration known_agent_bonus = kDefaultKnownAgentBonus;
  absl::Duration capacity_claim_after = kDefaultCapacityClaimAfter;
  int offers_at_once = 1;
  int most_refusals = 0;  // 0: never set aside
  absl::Duration decline_price = kDefaultDeclinePrice;
  absl::Duration expiry_price = kDefaultExpiryPrice;
  absl::Duration acknowledge_timeout;  // 0: as the offer's time-out
  Phase phase = Phase::kOpen;

  bool operator==(const QueueRules&) const = default;
};

}  // namespace muster::intake
