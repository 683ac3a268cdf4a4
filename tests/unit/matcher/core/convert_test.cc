// Rules, decisions and explanations between the contracts and the engine.
#include "services/matcher/convert.h"

#include "common/rpc/proto_time.h"
#include "services/matcher/convert_explain.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

namespace in = intake::v1;

TEST_CASE("rules that are not said are the engine's defaults", "[convert]") {
  // Of these two the contract's default is not the engine's "never" and "nothing".
  engine::QueueRules expected;
  expected.time_to_live = absl::Hours(24);
  CHECK(ToQueueRules(in::Queue()) == expected);
  CHECK(ToPoolRules(in::Pool()) == engine::PoolRules());
}

TEST_CASE("every rule of a queue reaches the engine", "[convert]") {
  const auto seconds = [](int64_t s) { return ToProtoDuration(absl::Seconds(s)); };
  in::Queue queue;
  queue.add_required_skills()->set_skill("card");
  queue.add_preferred_skills()->set_skill("gold");
  queue.mutable_preferred_skills(0)->set_level(3);
  in::RelaxStep* step = queue.add_relax_steps();
  *step->mutable_after() = seconds(30);
  step->add_skills()->set_skill("card");  // level 0: not needed
  step->set_any_language(true);
  queue.set_weight(2);
  *queue.mutable_priority_ahead() = seconds(1);
  *queue.mutable_target_wait() = seconds(2);
  *queue.mutable_target_boost() = seconds(3);
  *queue.mutable_missing_level_price() = seconds(4);
  *queue.mutable_missing_language_price() = seconds(5);
  *queue.mutable_known_agent_bonus() = seconds(6);
  *queue.mutable_capacity_claim_after() = seconds(7);
  queue.set_offers_at_once(3);
  queue.set_most_refusals(4);
  queue.set_phase(in::PHASE_PAUSED);
  *queue.mutable_offer_timeout() = seconds(8);
  *queue.mutable_acknowledge_timeout() = seconds(9);
  *queue.mutable_time_to_live() = seconds(10);
  *queue.mutable_after_work_time() = seconds(11);
  *queue.mutable_decline_price() = seconds(0);
  *queue.mutable_expiry_price() = seconds(13);

  engine::QueueRules rules;
  rules.required_skills = {{"card", 1}};
  rules.preferred_skills = {{"gold", 3}};
  rules.relax_steps = {{absl::Seconds(30), {{"card", 0}}, true}};
  rules.weight = 2;
  rules.priority_ahead = absl::Seconds(1);
  rules.target_wait = absl::Seconds(2);
  rules.target_boost = absl::Seconds(3);
  rules.missing_level_price = absl::Seconds(4);
  rules.missing_language_price = absl::Seconds(5);
  rules.known_agent_bonus = absl::Seconds(6);
  rules.capacity_claim_after = absl::Seconds(7);
  rules.offers_at_once = 3;
  rules.most_refusals = 4;
  rules.phase = engine::Phase::kPaused;
  rules.offer_timeout = absl::Seconds(8);
  rules.acknowledge_timeout = absl::Seconds(9);
  rules.time_to_live = absl::Seconds(10);
  rules.after_work_time = absl::Seconds(11);
  rules.decline_price = absl::ZeroDuration();
  rules.expiry_price = absl::Seconds(13);
  CHECK(ToQueueRules(queue) == rules);
}

TEST_CASE("every rule of a pool reaches the engine", "[convert]") {
  const auto seconds = [](int64_t s) { return ToProtoDuration(absl::Seconds(s)); };
  in::Pool pool;
  *pool.mutable_fair_window() = seconds(0);
  *pool.mutable_idle_bound() = seconds(2);
  *pool.mutable_loaded_price() = seconds(3);
  pool.set_scarcity(false);
  *pool.mutable_scarcity_bound() = seconds(4);
  pool.set_most_offers_per_agent(5);
  pool.set_ignored_offers_to_pause(0);
  pool.set_phase(in::PHASE_DRAINING);
  engine::PoolRules rules;
  rules.fair_window = absl::ZeroDuration();
  rules.idle_bound = absl::Seconds(2);
  rules.loaded_price = absl::Seconds(3);
  rules.scarcity = false;
  rules.scarcity_bound = absl::Seconds(4);
  rules.most_offers_per_agent = 5;
  rules.ignored_offers_to_pause = 0;
  rules.phase = engine::Phase::kDraining;
  CHECK(ToPoolRules(pool) == rules);
}

TEST_CASE("why an offer was withdrawn, in the agent's words", "[convert]") {
  using engine::OfferOutcome;
  namespace r = engine::reason;
  struct Case {
    OfferOutcome outcome;
    std::string_view reason;
    availability::v1::RevokeReason expected;
  };
  const std::vector<Case> cases = {
      {OfferOutcome::kRevoked, r::kTaken, availability::v1::REVOKE_REASON_TAKEN},
      {OfferOutcome::kRevoked, r::kTicketGone, availability::v1::REVOKE_REASON_CUSTOMER_LEFT},
      {OfferOutcome::kRevoked, r::kAgentPaused, availability::v1::REVOKE_REASON_AGENT_LEFT},
      {OfferOutcome::kRevoked, r::kTicketHeld, availability::v1::REVOKE_REASON_OPERATIONS},
      {OfferOutcome::kExpired, r::kNotAnswered, availability::v1::REVOKE_REASON_OFFER_EXPIRED}};
  for (const Case& one : cases) {
    INFO(one.reason);
    CHECK(ToRevokeReason(one.outcome, one.reason) == one.expected);
  }
}

TEST_CASE("a decision is kept whole, and nothing twice", "[convert]") {
  engine::Decision decision;
  decision.ticket_id = "t-1";
  decision.agent_id = "ann";
  decision.queue_id = "card";
  decision.time = absl::FromUnixMicros(1'700'000'000'123'456);
  decision.trigger = engine::Decision::Trigger::kAgentFreed;
  decision.relax_step = 2;
  decision.terms = {
      .wait = absl::Seconds(42), .urgency = absl::Milliseconds(1500), .misfit = -absl::Seconds(10)};
  decision.runners_up.push_back({"t-1", "bo", {.wait = absl::Seconds(42)}});
  decision.runners_up.push_back({"t-2", "ann", {.idle = absl::Seconds(1)}});
  decision.eligible = 3;
  decision.ineligible = {.lacks_skill = 4, .offline = 2, .declined = 1};

  DecisionRecord record = ToDecisionRecord("bank/1/7", decision);
  CHECK(record.offer_id == "bank/1/7");
  CHECK(record.ticket_id == "t-1");
  CHECK(record.agent_id == "ann");
  CHECK(record.time == decision.time);
  CHECK(record.body.size() < 120);  // it has to be compact: there are many

  RecordedDecision recorded{record, OfferState::kDeclined, "busy", decision.time};
  v1::Decision told = ToProto(recorded, {});
  CHECK(told.queue_id() == "card");
  CHECK(told.trigger() == v1::TRIGGER_AGENT_FREED);
  CHECK(told.relax_step() == 2);
  CHECK(told.terms().wait().seconds() == 42);
  CHECK(told.terms().urgency().nanos() == 500'000'000);
  CHECK(told.terms().misfit().seconds() == -10);
  CHECK_FALSE(told.terms().has_idle());
  REQUIRE(told.runners_up_size() == 2);
  CHECK(told.runners_up(0).ticket_id() == "t-1");
  CHECK(told.runners_up(0).agent_id() == "bo");
  CHECK(told.runners_up(1).ticket_id() == "t-2");
  CHECK(told.runners_up(1).agent_id() == "ann");
  CHECK(told.eligible() == 3);
  CHECK(told.ineligible().lacks_skill() == 4);
  CHECK(told.ineligible().offline() == 2);
  CHECK(told.ineligible().declined() == 1);
  CHECK(told.outcome() == v1::OFFER_STATE_DECLINED);
  CHECK(told.outcome_reason() == "busy");

  CHECK(ToProto({record}, {"bank/1/7"}).outcome() == v1::OFFER_STATE_PENDING);
  CHECK(ToProto({record}, {}).outcome() == v1::OFFER_STATE_UNSPECIFIED);
}

TEST_CASE("an explanation of an agent lists so much, and counts the rest", "[convert]") {
  engine::AgentExplanation e;
  e.agent_id = "ann";
  e.presence = engine::Presence::kPaused;
  e.lines.resize(kMaxExplained + 7);
  e.declined.resize(kMaxExplained + 1);
  v1::AgentExplanation proto = ToProto(e);
  CHECK(proto.presence() == v1::AgentExplanation::PRESENCE_PAUSED);
  CHECK(proto.lines_size() == static_cast<int>(kMaxExplained));
  CHECK(proto.more_lines() == 7);
  CHECK(proto.declined_size() == static_cast<int>(kMaxExplained));
}

}  // namespace
}  // namespace muster::matcher
