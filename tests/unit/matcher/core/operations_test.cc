// What operations do to tickets, what they see, and a matcher that falls behind.
#include "common/base/errors.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;
using Told = std::vector<std::string>;

namespace {

struct Result {
  absl::StatusOr<OperationResult> value = absl::UnknownError("no answer");
  auto Done() {
    return [this](absl::StatusOr<OperationResult> result) { value = std::move(result); };
  }
};

}  // namespace

TEST_CASE("a ticket is taken back from the agent who serves it") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.Echo();
  pool.store.Hold();
  Result result;
  pool.runner->Requeue(
      {.pool_id = "bank", .ticket_id = "t-1", .reason = "her phone broke", .request = {"r-1", 7}},
      result.Done());
  pool.Run();
  CHECK(absl::IsUnknown(result.value.status()));  // not before it is on record
  CHECK(pool.Progress().empty());
  pool.store.Release();
  pool.Run();
  REQUIRE(result.value.ok());
  CHECK(result.value->ended_assignment_id == id);
  CHECK(pool.Record(id).state == AssignmentState::kTransferred);
  CHECK(pool.Record(id).end_reason == end_reason::kRequeued);
  CHECK(pool.Progress() == Told{"requeued t-1"});
  CHECK(pool.progress.entries[0].requeued().reason() == "her phone broke");
  CHECK(pool.Said("ann").back().assignment_ended().reason() == av::ASSIGNMENT_END_REASON_REQUEUED);
  // It is offered again, to another; who had it pays the price of a decline.
  pool.AddAgent("bob");
  CHECK(pool.Said("bob").back().offer().ticket_id() == "t-1");
  CHECK(pool.AnsweredOk(pool.Accept("bob", pool.LastOffer())));
  CHECK(pool.Progress() == Told{"requeued t-1", "assigned t-1"});
}

TEST_CASE("a waiting ticket is moved to another queue, for a certain agent") {
  PoolTester pool;
  in::WatchTicketsResponse::Changes changes;
  changes.add_queues()->set_queue_id("loans");
  pool.runner->OnTicketChanges(std::move(changes), pool.clock.Now());
  pool.AddTicket("t-1");
  Result result;
  SECTION("to a queue") {
    pool.runner->Transfer({.pool_id = "bank",
                           .ticket_id = "t-1",
                           .to_queue_id = "loans",
                           .reason = "it is about a loan"},
                          result.Done());
    pool.Run();
    REQUIRE(result.value.ok());
    CHECK_FALSE(result.value->ended_assignment_id.has_value());
    CHECK(pool.Progress() == Told{"requeued t-1"});
    CHECK(pool.progress.entries[0].requeued().queue_id() == "loans");
    pool.AddAgent("ann");
    CHECK(pool.Said("ann").back().offer().queue_id() == "loans");
  }
  SECTION("to a queue and to an agent there") {
    pool.AddAgent("zoe", [](PoolTester::Agent& zoe) { zoe.set_presence(av::PRESENCE_PAUSED); });
    pool.runner->Transfer({.pool_id = "bank",
                           .ticket_id = "t-1",
                           .to_queue_id = "loans",
                           .to_agent_id = "zoe",
                           .reason = "she knows loans"},
                          result.Done());
    pool.Run();
    REQUIRE(result.value.ok());
    REQUIRE(pool.Progress() == Told{"requeued t-1", "requeued t-1"});
    CHECK(pool.progress.entries[1].requeued().preferred_agent_id() == "zoe");
    pool.AddAgent("ann");
    CHECK(pool.Said("ann").empty());  // it waits for her
    pool.ChangeAgent("zoe", [](PoolTester::Agent& zoe) { zoe.set_presence(av::PRESENCE_ONLINE); });
    CHECK(pool.Said("zoe").back().offer().queue_id() == "loans");
  }
}

TEST_CASE("a ticket being served goes to a queue and an agent there in one operation") {
  PoolTester pool;
  in::WatchTicketsResponse::Changes changes;
  changes.add_queues()->set_queue_id("loans");
  pool.runner->OnTicketChanges(std::move(changes), pool.clock.Now());
  std::string id = pool.Serve("ann", "t-1");
  pool.AddAgent("zoe");
  Result result;
  pool.runner->Transfer({.pool_id = "bank",
                         .ticket_id = "t-1",
                         .to_queue_id = "loans",
                         .to_agent_id = "zoe",
                         .reason = "a loan",
                         .request = {"r-1", 7}},
                        result.Done());
  pool.Run();
  REQUIRE(result.value.ok());
  CHECK(result.value->ended_assignment_id == id);
  CHECK(pool.Record(id).end_reason == end_reason::kTransferred);
  CHECK(pool.AnsweredOk(pool.Accept("zoe", pool.LastOffer())));
}

TEST_CASE("operations on what is not there") {
  PoolTester pool;
  Result result;
  SECTION("no such ticket") {
    pool.runner->Requeue({.pool_id = "bank", .ticket_id = "t-9"}, result.Done());
    CHECK(ErrorReason(result.value.status()) == "TICKET_NOT_LIVE");
  }
  SECTION("a ticket that has ended") {
    std::string id = pool.Serve("ann", "t-1");
    CHECK(pool.AnsweredOk(pool.Complete("ann", id)));
    pool.runner->Requeue({.pool_id = "bank", .ticket_id = "t-1"}, result.Done());
    CHECK(ErrorReason(result.value.status()) == "TICKET_NOT_LIVE");
  }
  SECTION("no such queue") {
    pool.AddTicket("t-1");
    pool.runner->Transfer(
        {.pool_id = "bank", .ticket_id = "t-1", .to_queue_id = "loans", .to_agent_id = "ann"},
        result.Done());
    CHECK_FALSE(result.value.ok());
    pool.AddAgent("ann");
    result.value = absl::UnknownError("no answer");
    pool.runner->Transfer(
        {.pool_id = "bank", .ticket_id = "t-1", .to_queue_id = "loans", .to_agent_id = "ann"},
        result.Done());
    CHECK(ErrorReason(result.value.status()) == "QUEUE_NOT_FOUND");
  }
  SECTION("a pool that is served no more") {
    pool.runner->Stop(Unavailable("POOL_NOT_SERVED", "the test stops it"));
    pool.runner->Requeue({.pool_id = "bank", .ticket_id = "t-1"}, result.Done());
    CHECK(ErrorReason(result.value.status()) == "POOL_NOT_SERVED");
  }
  CHECK(pool.Progress() == (pool.tickets.count("t-1") > 0 && !pool.progress.entries.empty()
                                ? Told{"assigned t-1", "resolved t-1 solved"}
                                : Told{}));
}

TEST_CASE("open offers and statistics are told from memory") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  pool.AddAgent("bob");
  pool.AddTicket("t-2");
  pool.Receive("ann", "bank/1/1");
  std::vector<PendingOffer> offers;
  auto keep = [&offers](absl::StatusOr<std::vector<PendingOffer>> found) {
    offers = *std::move(found);
  };
  pool.runner->PendingOffers({.pool_id = "bank"}, keep);
  REQUIRE(offers.size() == 2);
  CHECK(offers[0].offer_id == "bank/1/2");
  CHECK_FALSE(offers[0].receive_time.has_value());
  CHECK(offers[1].receive_time == pool.clock.Now());
  pool.runner->PendingOffers({.pool_id = "bank", .agent_id = "bob"}, keep);
  REQUIRE(offers.size() == 1);
  CHECK(offers[0].view.ticket_id == "t-2");
  pool.runner->PendingOffers({.pool_id = "bank", .ticket_id = "t-9"}, keep);
  CHECK(offers.empty());

  pool.Advance(absl::Seconds(4));
  CHECK(pool.AnsweredOk(pool.Accept("ann", "bank/1/1")));
  CHECK(pool.AnsweredOk(pool.Decline("bob", "bank/1/2")));
  pool.ChangeTicket("t-2", [](PoolTester::Ticket& t) { t.set_state(in::TICKET_STATE_CANCELLED); });
  bool looked = false;
  pool.runner->Inspect([&](absl::StatusOr<PoolView> view) {
    REQUIRE(view.ok());
    looked = true;
    Flow flow = view->statistics.Total(absl::Minutes(5), view->now);
    CHECK(flow.tickets_arrived == 2);
    CHECK(flow.tickets_assigned == 1);
    CHECK(flow.tickets_abandoned == 1);
    CHECK(flow.offers_made == 2);
    CHECK(flow.offers_accepted == 1);
    CHECK(flow.offers_declined == 1);
    CHECK(view->engine.Pool().busy == 1);
    CHECK(view->queues.at("card").display_name == "Cards");
  });
  CHECK(looked);
}

TEST_CASE("what the store refuses at once is tried again, in order") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.FailWith(ResourceExhausted("WRITE_QUEUE_FULL", "too many writes are waiting"));
  uint64_t accept = pool.Accept("ann", offer);
  uint64_t complete = pool.Complete("ann", offer);
  CHECK(pool.Answer(accept) == nullptr);
  CHECK(pool.runner->NextWakeup() <= pool.clock.Now() + pool.options.retry);
  pool.Advance(pool.options.retry);
  CHECK(pool.Answer(accept) == nullptr);
  pool.store.FailWith(absl::OkStatus());
  pool.Advance(pool.options.retry);
  CHECK(pool.AnsweredOk(accept));
  CHECK(pool.AnsweredOk(complete));
  CHECK(pool.Progress() == Told{"assigned t-1", "resolved t-1 solved"});
  CHECK(pool.runner->Settled());
}

TEST_CASE("no offers while the records or intake are too far behind") {
  PoolTester pool;
  pool.options.max_in_flight = 1;
  pool.options.max_parked = 2;
  pool.options.max_untold = 10;
  pool.Restart();
  pool.Open();
  pool.AddAgent("ann");
  SECTION("records") {
    pool.store.Hold();
    std::vector<uint64_t> acts;
    for (int i = 1; i <= 2; ++i) {
      pool.AddTicket("t-" + std::to_string(i));
      acts.push_back(pool.Accept("ann", pool.LastOffer()));
      acts.push_back(pool.Complete("ann", pool.LastOffer()));
    }
    CHECK(pool.store.held() == 1);
    pool.AddTicket("t-3");
    CHECK(pool.OffersOf("t-3") == 0);
    pool.store.Release();
    pool.Run();
    for (uint64_t act : acts) CHECK(pool.AnsweredOk(act));
    CHECK(pool.OffersOf("t-3") == 1);
  }
  SECTION("intake") {
    pool.progress.backlog = 11;
    pool.AddTicket("t-1");
    CHECK(pool.OffersOf("t-1") == 1);  // made before it was seen, then taken back
    CHECK(pool.Said("ann").back().has_offer_revoked());
    pool.progress.backlog = 6;  // not yet at half
    pool.runner->OnProgressAnswers({});
    pool.Run();
    CHECK(pool.OffersOf("t-1") == 1);
    pool.progress.backlog = 5;
    pool.runner->OnProgressAnswers({});
    pool.Run();
    CHECK(pool.OffersOf("t-1") == 2);
  }
}

TEST_CASE("a matcher that is about to leave makes no offers, and finishes what is under way") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.AddAgent("bob");
  pool.AddTicket("t-2");
  std::string offer = pool.LastOffer();
  pool.runner->StopOffering();
  pool.Run();
  CHECK(pool.Said("bob").back().offer_revoked().offer_id() == offer);
  CHECK(pool.OffersOf("t-2") == 1);
  pool.store.Hold();
  uint64_t act = pool.Complete("ann", id);
  CHECK_FALSE(pool.runner->Settled());
  pool.store.Release();
  pool.Run();
  CHECK(pool.AnsweredOk(act));
  CHECK(pool.runner->Settled());
  pool.progress.backlog = 1;
  CHECK_FALSE(pool.runner->Settled());
}

}  // namespace muster::matcher
