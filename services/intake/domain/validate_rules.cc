#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "services/intake/domain/bounds.h"
#include "services/intake/domain/validate.h"

namespace muster::intake {
namespace {

absl::Status ValidatePrice(absl::Duration price, std::string_view path, std::string_view field) {
  return ValidateDuration(price, absl::ZeroDuration(), kMaxPrice, Join(path, field));
}

absl::Status ValidateSteps(const std::vector<RelaxStep>& steps, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateCount(steps.size(), kMaxRelaxSteps, Join(path, "relax_steps")));
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string here = Indexed(path, "relax_steps", i);
    MUSTER_RETURN_IF_ERROR(ValidateDuration(steps[i].after, absl::Milliseconds(1), kMaxRelaxAfter,
                                            Join(here, "after")));
    if (i > 0 && steps[i].after <= steps[i - 1].after) {
      return InvalidField(Join(here, "after"), "must be later than that of the step before");
    }
    MUSTER_RETURN_IF_ERROR(ValidateSkills(steps[i].skills, here, "skills", /*min_level=*/0));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const PoolRules& rules, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateDuration(rules.fair_window, absl::ZeroDuration(), kMaxFairWindow,
                                          Join(path, "fair_window")));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.idle_bound, path, "idle_bound"));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.loaded_price, path, "loaded_price"));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.scarcity_bound, path, "scarcity_bound"));
  MUSTER_RETURN_IF_ERROR(ValidateNumber(rules.most_offers_per_agent, 0, kMaxOffersPerAgent,
                                        Join(path, "most_offers_per_agent")));
  return ValidateNumber(rules.ignored_offers_to_pause, 0, kMaxIgnoredOffersToPause,
                        Join(path, "ignored_offers_to_pause"));
}

absl::Status Validate(const QueueRules& rules, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateSkills(rules.preferred_skills, path, "preferred_skills"));
  MUSTER_RETURN_IF_ERROR(ValidateSteps(rules.relax_steps, path));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.target_boost, path, "target_boost"));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.missing_level_price, path, "missing_level_price"));
  MUSTER_RETURN_IF_ERROR(
      ValidatePrice(rules.missing_language_price, path, "missing_language_price"));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.known_agent_bonus, path, "known_agent_bonus"));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(rules.capacity_claim_after, absl::ZeroDuration(),
                                          kMaxCapacityClaimAfter,
                                          Join(path, "capacity_claim_after")));
  MUSTER_RETURN_IF_ERROR(
      ValidateNumber(rules.offers_at_once, 1, kMaxOffersAtOnce, Join(path, "offers_at_once")));
  MUSTER_RETURN_IF_ERROR(
      ValidateNumber(rules.most_refusals, 0, kMaxMostRefusals, Join(path, "most_refusals")));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.decline_price, path, "decline_price"));
  MUSTER_RETURN_IF_ERROR(ValidatePrice(rules.expiry_price, path, "expiry_price"));
  if (rules.acknowledge_timeout == absl::ZeroDuration()) return absl::OkStatus();
  return ValidateDuration(rules.acknowledge_timeout, kMinOfferTimeout, kMaxOfferTimeout,
                          Join(path, "acknowledge_timeout"));
}

}  // namespace muster::intake
