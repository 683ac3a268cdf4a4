// Offers down and acts up, with a matcher that this test plays.
#include <thread>

#include "common/base/errors.h"
#include "common/obs/metrics.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::availability {
namespace {

using v1::PlatformFrame;

v1::AgentWork WorkOf(Harness& h, const std::string& agent_id) {
  v1::GetAgentWorkRequest request;
  request.set_pool_id("p");
  request.set_agent_id(agent_id);
  absl::StatusOr<v1::AgentWork> work =
      h.Call(&v1::AvailabilityService::Stub::GetAgentWork, request);
  REQUIRE(work.ok());
  return *work;
}

v1::AgentFrame Accept(const std::string& offer_id, const std::string& request_id) {
  v1::AgentFrame frame = FrameOf("anna", request_id);
  frame.mutable_accept_offer()->set_offer_id(offer_id);
  return frame;
}

TEST_CASE("an offer reaches the link, is accepted, worked on and completed") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  matcher.Offer("p", "anna", "p/1/1");
  const std::optional<PlatformFrame> offer = link.AwaitKind(PlatformFrame::kOffer);
  REQUIRE(offer);
  CHECK(offer->agent_id() == "anna");
  CHECK(offer->offer().ticket_id() == "t-p/1/1");

  link.Send(Accept("p/1/1", "r1"));
  std::optional<v1::DeliverResponse::Act> act = matcher.AwaitAct();
  REQUIRE(act);
  CHECK(act->request_id() == "r1");
  CHECK(act->pool_id() == "p");
  CHECK(act->agent_id() == "anna");
  CHECK(act->accept_offer().offer_id() == "p/1/1");
  CHECK(act->has_deadline());
  matcher.Answer(act->act_id(), 0, "p/1/1");
  const std::optional<PlatformFrame> first = link.Await([](const PlatformFrame&) { return true; });
  REQUIRE(first);
  CHECK(first->assignment_confirmed().assignment_id() == "p/1/1");  // before the answer
  const std::optional<PlatformFrame> second = link.Await([](const PlatformFrame&) { return true; });
  REQUIRE(second);
  CHECK(second->answer().request_id() == "r1");
  CHECK(second->answer().status().code() == 0);
  CHECK(WorkOf(h, "anna").offers_size() == 0);
  CHECK(WorkOf(h, "anna").assignments_size() == 1);

  v1::AgentFrame wrap_up = FrameOf("anna", "r2");
  wrap_up.mutable_start_wrap_up()->set_assignment_id("p/1/1");
  link.Send(wrap_up);
  act = matcher.AwaitAct();
  REQUIRE(act);
  matcher.Answer(act->act_id());
  REQUIRE(link.AwaitKind(PlatformFrame::kAnswer));
  CHECK(WorkOf(h, "anna").assignments(0).in_wrap_up());

  v1::AgentFrame complete = FrameOf("anna", "r3");
  complete.mutable_complete_assignment()->set_assignment_id("p/1/1");
  complete.mutable_complete_assignment()->set_disposition("solved");
  link.Send(complete);
  act = matcher.AwaitAct();
  REQUIRE(act);
  CHECK(act->complete_assignment().disposition() == "solved");
  matcher.Answer(act->act_id());
  REQUIRE(link.AwaitKind(PlatformFrame::kAnswer));
  CHECK(WorkOf(h, "anna").assignments_size() == 0);
}

TEST_CASE("acts of an agent go up in order, and an error comes down as it is") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  for (int i = 0; i < 20; ++i) link.Send(Accept("p/1/" + std::to_string(i), std::to_string(i)));
  for (int i = 0; i < 20; ++i) {
    std::optional<v1::DeliverResponse::Act> act = matcher.AwaitAct();
    REQUIRE(act);
    CHECK(act->request_id() == std::to_string(i));
    v1::DeliverRequest::Item item;
    item.mutable_act_answer()->set_act_id(act->act_id());
    item.mutable_act_answer()->mutable_status()->set_code(9);
    item.mutable_act_answer()->mutable_status()->set_message("too late");
    matcher.Say(item);
    const std::optional<PlatformFrame> answer = link.AwaitKind(PlatformFrame::kAnswer);
    REQUIRE(answer);
    CHECK(answer->answer().status().code() == 9);
    CHECK(answer->answer().status().message() == "too late");
  }
}

TEST_CASE("too many acts of one agent at once are refused") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  for (int i = 0; i < 33; ++i) link.Send(Accept("p/1/1", "r" + std::to_string(i)));
  const std::optional<PlatformFrame> answer = link.AwaitKind(PlatformFrame::kAnswer);
  REQUIRE(answer);
  CHECK(answer->answer().request_id() == "r32");
  CHECK(answer->answer().status().code() == 8);
}

TEST_CASE("revoked and ended go to the link, and out of the inbox") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  matcher.Offer("p", "anna", "p/1/1");
  REQUIRE(link.AwaitKind(PlatformFrame::kOffer));
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id("p");
  item.mutable_to_agent()->set_agent_id("anna");
  item.mutable_to_agent()->mutable_offer_revoked()->set_offer_id("p/1/1");
  item.mutable_to_agent()->mutable_offer_revoked()->set_reason(v1::REVOKE_REASON_CUSTOMER_LEFT);
  matcher.Say(item);
  std::optional<PlatformFrame> frame = link.AwaitKind(PlatformFrame::kOfferRevoked);
  REQUIRE(frame);
  CHECK(frame->offer_revoked().reason() == v1::REVOKE_REASON_CUSTOMER_LEFT);
  CHECK(WorkOf(h, "anna").offers_size() == 0);

  item.mutable_to_agent()->mutable_assignment_confirmed()->set_assignment_id("p/1/2");
  matcher.Say(item);
  REQUIRE(link.AwaitKind(PlatformFrame::kAssignmentConfirmed));
  CHECK(WorkOf(h, "anna").assignments_size() == 1);
  item.mutable_to_agent()->mutable_assignment_ended()->set_assignment_id("p/1/2");
  matcher.Say(item);
  REQUIRE(link.AwaitKind(PlatformFrame::kAssignmentEnded));
  CHECK(WorkOf(h, "anna").assignments_size() == 0);
}

TEST_CASE("an offer to an agent without a session is undelivered") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  matcher.Offer("p", "anna", "p/1/1");
  auto item = matcher.AwaitItem([](const auto& i) { return i.has_undelivered(); });
  REQUIRE(item);
  CHECK(item->undelivered().agent_id() == "anna");
  CHECK(item->undelivered().offer_id() == "p/1/1");
  CHECK(WorkOf(h, "anna").offers_size() == 0);
}

TEST_CASE("an agent without a link finds its offer, accepts and completes by calls") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  matcher.Offer("p", "anna", "p/1/1");
  REQUIRE(Eventually([&] { return WorkOf(h, "anna").offers_size() == 1; }));

  std::thread plays([&] {
    for (int i = 0; i < 4; ++i) {
      std::optional<v1::DeliverResponse::Act> act = matcher.AwaitAct();
      if (!act) return;
      matcher.Answer(act->act_id(), 0, act->has_accept_offer() ? "p/1/1" : "");
    }
  });
  using Stub = v1::AvailabilityService::Stub;
  v1::ReceiveOfferRequest receive;
  receive.set_pool_id("p");
  receive.set_agent_id("anna");
  receive.mutable_act()->set_offer_id("p/1/1");
  CHECK(h.Call(&Stub::ReceiveOffer, receive).ok());
  v1::AcceptOfferRequest accept;
  accept.set_pool_id("p");
  accept.set_agent_id("anna");
  accept.mutable_act()->set_offer_id("p/1/1");
  absl::StatusOr<v1::AssignmentConfirmed> confirmed = h.Call(&Stub::AcceptOffer, accept);
  REQUIRE(confirmed.ok());
  CHECK(confirmed->assignment_id() == "p/1/1");
  CHECK(WorkOf(h, "anna").assignments_size() == 1);
  v1::StartWrapUpRequest wrap_up;
  wrap_up.set_pool_id("p");
  wrap_up.set_agent_id("anna");
  wrap_up.mutable_act()->set_assignment_id("p/1/1");
  CHECK(h.Call(&Stub::StartWrapUp, wrap_up).ok());
  v1::CompleteAssignmentRequest complete;
  complete.set_pool_id("p");
  complete.set_agent_id("anna");
  complete.mutable_act()->set_assignment_id("p/1/1");
  complete.mutable_act()->set_disposition("solved");
  CHECK(h.Call(&Stub::CompleteAssignment, complete).ok());
  plays.join();
  CHECK(WorkOf(h, "anna").assignments_size() == 0);
}

TEST_CASE("without a matcher acts fail at once") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna");
  v1::PlatformFrame::Answer answer = link.Ask(Accept("p/1/1", "r1"));
  CHECK(answer.status().code() == 14);
  v1::DeclineOfferRequest decline;
  decline.set_pool_id("p");
  decline.set_agent_id("anna");
  decline.mutable_act()->set_offer_id("p/1/1");
  const absl::Status status =
      h.Call(&v1::AvailabilityService::Stub::DeclineOffer, decline).status();
  CHECK(absl::IsUnavailable(status));
  CHECK(ErrorReason(status) == "MATCHER_ABSENT");

  {
    Matcher matcher(h, {"p"});
    link.Send(Accept("p/1/1", "r2"));
    REQUIRE(matcher.AwaitAct());
    matcher.Cut();
    std::optional<PlatformFrame> gone = link.AwaitKind(PlatformFrame::kAnswer);
    REQUIRE(gone);
    CHECK(gone->answer().request_id() == "r2");
    CHECK(gone->answer().status().code() == 14);
  }
}

TEST_CASE(
    "an act that the matcher does not answer runs out of time, and a late answer is dropped") {
  Harness h({.act_timeout = absl::Milliseconds(200)});
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  link.Send(Accept("p/1/1", "r1"));
  std::optional<v1::DeliverResponse::Act> act = matcher.AwaitAct();
  REQUIRE(act);
  const std::optional<PlatformFrame> answer = link.AwaitKind(PlatformFrame::kAnswer);
  REQUIRE(answer);
  CHECK(answer->answer().status().code() == 4);
  matcher.Answer(act->act_id(), 0, "p/1/1");
  matcher.Offer("p", "anna", "p/1/2");  // comes after it
  REQUIRE(link.AwaitKind(PlatformFrame::kOffer));
  CHECK(WorkOf(h, "anna").assignments_size() == 0);
}

TEST_CASE("the later stream serves a pool; open offers of the earlier are revoked") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher first(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  first.Offer("p", "anna", "p/1/1");
  REQUIRE(link.AwaitKind(PlatformFrame::kOffer));
  Matcher second(h, {"p"});
  const std::optional<PlatformFrame> revoked = link.AwaitKind(PlatformFrame::kOfferRevoked);
  REQUIRE(revoked);
  CHECK(revoked->offer_revoked().reason() == v1::REVOKE_REASON_DISPATCH_RESTARTED);
  link.Send(Accept("p/2/1", "r1"));
  CHECK(second.AwaitAct());
  // What the first still says does not count.
  first.Offer("p", "anna", "p/1/2");
  CHECK(first.AwaitItem([](const auto& i) { return i.has_undelivered(); }));
  // Its end changes nothing.
  first.Cut();
  REQUIRE(first.AwaitEnd());
  link.Send(Accept("p/2/1", "r2"));
  CHECK(second.AwaitAct());
}

TEST_CASE("what is sent for a new session, as the feed tells of it, is never dropped") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  grpc::ClientContext context;
  v1::WatchAgentsRequest watch;
  watch.set_pool_id("p");
  auto feed = h.stub().WatchAgents(&context, watch);
  v1::WatchAgentsResponse response;
  while (!response.has_snapshot_complete()) REQUIRE(feed->Read(&response));
  Link link(h);
  for (int round = 1; round <= 30; ++round) {
    link.SendHello("p", "anna");
    // As soon as the feed has the session, offer.
    std::string session;
    while (session.empty() && feed->Read(&response)) {
      for (const v1::Agent& agent : response.changes().agents()) session = agent.session_id();
    }
    const std::string offer_id = "p/1/" + std::to_string(round);
    matcher.Offer("p", "anna", offer_id);
    const std::optional<PlatformFrame> welcome = link.AwaitKind(PlatformFrame::kWelcome);
    REQUIRE(welcome);
    CHECK(welcome->welcome().session_id() == session);
    REQUIRE(link.Await(
        [&](const PlatformFrame& f) { return f.has_offer() && f.offer().offer_id() == offer_id; }));
  }
  context.TryCancel();
}

TEST_CASE("what happens is counted") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  auto has = [](const std::string& line) {
    return Eventually([&] { return ProcessMetrics().Text().find(line) != std::string::npos; });
  };
  CHECK(has("muster_availability_links 1"));
  CHECK(has("muster_availability_sessions{kind=\"link\"} 1"));
  CHECK(has("muster_availability_matcher_streams 1"));
  CHECK(has("muster_availability_pools_served 1"));
  link.Send(Accept("p/1/1", "r1"));
  CHECK(has("muster_availability_acts_waiting 1"));
  std::optional<v1::DeliverResponse::Act> act = matcher.AwaitAct();
  REQUIRE(act);
  matcher.Answer(act->act_id(), 9);
  CHECK(has("muster_availability_acts_total{act=\"accept_offer\",code=\"9\"}"));
  CHECK(has("muster_availability_acts_waiting 0"));
  matcher.Cut();
  CHECK(has("muster_availability_matcher_streams 0"));
  CHECK(has("muster_availability_pools_served 0"));
}

TEST_CASE("a matcher that errs is told why its stream ends") {
  Harness h;
  v1::DeliverRequest::Item item;
  std::string reason;
  SECTION("first item is not serve") {
    item.mutable_act_answer()->set_act_id(1);
    reason = "NOT_SERVING";
  }
  SECTION("no matcher id") {
    item.mutable_serve()->add_pool_ids("p");
    reason = "INVALID_FIELD";
  }
  SECTION("a bad pool id") {
    item.mutable_serve()->set_matcher_id("m");
    item.mutable_serve()->add_pool_ids("P!");
    reason = "INVALID_FIELD";
  }
  SECTION("too many pools") {
    item.mutable_serve()->set_matcher_id("m");
    for (int i = 0; i < 10'001; ++i) item.mutable_serve()->add_pool_ids("p" + std::to_string(i));
    reason = "INVALID_FIELD";
  }
  Matcher matcher(h, {});
  matcher.Say(item);
  const std::optional<absl::Status> end = matcher.AwaitEnd();
  REQUIRE(end);
  CHECK(ErrorReason(*end) == reason);
}

TEST_CASE("a matcher that serves may err in later items, too") {
  Harness h;
  Matcher matcher(h, {"p"});
  v1::DeliverRequest request;
  SECTION("an item of no kind") { request.add_items(); }
  SECTION("a word to an agent that says nothing") {
    request.add_items()->mutable_to_agent()->set_pool_id("p");
  }
  SECTION("too many items") {
    for (int i = 0; i < 1'001; ++i) request.add_items()->mutable_act_answer()->set_act_id(i);
  }
  matcher.Send(request);
  const std::optional<absl::Status> end = matcher.AwaitEnd();
  REQUIRE(end);
  CHECK(absl::IsInvalidArgument(*end));
}

}  // namespace
}  // namespace muster::availability
