// What the engine shows of itself.
#include <string>
#include <vector>

#include "services/matcher/engine/limits.h"
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

// Ann (2 units) has one assignment in wrap-up and one offer; bo is idle, cy paused, di drains.
constexpr const char* kScene = R"(
  queue card after_work=60
  queue loan skills=loans
  open
  agent ann capacity=2
  ticket t1 card at=-1
  => offer 1 t1 ann
  accept 1 ann
  => ended 1 ACCEPTED
  => assign 1 t1 ann
  wrap 1 ann
  => wrap_up 1 @60
  ticket t2 card at=-2
  => offer 2 t2 ann
  agent bo
  agent cy presence=paused
  agent di presence=draining capacity=5
  ticket t3 loan at=-30
  ticket t4 loan at=-40
  ticket t5 loan at=-20 language=fr
  ticket t6 loan at=-10 ahead=100
)";

TEST_CASE("statistics") {
  Engine engine({.epoch = kScriptEpoch});
  RunScript(&engine, kScene);
  const PoolStats pool = engine.Pool();
  CHECK(pool.agents == 4);
  CHECK(pool.online == 2);
  CHECK(pool.idle == 1);
  CHECK(pool.busy == 1);
  CHECK(pool.paused == 1);
  CHECK(pool.draining == 1);
  CHECK(pool.busy_units == 1);
  CHECK(pool.reserved_units == 1);
  CHECK(pool.capacity_units == 8);
  CHECK(pool.waiting == 4);
  CHECK(pool.offered == 1);
  CHECK(pool.assigned == 0);
  CHECK(pool.wrap_up == 1);
  const std::vector<QueueStats> queues = engine.Queues();
  REQUIRE(queues.size() == 2);
  CHECK(queues[0].queue_id == "card");
  CHECK(queues[0].waiting == 0);
  CHECK(queues[0].offered == 1);
  CHECK(queues[0].wrap_up == 1);
  CHECK(queues[0].oldest_create_time == At(-2));
  CHECK(queues[1].queue_id == "loan");
  CHECK(queues[1].waiting == 4);
  CHECK(queues[1].unservable == 4);
  CHECK(queues[1].oldest_create_time == At(-40));
  RunScript(&engine, "agent ed skills=loans presence=offline");
  CHECK(engine.Queue("loan")->unservable == 1);
  CHECK_FALSE(engine.Queue("nowhere").has_value());
}

TEST_CASE("positions") {
  Engine engine({.epoch = kScriptEpoch});
  RunScript(&engine, kScene);
  CHECK(engine.Position("t6") == 1);
  CHECK(engine.Position("t4") == 2);
  CHECK(engine.Position("t3") == 3);
  CHECK(engine.Position("t5") == 4);
  CHECK(engine.Position("t2") == 0);
  CHECK_FALSE(engine.Position("t1").has_value());
  CHECK_FALSE(engine.Position("t9").has_value());
  const std::vector<TicketView> first = engine.Waiting("loan", 3);
  REQUIRE(first.size() == 3);
  CHECK(first[0].ticket_id == "t6");
  CHECK(first[0].priority_ahead == absl::Seconds(100));
  CHECK(first[1].ticket_id == "t4");
  CHECK(first[2].ticket_id == "t3");
  CHECK(engine.Waiting("loan", 99).size() == 4);
  CHECK(engine.Waiting("nowhere", 99).empty());
}

TEST_CASE("offers, assignments, agents, tickets") {
  Engine engine({.epoch = kScriptEpoch});
  RunScript(&engine, kScene);
  CHECK(engine.IsOpen());
  REQUIRE(engine.PendingOffers().size() == 1);
  CHECK(engine.PendingOffersOf("ann").size() == 1);
  CHECK(engine.PendingOffersOf("bo").empty());
  CHECK(engine.PendingOffersOf("nobody").empty());
  const std::optional<OfferView> offer = engine.PendingOffer({kScriptEpoch, 2});
  REQUIRE(offer.has_value());
  CHECK(offer->ticket_id == "t2");
  CHECK(offer->deadline == At(20));
  CHECK_FALSE(offer->acknowledged);
  CHECK_FALSE(engine.PendingOffer({kScriptEpoch, 1}).has_value());
  CHECK_FALSE(engine.PendingOffer({kScriptEpoch - 1, 2}).has_value());
  REQUIRE(engine.LiveAssignments().size() == 1);
  CHECK(engine.LiveAssignmentsOf("ann").size() == 1);
  CHECK(engine.LiveAssignmentsOf("nobody").empty());
  const std::optional<AssignmentView> assignment = engine.LiveAssignment({kScriptEpoch, 1});
  REQUIRE(assignment.has_value());
  CHECK(assignment->state == AssignmentState::kWrapUp);
  CHECK(assignment->wrap_up_deadline == At(60));
  CHECK_FALSE(engine.LiveAssignment({kScriptEpoch, 2}).has_value());
  REQUIRE(engine.Agent("ann").has_value());
  CHECK(engine.Agent("ann")->busy_units == 1);
  CHECK(engine.Agent("ann")->reserved_units == 1);
  CHECK_FALSE(engine.Agent("nobody").has_value());
  CHECK(engine.Ticket("t1")->state == TicketState::kServed);
  CHECK(engine.Ticket("t2")->state == TicketState::kOffered);
  CHECK(engine.Ticket("t3")->state == TicketState::kWaiting);
  CHECK_FALSE(engine.Ticket("t9").has_value());
}

TEST_CASE("the next wakeup is the earliest thing due, or never") {
  Engine engine({.epoch = kScriptEpoch});
  CHECK(engine.NextWakeup() == absl::InfiniteFuture());
  RunScript(&engine, kScene);
  CHECK(engine.NextWakeup() == At(20));
  Effects out;
  engine.Apply(TicketGone{"t2"}, At(1), &out);
  CHECK(engine.NextWakeup() == At(60));
}

TEST_CASE("empty lines are kept up to a limit, and made anew when needed") {
  Engine engine({.epoch = kScriptEpoch});
  Effects out;
  engine.Apply(ParseEvent("queue card", 0), At(0), &out);
  engine.Apply(MatchingOpened{}, At(0), &out);
  engine.Apply(ParseEvent("agent ann presence=paused skills=s1:1", 0), At(0), &out);
  for (std::size_t i = 0; i < limits::kMaxEmptyLines + 10; ++i) {
    const std::string n = std::to_string(i);
    engine.Apply(ParseEvent("ticket t" + n + " card skills=s" + n, 0), At(0), &out);
    engine.Apply(TicketGone{"t" + n}, At(0), &out);
  }
  CHECK(out.empty());
  CHECK(engine.CheckInvariants().ToString() == "OK");
  RunScript(&engine, R"(
    ticket t card skills=s1
    agent ann skills=s1:1
    => offer 1 t ann
  )");
}

}  // namespace
}  // namespace muster::engine
