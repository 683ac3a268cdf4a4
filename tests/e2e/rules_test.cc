// The rules of pools and queues through the whole system: what they do, and that it can be told
// why.
#include <algorithm>

#include "google/protobuf/util/json_util.h"
#include "tests/e2e/support/people.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::e2e {
namespace {

namespace av = availability::v1;
namespace in = intake::v1;
namespace ma = matcher::v1;

google::protobuf::Duration Millis(int64_t ms) {
  google::protobuf::Duration duration;
  duration.set_seconds(ms / 1000);
  duration.set_nanos(static_cast<int32_t>(ms % 1000) * 1'000'000);
  return duration;
}

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran Muster(const Pool& pool, std::vector<std::string> args) {
  args.insert(args.begin(), {"-p", pool.id()});
  ProcessOptions options;
  options.env = SharedStack().Environment();
  Process process(BinDir() + "/muster", args, options);
  const int code = process.Wait(absl::Seconds(30)).value_or(-1);
  return {code, process.Stdout(), process.Stderr()};
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What `muster ... explain` says, once it says all of that.
std::string Explained(const Pool& pool, const std::string& noun, const std::string& id,
                      const std::vector<std::string>& parts) {
  std::string text;
  const bool said = Eventually([&] {
    const Ran ran = Muster(pool, {noun, "explain", id});
    text = ran.out + ran.err;
    return ran.code == 0 && std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
             return Contains(text, part);
           });
  });
  INFO(text);
  REQUIRE(said);
  return text;
}

TEST_CASE("what is asked for relaxes as the wait grows, and explain says so") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& queue) {
    queue.mutable_required_skills(0)->set_level(5);  // agents of the test have 3
  });
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  Explained(
      pool, "ticket", ticket,
      {"waits in q, place 1", "Nobody registered fits", "1 agent could not: 1 lacks a skill"});
  REQUIRE(Muster(pool, {"queue", "update", "q", "--relax", "1ms=chat:3"}).code == 0);
  const av::OfferNotice offer = ann.WaitForOffer();
  REQUIRE(offer.ticket_id() == ticket);
  ann.Accept(offer.offer_id());
  ann.WaitForAssignment();
  Explained(pool, "ticket", ticket,
            {"is ASSIGNED, by ann", "offered to ann: waited", "after 1 relaxing step",
             "of what is wanted", "Accepted at"});
  Explained(pool, "agent", "ann",
            {"ann is ONLINE", "0 of 1 unit free", ticket + " offered to ann"});

  const Ran json = Muster(pool, {"-o", "json", "ticket", "explain", ticket});
  ma::ExplainTicketResponse response;
  REQUIRE(google::protobuf::util::JsonStringToMessage(json.out, &response).ok());
  REQUIRE(response.decisions_size() == 1);
  REQUIRE(response.decisions(0).relax_step() == 1);
  REQUIRE(response.decisions(0).outcome() == ma::OFFER_STATE_ACCEPTED);
}

TEST_CASE("a ticket that nobody wants is held, listed, explained, and released to its old place") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& queue) {
    queue.set_most_refusals(2);
    *queue.mutable_decline_price() = Millis(0);
  });
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const in::Ticket made = pool.CreateTicket("c-1");
  const std::string& ticket = made.ticket_id();
  for (int i = 0; i < 2; ++i) {
    REQUIRE(ann.WaitForAnswer(ann.Decline(ann.WaitForOffer().offer_id())).code() == 0);
  }
  pool.WaitForTicket(ticket, in::TICKET_STATE_HELD);
  const in::Ticket held = pool.GetTicket(ticket);
  REQUIRE(held.refusal_count() == 2);
  REQUIRE(held.end_reason() == "TOO_MANY_REFUSALS");
  REQUIRE(held.has_hold_time());
  REQUIRE(Contains(Muster(pool, {"ticket", "list", "--state", "held"}).out, ticket));
  Explained(pool, "ticket", ticket, {"is HELD since", "after 2 refusals", "Declined", "not now"});

  const std::string later = pool.CreateTicket("c-2").ticket_id();
  const av::OfferNotice other = ann.WaitForOffer();
  REQUIRE(other.ticket_id() == later);
  ann.Accept(other.offer_id());
  const std::string assignment = ann.WaitForAssignment().assignment_id();
  const std::string last = pool.CreateTicket("c-3").ticket_id();
  REQUIRE(Muster(pool, {"ticket", "release", ticket}).code == 0);
  const Ran again = Muster(pool, {"ticket", "release", ticket});
  REQUIRE(again.code == 1);
  REQUIRE(Contains(again.err, "TICKET_NOT_HELD"));
  REQUIRE(Eventually([&] {
    return Contains(Muster(pool, {"ticket", "explain", ticket}).out, "waits in q, place 1");
  }));
  REQUIRE(ann.WaitForAnswer(ann.Complete(assignment)).code() == 0);
  const av::OfferNotice back = ann.WaitForOffer();
  REQUIRE(back.ticket_id() == ticket);  // before the one that came after it
  ann.Accept(back.offer_id());
  ann.WaitForAssignment();
  pool.WaitForTicket(ticket, in::TICKET_STATE_ASSIGNED);
}

TEST_CASE("a held ticket's customer may leave") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& queue) { queue.set_most_refusals(1); });
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  ann.Decline(ann.WaitForOffer().offer_id());
  pool.WaitForTicket(ticket, in::TICKET_STATE_HELD);
  REQUIRE(pool.Cancel(ticket).ok());
  pool.WaitForTicket(ticket, in::TICKET_STATE_CANCELLED);
}

TEST_CASE("an agent who lets offers pass is paused, told why, and comes back by its own word") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& queue) {
    *queue.mutable_offer_timeout() = Millis(200);
    *queue.mutable_expiry_price() = Millis(0);
  });
  REQUIRE(Muster(pool, {"pool", "update", pool.id(), "--ignored-offers-to-pause", "2"}).code == 0);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  REQUIRE(Eventually([&] { return pool.GetAgent("ann").presence() == av::PRESENCE_PAUSED; }));
  REQUIRE(Eventually([&] { return ann.Has(Agent::Frame::kPresenceChanged); }));
  const std::string reason = "2 offers in a row were not answered";
  REQUIRE(pool.GetAgent("ann").presence_reason() == reason);
  REQUIRE(Contains(Muster(pool, {"agent", "get", "ann"}).out, reason));
  Explained(pool, "agent", "ann",
            {"ann is PAUSED", reason, "gets no offers while it is PAUSED", "Not answered"});
  const size_t offers = pool.ListOffers(ticket).size();
  REQUIRE(ann.WaitForAnswer(ann.SetPresence(av::PRESENCE_ONLINE)).code() == 0);
  REQUIRE(Eventually([&] { return pool.ListOffers(ticket).size() > offers; }));
}

TEST_CASE("the losers of an offer to several are told who was quicker") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& queue) { queue.set_offers_at_once(2); });
  pool.AddAgent("ann");
  pool.AddAgent("ben");
  Agent ann(stack, pool.id(), "ann");
  Agent ben(stack, pool.id(), "ben");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  const av::OfferNotice offer = ann.WaitForOffer();
  REQUIRE(ben.WaitForOffer().ticket_id() == ticket);
  ann.Accept(offer.offer_id());
  ann.WaitForAssignment();
  REQUIRE(ben.WaitForRevoked().reason() == av::REVOKE_REASON_TAKEN);
}

TEST_CASE("a pool or queue that is paused makes no offers, and one that drains takes no tickets") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  REQUIRE(Contains(Muster(pool, {"queue", "pause", "q"}).out, "PAUSED"));
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  Explained(pool, "ticket", ticket, {"makes no offers now"});
  REQUIRE(pool.ListOffers(ticket).empty());
  REQUIRE(Muster(pool, {"pool", "drain", pool.id()}).code == 0);
  const Ran refused = Muster(pool, {"ticket", "create", "--queue", "q", "--customer", "c-2"});
  REQUIRE(refused.code == 1);
  REQUIRE(Contains(refused.err, "POOL_DRAINING"));
  REQUIRE(Muster(pool, {"queue", "open", "q"}).code == 0);  // the pool drains: offers go on
  REQUIRE(ann.WaitForOffer().ticket_id() == ticket);
  REQUIRE(Muster(pool, {"pool", "open", pool.id()}).code == 0);
  REQUIRE(Muster(pool, {"queue", "drain", "q"}).code == 0);
  const Ran draining = Muster(pool, {"ticket", "create", "--queue", "q", "--customer", "c-2"});
  REQUIRE(Contains(draining.err, "QUEUE_DRAINING"));
}

TEST_CASE("rules are set by flags, shown, and kept by what does not name them") {
  Pool pool(SharedStack());
  const std::vector<std::string> flags = {"queue",
                                          "update",
                                          "q",
                                          "--relax",
                                          "30s=chat:1",
                                          "--relax",
                                          "90s=chat:0,any-language",
                                          "--preferred-skill",
                                          "gold:3",
                                          "--most-refusals",
                                          "4",
                                          "--target-boost",
                                          "0s"};
  Ran ran = Muster(pool, flags);
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  REQUIRE(Muster(pool, {"queue", "update", "q", "--weight", "2"}).code == 0);
  ran = Muster(pool, {"queue", "get", "q"});
  REQUIRE(Contains(ran.out, "after 30.0s chat:1; after 1m30s chat:0 any language"));
  REQUIRE(Contains(ran.out, "gold:3"));
  ran = Muster(pool, {"-o", "json", "queue", "get", "q"});
  in::Queue queue;
  REQUIRE(google::protobuf::util::JsonStringToMessage(ran.out, &queue).ok());
  REQUIRE(queue.most_refusals() == 4);
  REQUIRE(queue.relax_steps_size() == 2);
  REQUIRE(queue.target_boost().seconds() == 0);
  ran = Muster(pool, {"pool", "update", pool.id(), "--scarcity", "false", "--fair-window", "0s"});
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  REQUIRE(Muster(pool, {"pool", "update", pool.id(), "--name", "Renamed"}).code == 0);
  ran = Muster(pool, {"-o", "json", "pool", "get", pool.id()});
  in::Pool shown;
  REQUIRE(google::protobuf::util::JsonStringToMessage(ran.out, &shown).ok());
  REQUIRE_FALSE(shown.scarcity());
  REQUIRE(shown.display_name() == "Renamed");
  REQUIRE(Muster(pool, {"queue", "update", "q", "--relax", "soon"}).code == 2);
}

}  // namespace
}  // namespace muster::e2e
