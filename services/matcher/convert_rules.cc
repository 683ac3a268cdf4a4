// The rules of pools and queues, from intake's words to the engine's.
#include <algorithm>

#include "common/rpc/proto_time.h"
#include "services/matcher/convert.h"
#include "services/matcher/convert_skills.h"

namespace muster::matcher {
namespace {

namespace in = intake::v1;

engine::Phase ToPhase(in::Phase phase) {
  switch (phase) {
    case in::PHASE_PAUSED:
      return engine::Phase::kPaused;
    case in::PHASE_DRAINING:
      return engine::Phase::kDraining;
    default:
      return engine::Phase::kOpen;
  }
}

void Set(bool has, const google::protobuf::Duration& proto, absl::Duration* rule) {
  if (has) *rule = FromProtoDuration(proto);
}

uint32_t Units(int32_t number) { return static_cast<uint32_t>(std::max(number, 0)); }

}  // namespace

engine::QueueRules ToQueueRules(const in::Queue& queue) {
  engine::QueueRules rules;
  rules.required_skills = ToSkillLevels(queue.required_skills());
  rules.preferred_skills = ToSkillLevels(queue.preferred_skills());
  for (const in::RelaxStep& step : queue.relax_steps()) {
    rules.relax_steps.push_back(
        {FromProtoDuration(step.after()), ToSkillLevels(step.skills(), 0), step.any_language()});
  }
  rules.weight = AtLeastOne(queue.weight());
  rules.priority_ahead = FromProtoDuration(queue.priority_ahead());
  rules.target_wait = TargetWaitOf(queue);
  Set(queue.has_target_boost(), queue.target_boost(), &rules.target_boost);
  Set(queue.has_missing_level_price(), queue.missing_level_price(), &rules.missing_level_price);
  Set(queue.has_missing_language_price(), queue.missing_language_price(),
      &rules.missing_language_price);
  Set(queue.has_known_agent_bonus(), queue.known_agent_bonus(), &rules.known_agent_bonus);
  Set(queue.has_capacity_claim_after(), queue.capacity_claim_after(), &rules.capacity_claim_after);
  rules.offers_at_once = AtLeastOne(queue.offers_at_once());
  rules.most_refusals = Units(queue.most_refusals());
  rules.phase = ToPhase(queue.phase());
  rules.offer_timeout =
      queue.has_offer_timeout() ? FromProtoDuration(queue.offer_timeout()) : kDefaultOfferTimeout;
  Set(queue.has_acknowledge_timeout(), queue.acknowledge_timeout(), &rules.acknowledge_timeout);
  rules.time_to_live =
      queue.has_time_to_live() ? FromProtoDuration(queue.time_to_live()) : kDefaultTimeToLive;
  rules.after_work_time = AfterWorkTimeOf(queue);
  Set(queue.has_decline_price(), queue.decline_price(), &rules.decline_price);
  Set(queue.has_expiry_price(), queue.expiry_price(), &rules.expiry_price);
  return rules;
}

engine::PoolRules ToPoolRules(const in::Pool& pool) {
  engine::PoolRules rules;
  Set(pool.has_fair_window(), pool.fair_window(), &rules.fair_window);
  Set(pool.has_idle_bound(), pool.idle_bound(), &rules.idle_bound);
  Set(pool.has_loaded_price(), pool.loaded_price(), &rules.loaded_price);
  if (pool.has_scarcity()) rules.scarcity = pool.scarcity();
  Set(pool.has_scarcity_bound(), pool.scarcity_bound(), &rules.scarcity_bound);
  rules.most_offers_per_agent = Units(pool.most_offers_per_agent());
  if (pool.has_ignored_offers_to_pause()) {
    rules.ignored_offers_to_pause = Units(pool.ignored_offers_to_pause());
  }
  rules.phase = ToPhase(pool.phase());
  return rules;
}

}  // namespace muster::matcher
