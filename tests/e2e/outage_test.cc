// What is cut, killed or restarted in mid-work, and what it may cost: nothing that was
// acknowledged.
#include <csignal>

#include "tests/e2e/support/people.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::e2e {
namespace {

namespace av = availability::v1;
namespace in = intake::v1;
namespace ma = matcher::v1;

// Two customers wait, one is being served, one has been: then `trouble`, then all is brought to its
// end. Everything that was acknowledged before must still be so after.
void WorkThrough(Stack& stack, const std::function<void()>& trouble) {
  Pool pool(stack);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string done = pool.CreateTicket("c-done").ticket_id();
  const std::string finished = ann.WaitForOffer().offer_id();
  REQUIRE(ann.WaitForAnswer(ann.Accept(finished)).code() == 0);
  REQUIRE(ann.WaitForAnswer(ann.Complete(finished)).code() == 0);
  const std::string served = pool.CreateTicket("c-served").ticket_id();
  const std::string work = ann.WaitForOffer().offer_id();
  REQUIRE(ann.WaitForAnswer(ann.Accept(work)).code() == 0);
  const std::string waiting = pool.CreateTicket("c-waiting").ticket_id();
  const std::string left = pool.CreateTicket("c-left").ticket_id();
  REQUIRE(pool.Cancel(left).ok());

  trouble();
  stack.WaitUntilServing();
  ann.Reconnect();

  pool.WaitForTicket(done, in::TICKET_STATE_RESOLVED);
  pool.WaitForTicket(served, in::TICKET_STATE_ASSIGNED);
  REQUIRE(pool.GetTicket(left).state() == in::TICKET_STATE_CANCELLED);
  // The agent who comes back is told what it is at.
  REQUIRE(ann.WaitForAssignment().assignment_id() == work);
  REQUIRE(Eventually(
      [&] {
        const std::string complete = ann.Complete(work, "complete-" + work);
        const google::rpc::Status answer = ann.WaitForAnswer(complete);
        INFO(answer.ShortDebugString());
        return answer.code() == 0;
      },
      kPatience));
  pool.WaitForTicket(served, in::TICKET_STATE_RESOLVED);
  const av::OfferNotice offer = ann.WaitForOffer();
  REQUIRE(offer.ticket_id() == waiting);
  REQUIRE(ann.WaitForAnswer(ann.Accept(offer.offer_id())).code() == 0);
  REQUIRE(ann.WaitForAnswer(ann.Complete(offer.offer_id())).code() == 0);
  pool.WaitForTicket(waiting, in::TICKET_STATE_RESOLVED);

  std::map<std::string, int> served_times;
  for (const ma::Assignment& a : pool.ListAssignments()) {
    REQUIRE(a.state() == ma::ASSIGNMENT_STATE_COMPLETED);
    ++served_times[a.ticket_id()];
  }
  REQUIRE(served_times == std::map<std::string, int>{{done, 1}, {served, 1}, {waiting, 1}});
  REQUIRE(pool.ListTickets().size() == 4);
}

Stack& DurableStack() {
  static Stack stack({.fsync = true, .grace = "30s"});
  stack.WaitUntilServing();  // whatever the test before has killed
  return stack;
}

TEST_CASE("killing one service in mid-work loses nothing") {
  Stack& stack = DurableStack();
  for (const Part part : {Part::kIntake, Part::kAvailability, Part::kMatcher}) {
    DYNAMIC_SECTION("part " << static_cast<int>(part)) {
      WorkThrough(stack, [&] {
        stack.Kill(part);
        stack.Start(part);
      });
    }
  }
}

TEST_CASE("a clean stop drains, and a restart goes on") {
  Stack& stack = DurableStack();
  for (const Part part : {Part::kIntake, Part::kAvailability, Part::kMatcher}) {
    DYNAMIC_SECTION("part " << static_cast<int>(part)) {
      WorkThrough(stack, [&] {
        REQUIRE(stack.Stop(part) == 0);
        stack.Start(part);
      });
    }
  }
}

TEST_CASE("a PostgreSQL that crashes in mid-work loses nothing, and all recover by themselves") {
  Stack& stack = DurableStack();
  WorkThrough(stack, [&] {
    stack.postgres().Stop("immediate");
    // Health tells the truth.
    for (const Part part : {Part::kIntake, Part::kAvailability, Part::kMatcher}) {
      REQUIRE(Eventually([&] { return !stack.Serving(part); }));
    }
    stack.postgres().Start();
  });
}

TEST_CASE("all at once: everything is killed and comes back") {
  Stack& stack = DurableStack();
  WorkThrough(stack, [&] {
    for (const Part part : {Part::kIntake, Part::kAvailability, Part::kMatcher}) stack.Kill(part);
    stack.postgres().Restart("immediate");
    for (const Part part : {Part::kMatcher, Part::kAvailability, Part::kIntake}) stack.Start(part);
  });
}

TEST_CASE("intake takes tickets while the matcher is away, and they are served on its return") {
  Stack& stack = DurableStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  stack.Kill(Part::kMatcher);
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  REQUIRE(pool.GetAgent("ann").connected());
  stack.Start(Part::kMatcher);
  REQUIRE(ann.WaitForOffer().ticket_id() == ticket);
}

TEST_CASE("an agent whose stream is cut is held, then goes offline, and its offer returns") {
  Stack stack({.grace = "1s"});
  Pool pool(stack);
  pool.AddAgent("ann");
  pool.AddAgent("ben");
  const std::string first = [&] {
    Agent ann(stack, pool.id(), "ann");
    const std::string ticket = pool.CreateTicket("c-1").ticket_id();
    REQUIRE(ann.WaitForOffer().ticket_id() == ticket);
    return ticket;
  }();  // cut, with the offer unanswered
  Agent ben(stack, pool.id(), "ben");
  REQUIRE(Eventually([&] { return pool.GetAgent("ann").presence() == av::PRESENCE_OFFLINE; }));
  const av::OfferNotice offer = ben.WaitForOffer();
  REQUIRE(offer.ticket_id() == first);
  REQUIRE(ben.WaitForAnswer(ben.Accept(offer.offer_id())).code() == 0);
}

TEST_CASE("an agent who returns within the grace finds its offer and its work") {
  Stack& stack = DurableStack();
  Pool pool(stack);
  pool.AddAgent("ann", /*capacity=*/2);
  Agent ann(stack, pool.id(), "ann");
  pool.CreateTicket("c-1");
  const std::string work = ann.WaitForOffer().offer_id();
  ann.Accept(work);
  ann.WaitForAssignment();
  pool.CreateTicket("c-2");
  const std::string offer = ann.WaitForOffer().offer_id();
  ann.Reconnect();
  REQUIRE(ann.WaitForAssignment().assignment_id() == work);
  REQUIRE(ann.WaitForOffer().offer_id() == offer);
  REQUIRE(ann.WaitForAnswer(ann.Accept(offer)).code() == 0);
}

}  // namespace
}  // namespace muster::e2e
