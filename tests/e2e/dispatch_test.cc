// The life of a ticket through the whole system, and the ways in which it can go otherwise.
#include "common/base/ids.h"
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

TEST_CASE("a ticket is offered, accepted, worked on and resolved, and every party is told") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const in::Ticket ticket = pool.CreateTicket("c-1");
  REQUIRE(ticket.state() == in::TICKET_STATE_QUEUED);

  in::WatchTicketRequest watch;
  watch.set_ticket_id(ticket.ticket_id());
  grpc::ClientContext watching;
  auto customer = stack.intake().WatchTicket(&watching, watch);
  in::TicketStanding standing;
  REQUIRE(customer->Read(&standing));
  REQUIRE(standing.state() == in::TICKET_STATE_QUEUED);

  const av::OfferNotice offer = ann.WaitForOffer();
  REQUIRE(offer.ticket_id() == ticket.ticket_id());
  REQUIRE(offer.queue_id() == "q");
  REQUIRE(offer.subject() == ticket.subject());
  ann.WaitForAnswer(ann.Received(offer.offer_id()));
  const std::string accept = ann.Accept(offer.offer_id());
  const av::AssignmentConfirmed work = ann.WaitForAssignment();
  REQUIRE(ann.WaitForAnswer(accept).code() == 0);
  REQUIRE(work.assignment_id() == offer.offer_id());
  REQUIRE(work.ticket().customer_id() == "c-1");

  while (standing.state() == in::TICKET_STATE_QUEUED) REQUIRE(customer->Read(&standing));
  REQUIRE(standing.state() == in::TICKET_STATE_ASSIGNED);
  REQUIRE(standing.agent_display_name() == "Agent ann");
  const in::Ticket assigned = pool.GetTicket(ticket.ticket_id());
  REQUIRE(assigned.assignment_id() == work.assignment_id());
  REQUIRE(assigned.agent_id() == "ann");

  REQUIRE(ann.WaitForAnswer(ann.Complete(work.assignment_id())).code() == 0);
  REQUIRE(ann.WaitForEnded(work.assignment_id()).reason() == av::ASSIGNMENT_END_REASON_COMPLETED);
  while (standing.state() == in::TICKET_STATE_ASSIGNED) REQUIRE(customer->Read(&standing));
  REQUIRE(standing.state() == in::TICKET_STATE_RESOLVED);
  REQUIRE_FALSE(customer->Read(&standing));
  REQUIRE(customer->Finish().ok());

  const ma::Assignment record = pool.GetAssignment(work.assignment_id());
  REQUIRE(record.state() == ma::ASSIGNMENT_STATE_COMPLETED);
  REQUIRE(record.disposition() == "solved");
  const std::vector<ma::Offer> offers = pool.ListOffers(ticket.ticket_id());
  REQUIRE(offers.size() == 1);
  REQUIRE(offers[0].state() == ma::OFFER_STATE_ACCEPTED);
  REQUIRE(offers[0].has_receive_time());
  REQUIRE(pool.GetTicket(ticket.ticket_id()).end_reason() == "solved");
}

TEST_CASE("after-work keeps the agent until it is done or its time is up") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& q) { *q.mutable_after_work_time() = Millis(700); });
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string first = pool.CreateTicket("c-1").ticket_id();
  const std::string second = pool.CreateTicket("c-2").ticket_id();
  ann.Accept(ann.WaitForOffer().offer_id());
  const std::string assignment = ann.WaitForAssignment().assignment_id();
  REQUIRE(ann.WaitForAnswer(ann.StartWrapUp(assignment)).code() == 0);
  pool.WaitForTicket(first, in::TICKET_STATE_RESOLVED);
  REQUIRE(ann.WaitForEnded(assignment).reason() == av::ASSIGNMENT_END_REASON_AFTER_WORK_ELAPSED);
  REQUIRE(ann.WaitForOffer().ticket_id() == second);
  const ma::Assignment record = pool.GetAssignment(assignment);
  REQUIRE(record.state() == ma::ASSIGNMENT_STATE_COMPLETED);
  REQUIRE(record.has_wrap_up_time());
}

TEST_CASE("a declined ticket goes to the next agent, and keeps its place") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  pool.AddAgent("ben");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  const av::OfferNotice offer = ann.WaitForOffer();
  Agent ben(stack, pool.id(), "ben");
  REQUIRE(ann.WaitForAnswer(ann.Decline(offer.offer_id())).code() == 0);
  const av::OfferNotice again = ben.WaitForOffer();
  REQUIRE(again.ticket_id() == ticket);
  ben.Accept(again.offer_id());
  ben.WaitForAssignment();
  REQUIRE(Eventually([&] { return pool.ListOffers(ticket).size() == 2; }));
  REQUIRE(pool.ListOffers(ticket)[1].state() == ma::OFFER_STATE_DECLINED);
  REQUIRE(pool.ListOffers(ticket)[1].reason() == "not now");
}

TEST_CASE("an unanswered offer expires, and the ticket goes to the next agent") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& q) { *q.mutable_offer_timeout() = Millis(300); });
  pool.AddAgent("ann");
  pool.AddAgent("ben");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  const av::OfferNotice offer = ann.WaitForOffer();
  Agent ben(stack, pool.id(), "ben");
  ann.Received(offer.offer_id());
  REQUIRE(ann.WaitForRevoked().reason() == av::REVOKE_REASON_OFFER_EXPIRED);
  REQUIRE(ben.WaitForOffer().ticket_id() == ticket);
  const google::rpc::Status late = ann.WaitForAnswer(ann.Accept(offer.offer_id()));
  REQUIRE(late.code() == grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_CASE("a ticket that nobody takes expires") {
  Stack& stack = SharedStack();
  Pool pool(stack, "chat", [](in::Queue& q) { *q.mutable_time_to_live() = Millis(300); });
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  pool.WaitForTicket(ticket, in::TICKET_STATE_EXPIRED);
  REQUIRE(pool.GetTicket(ticket).has_end_time());
}

TEST_CASE("of two answers to one offer, one wins") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  const std::string offer = ann.WaitForOffer().offer_id();
  const std::string decline = ann.Decline(offer);
  const std::string accept = ann.Accept(offer);
  REQUIRE(ann.WaitForAnswer(decline).code() == 0);
  REQUIRE(ann.WaitForAnswer(accept).code() == grpc::StatusCode::FAILED_PRECONDITION);
  REQUIRE(pool.ListAssignments(ticket).empty());
  // The same answer twice is one answer.
  Pool other(stack);
  other.AddAgent("ben");
  Agent ben(stack, other.id(), "ben");
  other.CreateTicket("c-2");
  const std::string twice = ben.WaitForOffer().offer_id();
  const std::string one = ben.Accept(twice);
  const std::string two = ben.Accept(twice);
  REQUIRE(ben.WaitForAnswer(one).code() == 0);
  REQUIRE(ben.WaitForAnswer(two).code() == 0);
  REQUIRE(other.ListAssignments().size() == 1);
}

TEST_CASE("an offer is its agent's alone") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  pool.AddAgent("ben");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  const std::string offer = ann.WaitForOffer().offer_id();
  Agent ben(stack, pool.id(), "ben");
  REQUIRE(ben.WaitForAnswer(ben.Accept(offer)).code() != 0);
  REQUIRE(ann.WaitForAnswer(ann.Accept(offer)).code() == 0);
  REQUIRE(pool.ListAssignments(ticket).size() == 1);
}

TEST_CASE("a cancel that races an accept ends in one truth known to all three") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  constexpr int kRaces = 40;
  int cancelled = 0;
  for (int i = 0; i < kRaces; ++i) {
    const std::string ticket = pool.CreateTicket("c-" + std::to_string(i)).ticket_id();
    const std::string offer = ann.WaitForOffer().offer_id();
    grpc::Status cancel;
    std::thread customer([&] { cancel = pool.Cancel(ticket); });
    const std::string accept = ann.Accept(offer);
    customer.join();
    const google::rpc::Status accepted = ann.WaitForAnswer(accept);
    INFO("race " << i << ": cancel " << cancel.error_message() << ", accept "
                 << accepted.message());
    if (cancel.ok()) {
      ++cancelled;
      // The customer was told that it left: so it is everywhere.
      pool.WaitForTicket(ticket, in::TICKET_STATE_CANCELLED);
      if (accepted.code() == 0) {
        REQUIRE(ann.WaitForEnded(offer).reason() == av::ASSIGNMENT_END_REASON_CUSTOMER_LEFT);
        pool.WaitForAssignment(offer, ma::ASSIGNMENT_STATE_COMPLETED);
        REQUIRE(pool.GetAssignment(offer).end_reason() == "customer_left");
      } else {
        REQUIRE(pool.ListAssignments(ticket).empty());
      }
    } else {
      REQUIRE(ReasonOf(cancel) == "TICKET_ASSIGNED");
      REQUIRE(accepted.code() == 0);
      REQUIRE(ann.WaitForAnswer(ann.Complete(offer)).code() == 0);
      pool.WaitForTicket(ticket, in::TICKET_STATE_RESOLVED);
    }
  }
  WARN("of " << kRaces << " races, the customer won " << cancelled);
}

TEST_CASE("a customer who leaves takes the offer away") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  Agent ann(stack, pool.id(), "ann");
  const std::string ticket = pool.CreateTicket("c-1").ticket_id();
  ann.WaitForOffer();
  REQUIRE(pool.Cancel(ticket).ok());
  REQUIRE(ann.WaitForRevoked().reason() == av::REVOKE_REASON_CUSTOMER_LEFT);
  REQUIRE(ReasonOf(pool.Cancel(ticket)) == "TICKET_ENDED");
  // And, where the caller says so, from work too.
  const std::string next = pool.CreateTicket("c-2").ticket_id();
  ann.Accept(ann.WaitForOffer().offer_id());
  const std::string assignment = ann.WaitForAssignment().assignment_id();
  pool.WaitForTicket(next, in::TICKET_STATE_ASSIGNED);
  REQUIRE(ReasonOf(pool.Cancel(next)) == "TICKET_ASSIGNED");
  REQUIRE(pool.Cancel(next, /*even_if_assigned=*/true).ok());
  REQUIRE(ann.WaitForEnded(assignment).reason() == av::ASSIGNMENT_END_REASON_CUSTOMER_LEFT);
}

TEST_CASE("an agent serves as many at a time as its capacity allows") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann", /*capacity=*/2);
  Agent ann(stack, pool.id(), "ann");
  std::vector<std::string> tickets;
  for (int i = 0; i < 3; ++i) {
    tickets.push_back(pool.CreateTicket("c-" + std::to_string(i)).ticket_id());
  }
  std::vector<std::string> work;
  for (int i = 0; i < 2; ++i) {
    const av::OfferNotice offer = ann.WaitForOffer();
    REQUIRE(offer.ticket_id() == tickets[i]);
    ann.Accept(offer.offer_id());
    work.push_back(ann.WaitForAssignment().assignment_id());
  }
  REQUIRE_FALSE(ann.Has(Agent::Frame::kOffer));
  ann.Complete(work[1]);
  REQUIRE(ann.WaitForOffer().ticket_id() == tickets[2]);
}

TEST_CASE("operations take a ticket back, and it keeps its place") {
  Stack& stack = SharedStack();
  Pool pool(stack);
  pool.AddAgent("ann");
  pool.AddAgent("ben");
  Agent ann(stack, pool.id(), "ann");
  const std::string first = pool.CreateTicket("c-1").ticket_id();
  ann.Accept(ann.WaitForOffer().offer_id());
  const std::string assignment = ann.WaitForAssignment().assignment_id();
  const std::string second = pool.CreateTicket("c-2").ticket_id();
  ma::RequeueTicketRequest request;
  request.set_pool_id(pool.id());
  request.set_ticket_id(first);
  request.set_reason("agent asked for help");
  request.set_request_id(NewId("r"));
  for (int i = 0; i < 2; ++i) {  // the same request again is the same answer
    grpc::ClientContext call;
    ma::RequeueTicketResponse response;
    const grpc::Status status = stack.matcher().RequeueTicket(&call, request, &response);
    INFO(status.error_message());
    REQUIRE(status.ok());
    REQUIRE(response.ended_assignment().state() == ma::ASSIGNMENT_STATE_TRANSFERRED);
  }
  REQUIRE(ann.WaitForEnded(assignment).reason() == av::ASSIGNMENT_END_REASON_REQUEUED);
  // Who lost it is not asked again at once, and gets the next; another agent gets it before any
  // other.
  const av::OfferNotice younger = ann.WaitForOffer();
  REQUIRE(younger.ticket_id() == second);
  pool.CreateTicket("c-3");
  Agent ben(stack, pool.id(), "ben");
  const av::OfferNotice offer = ben.WaitForOffer();
  REQUIRE(offer.ticket_id() == first);
  REQUIRE(ben.WaitForAnswer(ben.Accept(offer.offer_id())).code() == 0);
  // Intake hears of it later: until then the ticket may still be the first agent's.
  REQUIRE(Eventually([&] { return pool.GetTicket(first).agent_id() == "ben"; }, kPatience));
  REQUIRE(pool.GetTicket(first).requeue_count() == 1);
}

}  // namespace
}  // namespace muster::e2e
