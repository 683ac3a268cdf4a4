// Why an offer was made, why a ticket waits, and why an agent has had nothing.
#include <vector>

#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

std::vector<Decision> Decided(Engine* engine, const std::string& line, absl::Time now) {
  Effects out;
  engine->Apply(ParseEvent(line, 0), now, &out);
  std::vector<Decision> decisions;
  for (const Effect& effect : out) {
    if (const auto* d = std::get_if<DecisionMade>(&effect)) decisions.push_back(*d->decision);
  }
  return decisions;
}

TEST_CASE("an offer is followed by its decision: terms, runners-up, who could not") {
  Engine engine({.epoch = kScriptEpoch, .record_decisions = true});
  const auto at = [&](double s, const char* line) { return Decided(&engine, line, At(s)); };
  at(0, "pool scarcity=off");
  at(0, "queue card skills=fr:1 preferred=fr:3 ahead=5 known=60 weight=1 target=0 boost=0");
  at(0, "open");
  at(0, "agent ann skills=fr:1 since=0");
  at(10, "agent bo skills=fr:3 since=10");
  at(10, "agent cy skills=fr:2 since=10");
  at(10, "agent di");
  at(10, "agent ed skills=fr:2 presence=paused");
  at(10, "agent flo skills=fr:2 presence=offline");
  at(10, "agent gil skills=fr:2 capacity=0");
  const std::vector<Decision> made = at(30, "ticket t1 card at=20 ahead=7 prefers=cy");
  REQUIRE(made.size() == 1);
  const Decision& d = made[0];
  CHECK(d.agent_id == "cy");
  CHECK(d.trigger == Decision::Trigger::kTicketCame);
  CHECK(d.terms.wait == absl::Seconds(10));
  CHECK(d.terms.priority == absl::Seconds(12));
  CHECK(d.terms.known == absl::Seconds(60));
  CHECK(d.terms.idle == absl::Seconds(20));
  CHECK(d.terms.misfit == -absl::Seconds(10));
  CHECK(d.terms.Sum() == absl::Seconds(92));
  REQUIRE(d.runners_up.size() == 2);
  CHECK(d.runners_up[0].agent_id == "bo");
  CHECK(d.runners_up[0].terms.Sum() == absl::Seconds(42));
  CHECK(d.runners_up[1].agent_id == "ann");
  CHECK(d.runners_up[1].terms.Sum() == absl::Seconds(32));
  CHECK(d.eligible == 3);
  CHECK(d.ineligible ==
        Ineligible{.lacks_skill = 1, .lacks_language = 0, .offline = 1, .paused = 1, .full = 1});
}

TEST_CASE("a freed agent's runners-up are the tickets behind") {
  Engine engine({.epoch = kScriptEpoch, .record_decisions = true});
  const auto at = [&](double s, const char* line) { return Decided(&engine, line, At(s)); };
  at(0, "queue card boost=0");
  at(0, "queue loan boost=0");
  at(0, "open");
  at(9, "ticket t1 card at=1");
  at(9, "ticket t2 card at=2");
  at(9, "ticket t3 loan at=3");
  at(9, "ticket t4 loan at=4");
  const std::vector<Decision> made = at(10, "agent ann");
  REQUIRE(made.size() == 1);
  CHECK(made[0].ticket_id == "t1");
  CHECK(made[0].trigger == Decision::Trigger::kAgentFreed);
  CHECK(made[0].eligible == 1);
  REQUIRE(made[0].runners_up.size() == 2);
  CHECK(made[0].runners_up[0].ticket_id == "t2");
  CHECK(made[0].runners_up[1].ticket_id == "t3");
}

TEST_CASE("why a ticket waits") {
  Engine engine({.epoch = kScriptEpoch});
  RunScript(&engine, R"(
    queue card skills=fr:2 relax=30/fr:1 refusals=9
    queue loan skills=loans:1
    open
    agent ann skills=fr:2
    agent bo skills=fr:1
    ticket t1 card at=0
    => offer 1 t1 ann
    decline 1 ann
    => ended 1 DECLINED
    ticket t2 loan at=0
    ticket t3 card skills=fr:5 at=0
    @10 tick
  )");
  const TicketExplanation t1 = *engine.ExplainTicket("t1");
  CHECK(t1.position == 1);
  CHECK(t1.relax_step == 0);
  CHECK(t1.next_step_at == At(30));
  CHECK(t1.terms.wait == absl::Seconds(10));
  CHECK(t1.fitting == 1);
  CHECK(t1.eligible == 0);
  CHECK(t1.ineligible.declined == 1);
  CHECK(t1.ineligible.lacks_skill == 1);
  CHECK(t1.refusals == 1);
  CHECK_FALSE(t1.unservable);
  CHECK(engine.ExplainTicket("t2")->unservable);
  // Nobody has that level now, but less will do later.
  CHECK(engine.ExplainTicket("t3")->fitting == 0);
  CHECK_FALSE(engine.ExplainTicket("t3")->unservable);
  CHECK(engine.Queue("card")->unservable == 0);
  CHECK(engine.Queue("loan")->unservable == 1);
  CHECK_FALSE(engine.ExplainTicket("t9").has_value());
}

TEST_CASE("why an agent has had nothing") {
  Engine engine({.epoch = kScriptEpoch});
  RunScript(&engine, R"(
    queue card
    open
    agent ann
    ticket t1 card at=0
    => offer 1 t1 ann
    decline 1 ann
    => ended 1 DECLINED
    @5 agent bo
    => offer 2 t1 bo
    decline 2 bo
    => ended 2 DECLINED
    @8 tick
  )");
  const AgentExplanation bo = *engine.ExplainAgent("bo");
  CHECK(bo.free_units == 1);
  CHECK(bo.idle_credit == absl::Seconds(3));
  REQUIRE(bo.lines.size() == 1);
  CHECK(bo.lines[0].queue_id == "card");
  CHECK(bo.lines[0].waiting == 1);
  CHECK(bo.lines[0].agents_ahead == 1);
  REQUIRE(bo.declined.size() == 1);
  CHECK(bo.declined[0].ticket_id == "t1");
  CHECK(bo.declined[0].until == At(65));
  CHECK_FALSE(engine.ExplainAgent("nobody").has_value());
}

}  // namespace
}  // namespace muster::engine
