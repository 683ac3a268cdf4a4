// What the engine's full strength asks of the shell: rules from the feed, tickets set aside, agents
// who do not react, offers to several, and the log of decisions.
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {
namespace {

namespace in = intake::v1;
namespace av = availability::v1;

void SetSeconds(google::protobuf::Duration* duration, int64_t seconds) {
  *duration = ToProtoDuration(absl::Seconds(seconds));
}

TEST_CASE("a pool or queue that is paused makes no offers") {
  PoolTester pool;
  pool.AddAgent("ann");
  SECTION("the queue") {
    pool.ChangeQueue([](in::Queue& queue) { queue.set_phase(in::PHASE_PAUSED); });
    pool.AddTicket("t-1");
    CHECK(pool.OffersOf("t-1") == 0);
    pool.ChangeQueue([](in::Queue& queue) { queue.set_phase(in::PHASE_OPEN); });
  }
  SECTION("the pool") {
    pool.ChangePool([](in::Pool& p) { p.set_phase(in::PHASE_PAUSED); });
    pool.AddTicket("t-1");
    CHECK(pool.OffersOf("t-1") == 0);
    pool.ChangePool([](in::Pool& p) { p.set_phase(in::PHASE_OPEN); });
  }
  SECTION("one that drains goes on") {
    pool.ChangePool([](in::Pool& p) { p.set_phase(in::PHASE_DRAINING); });
    pool.AddTicket("t-1");
  }
  CHECK(pool.OffersOf("t-1") == 1);
}

TEST_CASE("a pool's rules outlive a restart of the matcher") {
  PoolTester pool;
  pool.ChangePool([](in::Pool& p) { p.set_phase(in::PHASE_PAUSED); });
  pool.Restart();
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  CHECK(pool.OffersOf("t-1") == 0);
}

TEST_CASE("a ticket that nobody wants is set aside, and comes back as one that is new") {
  PoolTester pool;
  pool.ChangeQueue([](in::Queue& queue) {
    queue.set_most_refusals(2);
    SetSeconds(queue.mutable_decline_price(), 0);
  });
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  CHECK(pool.AnsweredOk(pool.Decline("ann", pool.LastOffer())));
  CHECK(pool.OffersOf("t-1") == 2);
  CHECK(pool.AnsweredOk(pool.Decline("ann", pool.LastOffer())));
  CHECK(pool.OffersOf("t-1") == 2);
  CHECK(pool.Progress() == std::vector<std::string>{"held t-1 TOO_MANY_REFUSALS 2"});

  const int64_t held = pool.progress.entries.back().progress_revision();
  pool.Echo();
  CHECK(pool.OffersOf("t-1") == 2);
  SECTION("operations release it") {
    pool.ChangeTicket("t-1", [&](in::Ticket& ticket) {
      ticket.set_state(in::TICKET_STATE_QUEUED);
      ticket.set_progress_revision(held);
    });
    CHECK(pool.OffersOf("t-1") == 3);
    // Its refusals are forgotten: it takes as many again.
    pool.Decline("ann", pool.LastOffer());
    CHECK(pool.OffersOf("t-1") == 4);
    CHECK(pool.Progress().empty());
  }
  SECTION("its customer leaves") {
    pool.ChangeTicket("t-1",
                      [](in::Ticket& ticket) { ticket.set_state(in::TICKET_STATE_CANCELLED); });
    CHECK(pool.OffersOf("t-1") == 2);
  }
}

TEST_CASE("an agent who lets offers pass is paused by name of its last word") {
  PoolTester pool;
  pool.ChangePool([](in::Pool& p) { p.set_ignored_offers_to_pause(2); });
  pool.ChangeQueue([](in::Queue& queue) { SetSeconds(queue.mutable_expiry_price(), 0); });
  pool.AddAgent("ann", [&](av::Agent& agent) {
    agent.set_session_id("s-7");
    *agent.mutable_presence_time() = ToProtoTime(pool.clock.Now());
  });
  pool.AddTicket("t-1");
  pool.Advance(absl::Seconds(20));
  CHECK(pool.pauses.asked.empty());
  CHECK(pool.OffersOf("t-1") == 2);
  pool.Advance(absl::Seconds(20));
  REQUIRE(pool.pauses.asked.size() == 1);
  const av::PauseAgentRequest& asked = pool.pauses.asked[0];
  CHECK(asked.agent_id() == "ann");
  CHECK(asked.reason() == "2 offers in a row were not answered");
  CHECK(asked.session_id() == "s-7");
  CHECK(asked.presence_time().seconds() == pool.agents["ann"].presence_time().seconds());
  CHECK(pool.OffersOf("t-1") == 2);  // nothing until the feed says something of it
  pool.ChangeAgent("ann", [](av::Agent& agent) { agent.set_presence(av::PRESENCE_PAUSED); });
  CHECK(pool.OffersOf("t-1") == 2);
  pool.ChangeAgent("ann", [](av::Agent& agent) { agent.set_presence(av::PRESENCE_ONLINE); });
  CHECK(pool.OffersOf("t-1") == 3);
}

TEST_CASE("a ticket is shown to several agents, and the losers are told who was quicker") {
  PoolTester pool;
  pool.ChangeQueue([](in::Queue& queue) { queue.set_offers_at_once(2); });
  for (const char* id : {"ann", "bo", "cy"}) pool.AddAgent(id);
  pool.AddTicket("t-1");
  CHECK(pool.OffersOf("t-1") == 2);
  const std::string winner = pool.Said("ann").empty() ? "bo" : "ann";
  std::string loser;
  for (const char* id : {"ann", "bo", "cy"}) {
    if (id != winner && !pool.Said(id).empty()) loser = id;
  }
  REQUIRE_FALSE(loser.empty());
  CHECK(pool.AnsweredOk(pool.Accept(winner, pool.Said(winner).back().offer().offer_id())));
  REQUIRE(pool.Said(loser).back().has_offer_revoked());
  CHECK(pool.Said(loser).back().offer_revoked().reason() == av::REVOKE_REASON_TAKEN);
}

TEST_CASE("decisions ride along with commits, and go alone only after a while") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  const std::string offer = pool.LastOffer();
  CHECK(pool.Decisions("t-1").empty());
  SECTION("with an acceptance") {
    const double commits = pool.metrics.commits.Value();
    pool.Accept("ann", offer);
    CHECK(pool.metrics.commits.Value() == commits + 1);
    REQUIRE(pool.Decisions("t-1").size() == 1);
    CHECK(pool.Decisions("t-1")[0].outcome == OfferState::kAccepted);
  }
  SECTION("with a decline") {
    pool.Decline("ann", offer, "lunch");
    REQUIRE(pool.Decisions("t-1").size() == 1);
    CHECK(pool.Decisions("t-1")[0].outcome == OfferState::kDeclined);
    CHECK(pool.Decisions("t-1")[0].outcome_reason == "lunch");
  }
  SECTION("alone") {
    pool.Advance(absl::Milliseconds(999));
    CHECK(pool.Decisions("t-1").empty());
    pool.Advance(absl::Milliseconds(1));
    REQUIRE(pool.Decisions("t-1").size() == 1);
    CHECK_FALSE(pool.Decisions("t-1")[0].outcome.has_value());
  }
  SECTION("when the matcher goes down in good order") {
    pool.runner->StopOffering();
    pool.Run();
  }
  REQUIRE(pool.Decisions("", "ann").size() == 1);
  CHECK(pool.Decisions("", "ann")[0].decision.offer_id == offer);
  CHECK(pool.Decisions("", "bo").empty());
}

TEST_CASE("a log of decisions that is behind forgets the oldest") {
  DecisionLog log({.most_held = 3, .most_taken = 2, .delay = absl::Seconds(1)});
  const absl::Time now = absl::FromUnixSeconds(100);
  CHECK(log.due() == absl::InfiniteFuture());
  size_t dropped = 0;
  for (int i = 1; i <= 5; ++i) dropped += log.Add({.offer_id = absl::StrCat("o-", i)}, now);
  CHECK(dropped == 2);
  CHECK(log.due() == now + absl::Seconds(1));
  std::vector<DecisionRecord> taken = log.Take();
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].offer_id == "o-3");
  CHECK(log.held() == 1);
  log.Delay(now + absl::Seconds(5));
  CHECK(log.due() == now + absl::Seconds(6));
  CHECK(log.Take().size() == 1);
  CHECK(log.Take().empty());
  CHECK(log.due() == absl::InfiniteFuture());
}

}  // namespace
}  // namespace muster::matcher
