// What becomes of offers: out at once, in memory, on record when they end.
#include "common/rpc/proto_time.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

TEST_CASE("an idle agent is offered a new ticket, with what is needed to decide") {
  PoolTester pool;
  pool.ChangeQueue([](in::Queue& queue) {
    queue.set_weight(2);
    *queue.mutable_offer_timeout() = ToProtoDuration(absl::Seconds(15));
    queue.add_required_skills()->set_skill("cards");
  });
  pool.AddAgent("ann", [](PoolTester::Agent& ann) {
    ann.set_capacity(2);
    for (const char* skill : {"cards", "fraud"}) {
      ann.add_skills()->set_skill(skill);
      ann.mutable_skills()->rbegin()->set_level(3);
    }
  });
  pool.AddTicket("t-1", [&](PoolTester::Ticket& ticket) {
    ticket.set_channel(in::CHANNEL_VOICE);
    ticket.mutable_origin()->set_reason("the bot gave up");
    ticket.add_extra_skills()->set_skill("fraud");
    ticket.mutable_extra_skills(0)->set_level(2);
    *ticket.mutable_create_time() = ToProtoTime(pool.clock.Now() - absl::Seconds(7));
  });
  REQUIRE(pool.Said("ann").size() == 1);
  const av::OfferNotice offer = pool.Said("ann")[0].offer();
  CHECK(offer.offer_id() == "bank/1/1");
  CHECK(offer.ticket_id() == "t-1");
  CHECK(offer.queue_display_name() == "Cards");
  CHECK(offer.channel() == in::CHANNEL_VOICE);
  CHECK(offer.subject() == "my card");
  CHECK(offer.reason() == "the bot gave up");
  REQUIRE(offer.required_skills_size() == 2);
  CHECK(offer.required_skills(1).skill() == "fraud");
  CHECK(offer.required_skills(1).level() == 2);
  CHECK(offer.weight() == 2);
  CHECK(FromProtoDuration(offer.waited()) == absl::Seconds(7));
  CHECK(FromProtoDuration(offer.answer_within()) == absl::Seconds(15));
  CHECK(FromProtoTime(offer.deadline()) == pool.clock.Now() + absl::Seconds(15));
}

TEST_CASE("nothing is offered before both snapshots are in and the delivery stream stands") {
  PoolTester pool(/*open=*/false);
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  SECTION("tickets") {
    pool.SendAgents();
    pool.runner->OnDeliveryReady("n-1", true);
    pool.Run();
    CHECK(pool.Said("ann").empty());
    pool.SendTickets();
  }
  SECTION("agents") {
    pool.SendTickets();
    pool.runner->OnDeliveryReady("n-1", true);
    pool.Run();
    CHECK(pool.Said("ann").empty());
    pool.SendAgents();
  }
  SECTION("delivery") {
    pool.SendTickets();
    pool.SendAgents();
    CHECK(pool.Said("ann").empty());
    pool.runner->OnDeliveryReady("n-1", true);
    pool.Run();
  }
  CHECK(pool.OffersOf("t-1") == 1);
}

TEST_CASE("a declined offer is on record before its answer, and goes to the next agent") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  pool.AddAgent("bob");
  std::string offer = pool.LastOffer();
  CHECK(pool.AnsweredOk(pool.Receive("ann", offer)));
  pool.store.Hold();
  uint64_t act = pool.Decline("ann", offer, "in a lecture");
  CHECK(pool.Answer(act) == nullptr);
  CHECK(pool.Said("bob").size() == 1);
  pool.store.Release();
  pool.Run();
  CHECK(pool.AnsweredOk(act));
  Offer record = pool.OfferRecord(offer);
  CHECK(record.state == OfferState::kDeclined);
  CHECK(record.reason == "in a lecture");
  CHECK(record.receive_time == pool.clock.Now());
  // Nobody is told that the offer is over who has ended it.
  CHECK(pool.Said("ann").size() == 1);
}

TEST_CASE("an offer without an answer expires, and its agent is told") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.Advance(absl::Seconds(21));
  REQUIRE(pool.Said("ann").size() >= 2);
  CHECK(pool.Said("ann")[1].offer_revoked().offer_id() == offer);
  CHECK(pool.Said("ann")[1].offer_revoked().reason() == av::REVOKE_REASON_OFFER_EXPIRED);
  CHECK(pool.OfferRecord(offer).state == OfferState::kExpired);
  CHECK(pool.Refusal(pool.Accept("ann", offer)) == "OFFER_EXPIRED");
}

TEST_CASE("a customer who leaves before anyone accepts revokes the offer") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.ChangeTicket("t-1", [](PoolTester::Ticket& t) { t.set_state(in::TICKET_STATE_CANCELLED); });
  CHECK(pool.Said("ann").back().offer_revoked().reason() == av::REVOKE_REASON_CUSTOMER_LEFT);
  CHECK(pool.Refusal(pool.Accept("ann", offer)) == "OFFER_REVOKED");
  CHECK(pool.Progress().empty());
  CHECK(pool.OfferRecord(offer).state == OfferState::kRevoked);
}

TEST_CASE("a ticket that has waited its time expires, and intake is told") {
  PoolTester pool;
  pool.ChangeQueue(
      [](in::Queue& queue) { *queue.mutable_time_to_live() = ToProtoDuration(absl::Seconds(30)); });
  pool.AddTicket("t-1");
  pool.Advance(absl::Seconds(31));
  CHECK(pool.Progress() == std::vector<std::string>{"expired t-1"});
  // What intake said before it heard of it counts no more.
  pool.ChangeTicket("t-1", {});
  pool.AddAgent("ann");
  CHECK(pool.OffersOf("t-1") == 0);
}

TEST_CASE("without a delivery stream offers are taken back without a price, and made anew") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string first = pool.LastOffer();
  pool.runner->OnDeliveryReady("n-1", false);
  pool.Run();
  CHECK(pool.Said("ann").size() == 1);  // nobody can be told
  CHECK(pool.OfferRecord(first).state == OfferState::kRevoked);
  pool.runner->OnDeliveryReady("n-1", true);
  pool.Run();
  std::vector<PoolTester::ToAgent> said = pool.Said("ann");
  REQUIRE(said.size() == 2);  // availability has revoked the first
  CHECK(said[1].offer().ticket_id() == "t-1");
  CHECK(said[1].offer().offer_id() != first);
}

TEST_CASE("a delivery stream that is back at once has lost what was on offer all the same") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string first = pool.LastOffer();
  pool.runner->OnDeliveryReady("n-1", false);
  pool.runner->OnDeliveryReady("n-1", true);
  pool.Run();
  CHECK(pool.OfferRecord(first).state == OfferState::kRevoked);
  CHECK(pool.OffersOf("t-1") == 2);
  CHECK(pool.AnsweredOk(pool.Accept("ann", pool.LastOffer())));
}

TEST_CASE("while only intake is away, matching goes on with what is known") {
  PoolTester pool;
  pool.AddTicket("t-1");
  pool.progress.backlog = 100;  // it answers nothing
  pool.AddAgent("ann");
  CHECK(pool.AnsweredOk(pool.Accept("ann", pool.LastOffer())));
}

TEST_CASE("an agent who cannot be reached is passed over for a while") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  REQUIRE(pool.Said("ann").size() == 1);
  pool.runner->OnUndelivered("ann");
  pool.Run();
  CHECK(pool.OffersOf("t-1") == 1);
  pool.AddAgent("bob");
  CHECK(pool.Said("bob").size() == 1);
  pool.AddTicket("t-2");
  CHECK(pool.OffersOf("t-2") == 0);
  SECTION("the feed was right after all") { pool.Advance(pool.options.hold_back); }
  SECTION("the feed tells of a new session") {
    pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_session_id("s-2"); });
  }
  CHECK(pool.OffersOf("t-2") == 1);
  CHECK(pool.Said("ann").back().offer().ticket_id() == "t-2");
}

TEST_CASE("a new session is told again what the agent has before it") {
  PoolTester pool;
  pool.AddAgent("ann", [](PoolTester::Agent& ann) { ann.set_capacity(2); });
  std::string assignment = pool.Serve("ann", "t-1");
  pool.AddTicket("t-2");
  std::string offer = pool.LastOffer();
  size_t before = pool.Said("ann").size();
  pool.ChangeAgent("ann", [](PoolTester::Agent& ann) { ann.set_session_id("s-2"); });
  std::vector<PoolTester::ToAgent> said = pool.Said("ann");
  REQUIRE(said.size() == before + 2);
  CHECK(said[before].offer().offer_id() == offer);
  CHECK(said[before + 1].assignment_confirmed().assignment_id() == assignment);
  CHECK(said[before + 1].assignment_confirmed().ticket().text() == "It is gone.");
}

}  // namespace muster::matcher
