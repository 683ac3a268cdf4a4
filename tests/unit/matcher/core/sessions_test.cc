// Sessions, nodes, and those who stay away.
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

using Told = std::vector<std::string>;

TEST_CASE("who is away for too long is given up, once, and not who was back") {
  const absl::Time now = absl::FromUnixSeconds(1'767'225'600);
  const auto at = [now](int seconds) { return now + absl::Seconds(seconds); };
  Absentees absentees(absl::Seconds(60));
  CHECK(absentees.NextDue() == absl::InfiniteFuture());
  absentees.Away("ann", at(0));
  absentees.Away("bob", at(10));
  absentees.Away("ann", at(20));  // still since 0
  absentees.Back("bob");
  absentees.Away("bob", at(30));
  absentees.Back("carl");
  CHECK(absentees.NextDue() == at(60));
  CHECK(absentees.TakeDue(at(59)).empty());
  CHECK(absentees.TakeDue(at(60)) == Told{"ann"});
  CHECK(absentees.TakeDue(at(89)).empty());
  CHECK(absentees.TakeDue(at(1000)) == Told{"bob"});
  CHECK(absentees.TakeDue(at(1000)).empty());
  Absentees patient(absl::ZeroDuration());
  patient.Away("ann", at(0));
  CHECK(patient.NextDue() == absl::InfiniteFuture());
}

TEST_CASE("a new session is told everything, and that this was all; the same one nothing") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  CHECK(pool.delivery.all == Told{"s-ann"});
  pool.delivery.told.clear();
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_connected(false); });
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_connected(true); });
  CHECK(pool.Said("ann").empty());  // it has resumed
  CHECK(pool.delivery.all.size() == 1);
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_session_id("s-2"); });
  REQUIRE(pool.Said("ann").size() == 1);
  CHECK(pool.Said("ann")[0].assignment_confirmed().assignment_id() == id);
  CHECK(pool.delivery.all == Told{"s-ann", "s-2"});
}

TEST_CASE("a node to which no stream stands has agents who get nothing") {
  PoolTester pool;
  pool.AddAgent("ann", [](PoolTester::Agent& ann) { ann.set_node_id("n-2"); });
  pool.AddTicket("t-1");
  CHECK(pool.OffersOf("t-1") == 0);
  CHECK(pool.delivery.all.empty());
  pool.runner->OnDeliveryReady("n-2", true);
  pool.Run();
  CHECK(pool.OffersOf("t-1") == 1);
  CHECK(pool.delivery.all == Told{"s-ann"});
  // It breaks: what was on offer there goes to another, at no price.
  pool.AddAgent("bob");
  pool.runner->OnDeliveryReady("n-2", false);
  pool.Run();
  CHECK(pool.OffersOf("t-1") == 2);
  CHECK(pool.Said("bob").back().has_offer());
}

TEST_CASE("a stream that begins to serve a node tells its agents everything again") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.AddAgent("bob", [](PoolTester::Agent& bob) { bob.set_node_id("n-2"); });
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_connected(false); });
  pool.delivery.told.clear();
  pool.delivery.all.clear();
  pool.runner->OnDeliveryReady("n-1", false);
  pool.runner->OnDeliveryReady("n-1", true);
  pool.Run();
  // Also to those who are in their grace: they may resume.
  REQUIRE(pool.Said("ann").size() == 1);
  CHECK(pool.Said("ann")[0].assignment_confirmed().assignment_id() == id);
  CHECK(pool.delivery.all == Told{"s-ann"});
}

TEST_CASE("what ended while no stream stood is told with its reason") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.runner->OnDeliveryReady("n-1", false);
  pool.ChangeTicket("t-1", [](PoolTester::Ticket& t) { t.set_state(in::TICKET_STATE_CANCELLED); });
  pool.delivery.told.clear();
  pool.runner->OnDeliveryReady("n-1", true);
  pool.Run();
  REQUIRE(pool.Said("ann").size() == 1);
  CHECK(pool.Said("ann")[0].assignment_ended().reason() == av::ASSIGNMENT_END_REASON_CUSTOMER_LEFT);
}

TEST_CASE(
    "accepted work of an agent who stays away is LOST, and its ticket comes before all others") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.Advance(absl::Seconds(1));
  pool.AddTicket("t-2", [](PoolTester::Ticket& ticket) {
    ticket.mutable_priority_ahead()->set_seconds(24 * 3'600);
  });
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) {
    ann.set_connected(false);
    ann.set_presence(av::PRESENCE_OFFLINE);
  });
  pool.Advance(pool.options.lost_after - absl::Milliseconds(1));
  CHECK(pool.Record(id).state == AssignmentState::kActive);
  pool.Advance(absl::Milliseconds(1));
  CHECK(pool.Record(id).state == AssignmentState::kLost);
  CHECK(pool.Record(id).end_reason == end_reason::kLost);
  CHECK(pool.Progress() == Told{"assigned t-1", "requeued t-1"});
  CHECK(pool.Said("ann").back().assignment_ended().reason() == av::ASSIGNMENT_END_REASON_LOST);
  CHECK(pool.progress.entries.back().requeued().interrupted());
  SECTION("intake was told") { pool.Echo(); }
  SECTION("intake was told, and another matcher takes over") {
    pool.Echo();
    pool.Restart();
    pool.Open();
  }
  SECTION("another matcher takes over, and has to tell intake again") {
    pool.Restart();
    pool.Open();
    CHECK(pool.progress.entries.back().requeued().interrupted());
  }
  pool.AddAgent("bob");
  CHECK(pool.Said("bob").back().offer().ticket_id() == "t-1");
  CHECK(pool.AnsweredOk(pool.Accept("bob", pool.LastOffer())));
  CHECK(pool.Refusal(pool.Complete("ann", id)) == "ASSIGNMENT_ENDED");
}

TEST_CASE("who comes back in time keeps its work, also when a matcher takes over meanwhile") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_connected(false); });
  pool.Advance(pool.options.lost_after / 2);
  bool back = false;
  SECTION("back") {
    pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_connected(true); });
    back = true;
  }
  SECTION("a takeover: counted anew") {
    pool.Restart();
    pool.Open();
  }
  pool.Advance(pool.options.lost_after / 2 + absl::Seconds(1));
  CHECK(pool.Record(id).state == AssignmentState::kActive);
  pool.Advance(pool.options.lost_after);
  CHECK(pool.Record(id).state == (back ? AssignmentState::kActive : AssignmentState::kLost));
}

TEST_CASE("after-work that is lost ends; its ticket was resolved") {
  PoolTester pool;
  pool.ChangeQueue([](in::Queue& queue) { queue.mutable_after_work_time()->set_seconds(3'600); });
  std::string id = pool.Serve("ann", "t-1");
  CHECK(pool.AnsweredOk(pool.WrapUp("ann", id)));
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_connected(false); });
  pool.Advance(pool.options.lost_after);
  CHECK(pool.Record(id).state == AssignmentState::kCompleted);
  CHECK(pool.Record(id).end_reason == end_reason::kLost);
  CHECK(pool.OffersOf("t-1") == 1);
}

}  // namespace muster::matcher
