// What becomes of assignments: told once on record, in order, and idempotent.
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;
using Told = std::vector<std::string>;

namespace {

void WithAfterWork(PoolTester& pool) {
  pool.ChangeQueue([](in::Queue& queue) {
    *queue.mutable_after_work_time() = ToProtoDuration(absl::Seconds(30));
  });
}

}  // namespace

TEST_CASE("nobody hears of an acceptance before it is on record") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.Hold();
  uint64_t act = pool.Accept("ann", offer);
  CHECK(pool.Answer(act) == nullptr);
  CHECK(pool.Progress().empty());
  pool.store.Release();
  pool.Run();
  REQUIRE(pool.AnsweredOk(act));
  const auto& confirmed = pool.Answer(act)->confirmed;
  REQUIRE(confirmed.has_value());
  CHECK(confirmed->assignment_id() == offer);
  CHECK(confirmed->ticket().text() == "It is gone.");
  CHECK(confirmed->ticket().agent_display_name() == "Agent ann");
  CHECK(pool.Progress() == Told{"assigned t-1"});
  const in::ProgressEntry& entry = pool.progress.entries[0];
  CHECK(entry.progress_revision() == (int64_t{1} << 40) + 1);
  CHECK(entry.assigned().agent_display_name() == "Agent ann");
  CHECK(pool.Record(offer).state == AssignmentState::kActive);
}

TEST_CASE("a customer who left before intake heard of the work has left, also once it is done") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  WithAfterWork(pool);
  const std::string work = pool.Serve("ann", "t-1");
  SECTION("completed") { REQUIRE(pool.AnsweredOk(pool.Complete("ann", work))); }
  SECTION("in after-work, then completed") { REQUIRE(pool.AnsweredOk(pool.WrapUp("ann", work))); }
  pool.Reject(in::TICKET_STATE_CANCELLED);
  pool.Run();
  if (pool.Record(work).state == AssignmentState::kWrapUp) {
    REQUIRE(pool.AnsweredOk(pool.Complete("ann", work)));
  }
  CHECK(pool.Record(work).state == AssignmentState::kCompleted);
  CHECK(pool.Record(work).end_reason == "customer_left");
}

TEST_CASE("of two answers to one offer, one wins") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddAgent("bob");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.Hold();
  uint64_t first = pool.Accept("ann", offer);
  SECTION("the same agent, twice: both hear yes, once it is on record") {
    uint64_t second = pool.Accept("ann", offer);
    CHECK(pool.Answer(second) == nullptr);
    pool.store.Release();
    pool.Run();
    CHECK(pool.AnsweredOk(second));
    CHECK(pool.Answer(second)->confirmed->assignment_id() == offer);
  }
  SECTION("another agent") {
    uint64_t second = pool.Accept("bob", offer);
    pool.store.Release();
    pool.Run();
    CHECK(pool.Refusal(second) == "OFFER_NOT_YOURS");
  }
  SECTION("a decline after the acceptance") {
    uint64_t second = pool.Decline("ann", offer);
    pool.store.Release();
    pool.Run();
    CHECK(pool.Refusal(second) == "OFFER_ACCEPTED");
  }
  CHECK(pool.AnsweredOk(first));
  CHECK(pool.Progress() == Told{"assigned t-1"});
  CHECK(pool.OffersOf("t-1") == 1);
}

TEST_CASE("a cancel that intake put on record before the acceptance wins") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  uint64_t act = pool.Accept("ann", offer);
  CHECK(pool.AnsweredOk(act));
  SECTION("intake refuses the progress") { pool.Reject(in::TICKET_STATE_CANCELLED); }
  SECTION("the feed says so") {
    pool.ChangeTicket("t-1",
                      [](PoolTester::Ticket& t) { t.set_state(in::TICKET_STATE_CANCELLED); });
  }
  SECTION("both") {
    pool.ChangeTicket("t-1",
                      [](PoolTester::Ticket& t) { t.set_state(in::TICKET_STATE_CANCELLED); });
    pool.Reject(in::TICKET_STATE_CANCELLED);
  }
  Assignment record = pool.Record(offer);
  CHECK(record.state == AssignmentState::kCompleted);
  CHECK(record.end_reason == end_reason::kCustomerLeft);
  REQUIRE(pool.Said("ann").size() == 2);
  CHECK(pool.Said("ann")[1].assignment_ended().reason() == av::ASSIGNMENT_END_REASON_CUSTOMER_LEFT);
  CHECK(pool.Progress() == Told{"assigned t-1"});
  // The agent is free again.
  pool.AddTicket("t-2");
  CHECK(pool.OffersOf("t-2") == 1);
}

TEST_CASE("a cancel while the acceptance is on its way into the records") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.Hold();
  uint64_t act = pool.Accept("ann", offer);
  pool.ChangeTicket("t-1", [](PoolTester::Ticket& t) { t.set_state(in::TICKET_STATE_CANCELLED); });
  CHECK(pool.Said("ann").size() == 1);
  pool.store.Release();
  pool.Run();
  CHECK(pool.AnsweredOk(act));
  CHECK(pool.Said("ann").back().assignment_ended().assignment_id() == offer);
  CHECK(pool.Record(offer).end_reason == end_reason::kCustomerLeft);
}

TEST_CASE("a conversation, notes, and the disposition") {
  PoolTester pool;
  WithAfterWork(pool);
  std::string id = pool.Serve("ann", "t-1");
  pool.Advance(absl::Minutes(3));
  CHECK(pool.AnsweredOk(pool.WrapUp("ann", id)));
  CHECK(pool.Record(id).state == AssignmentState::kWrapUp);
  CHECK(pool.AnsweredOk(pool.WrapUp("ann", id)));
  pool.AddTicket("t-2");
  CHECK(pool.OffersOf("t-2") == 0);  // the capacity is held until it is completed
  pool.Advance(absl::Seconds(10));
  CHECK(pool.AnsweredOk(pool.Complete("ann", id, "solved")));
  CHECK(pool.OffersOf("t-2") == 1);
  Assignment record = pool.Record(id);
  CHECK(record.state == AssignmentState::kCompleted);
  CHECK(record.end_reason == end_reason::kCompleted);
  CHECK(record.disposition == "solved");
  CHECK(pool.Progress() == Told{"assigned t-1", "resolved t-1 ", "resolved t-1 solved"});
  std::vector<PoolTester::ToAgent> said = pool.Said("ann");
  REQUIRE(said.size() == 3);  // an offer, the end, and the next offer
  CHECK(said[1].offer().ticket_id() == "t-2");
  CHECK(said[2].assignment_ended().reason() == av::ASSIGNMENT_END_REASON_COMPLETED);
}

TEST_CASE("after-work ends when its time is over") {
  PoolTester pool;
  WithAfterWork(pool);
  std::string id = pool.Serve("ann", "t-1");
  CHECK(pool.AnsweredOk(pool.WrapUp("ann", id)));
  pool.Advance(absl::Seconds(31));
  CHECK(pool.Record(id).end_reason == end_reason::kAfterWorkElapsed);
  CHECK(pool.Said("ann").back().assignment_ended().reason() ==
        av::ASSIGNMENT_END_REASON_AFTER_WORK_ELAPSED);
  CHECK(pool.Progress() == Told{"assigned t-1", "resolved t-1 "});
}

TEST_CASE("complete straight from the conversation, and again") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.AddAgent("bob");
  CHECK(pool.Refusal(pool.Complete("bob", id)) == "ASSIGNMENT_NOT_YOURS");
  pool.store.Hold();
  uint64_t first = pool.Complete("ann", id, "solved");
  uint64_t again = pool.Complete("ann", id, "solved");
  CHECK(pool.Answer(first) == nullptr);
  CHECK(pool.Answer(again) == nullptr);
  pool.store.Release();
  pool.Run();
  CHECK(pool.AnsweredOk(first));
  CHECK(pool.AnsweredOk(again));
  CHECK(pool.Refusal(pool.Complete("ann", id, "another word")) == "ALREADY_COMPLETED");
  CHECK(pool.Progress() == Told{"assigned t-1", "resolved t-1 solved"});
}

TEST_CASE("an acceptance that the records refuse never was") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.FailWith(FailedPrecondition("CAPACITY_EXCEEDED", "too much"));
  uint64_t act = pool.Accept("ann", offer);
  CHECK(pool.Refusal(act) == "CAPACITY_EXCEEDED");
  CHECK(pool.Progress().empty());
  pool.store.FailWith(absl::OkStatus());
  pool.Advance(absl::Seconds(20));  // the price that keeps this from going round at once
  CHECK(pool.OffersOf("t-1") == 2);
  CHECK(pool.AnsweredOk(pool.Accept("ann", pool.LastOffer())));
  CHECK(pool.Progress() == Told{"assigned t-1"});
}

TEST_CASE("intake hears things in the order in which they became true") {
  PoolTester pool;
  pool.ChangeQueue(
      [](in::Queue& queue) { *queue.mutable_time_to_live() = ToProtoDuration(absl::Seconds(5)); });
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  pool.AddTicket("t-2");
  pool.store.Hold();
  pool.Accept("ann", pool.LastOffer());
  pool.Advance(absl::Seconds(6));  // t-2 expires meanwhile, which needs no record
  CHECK(pool.Progress().empty());
  pool.store.Release();
  pool.Run();
  CHECK(pool.Progress() == Told{"assigned t-1", "expired t-2"});
  CHECK(pool.progress.entries[0].progress_revision() <
        pool.progress.entries[1].progress_revision());
}

TEST_CASE("what intake says of a ticket is passed over while it has not heard the latest") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  PoolTester::Ticket queued = pool.tickets["t-1"];
  CHECK(pool.AnsweredOk(pool.Complete("ann", id)));
  pool.SendTickets();  // a snapshot of before: QUEUED
  CHECK(pool.OffersOf("t-1") == 1);
  pool.Echo();
  CHECK(pool.tickets["t-1"].state() == in::TICKET_STATE_RESOLVED);
  pool.SendTickets();
  CHECK(pool.OffersOf("t-1") == 1);
}

TEST_CASE("an answer that comes after the agent has stopped waiting is said all the same") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.Hold();
  pool.Accept("ann", offer);
  SECTION("its deadline is over") { pool.Advance(absl::Seconds(11)); }
  SECTION("its session is another") {
    pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_session_id("s-2"); });
  }
  SECTION("the delivery stream is another") {
    pool.runner->OnDeliveryReady("n-1", false);
    pool.Run();
    pool.runner->OnDeliveryReady("n-1", true);
    pool.Run();
  }
  pool.store.Release();
  pool.Run();
  CHECK(pool.Said("ann").back().assignment_confirmed().assignment_id() == offer);
}

TEST_CASE("acts that make no sense are refused") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  CHECK(pool.Refusal(pool.Accept("ann", "")) == "OFFER_NOT_FOUND");
  CHECK(pool.Refusal(pool.Accept("ann", "other/1/1")) == "OFFER_NOT_FOUND");
  CHECK(pool.Refusal(pool.Accept("ann", "bank/1/99")) == "OFFER_NOT_FOUND");
  CHECK(pool.Refusal(pool.Receive("ann", "bank/1/99")) == "OFFER_NOT_FOUND");
  CHECK(pool.Refusal(pool.WrapUp("ann", "bank/1/99")) == "ASSIGNMENT_NOT_FOUND");
  CHECK(pool.Refusal(pool.Complete("ann", "nonsense")) == "ASSIGNMENT_NOT_FOUND");
  CHECK(pool.Refusal(pool.Complete("ann", id, std::string("a\0b", 3))) == "INVALID_FIELD");
  uint64_t late = pool.Send("ann", [&](PoolTester::Act& act) {
    act.mutable_complete_assignment()->set_assignment_id(id);
    *act.mutable_deadline() = ToProtoTime(pool.clock.Now());
  });
  CHECK(pool.Answer(late) == nullptr);  // nobody waits, and nothing is done
  CHECK(pool.Record(id).state == AssignmentState::kActive);
}

}  // namespace muster::matcher
