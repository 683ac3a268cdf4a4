// Agents who come back: to their session, with what they have missed, or to a new one.
#include "common/base/errors.h"
#include "services/availability/domain/limits.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::availability {
namespace {

using v1::PlatformFrame;

// "2 offer o-2": what was numbered on the link, in order.
std::vector<std::string> Numbered(const Link& link) {
  std::vector<std::string> said;
  for (const PlatformFrame& frame : link.messages()) {
    if (frame.sequence() == 0) continue;
    std::string text = std::to_string(frame.sequence()) + " ";
    if (frame.has_offer()) text += "offer " + frame.offer().offer_id();
    if (frame.has_offer_revoked()) text += "revoked " + frame.offer_revoked().offer_id();
    if (frame.has_assignment_confirmed()) {
      text += "confirmed " + frame.assignment_confirmed().assignment_id();
    }
    if (frame.has_assignment_ended()) {
      text += "ended " + frame.assignment_ended().assignment_id();
    }
    if (frame.has_presence_changed()) text += "presence";
    if (frame.has_snapshot_complete()) text += "complete";
    said.push_back(text);
  }
  return said;
}
using Said = std::vector<std::string>;

void Revoke(Matcher& matcher, const std::string& agent_id, const std::string& offer_id) {
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id("p");
  item.mutable_to_agent()->set_agent_id(agent_id);
  item.mutable_to_agent()->mutable_offer_revoked()->set_offer_id(offer_id);
  matcher.Say(item);
}

bool InGrace(Harness& h, const std::string& agent_id) {
  return h.AgentBecomes("p", agent_id, [](const v1::Agent& a) { return !a.connected(); });
}

TEST_CASE("who returns gets what it has missed, once and in order") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  auto link = std::make_unique<Link>(h);
  const std::string session = link->Hello("p", "anna").session_id();
  matcher.Told("p", "anna", session);
  matcher.Offer("p", "anna", "o-1");
  matcher.Offer("p", "anna", "o-2");
  REQUIRE(link->Await([](const PlatformFrame& f) { return f.sequence() == 3; }));
  CHECK(Numbered(*link) == Said{"1 complete", "2 offer o-1", "3 offer o-2"});
  link.reset();  // cut; it has dealt with the first two
  REQUIRE(InGrace(h, "anna"));
  Revoke(matcher, "anna", "o-1");
  matcher.Confirm("p", "anna", "a-1");
  v1::PauseAgentRequest pause;
  pause.set_pool_id("p");
  pause.set_agent_id("anna");
  pause.set_reason("does not react");
  pause.set_session_id(session);
  *pause.mutable_presence_time() = h.GetAgent("p", "anna").presence_time();
  REQUIRE(h.Call(&v1::AvailabilityService::Stub::PauseAgent, pause)->applied());

  Link again(h);
  const PlatformFrame::Welcome welcome = again.Return("p", "anna", session, 2);
  CHECK(welcome.resumed());
  CHECK(welcome.session_id() == session);
  CHECK(welcome.agent().connected());
  CHECK(welcome.agent().presence() == v1::PRESENCE_PAUSED);
  REQUIRE(again.Await([](const PlatformFrame& f) { return f.sequence() == 6; }));
  CHECK(Numbered(again) == Said{"3 offer o-2", "4 revoked o-1", "5 confirmed a-1", "6 presence"});
  CHECK(h.GetAgent("p", "anna").session_id() == session);
  // And goes on from there; what it has is not told again.
  matcher.Confirm("p", "anna", "a-1");
  matcher.Told("p", "anna", session);
  matcher.Confirm("p", "anna", "a-2");
  REQUIRE(again.Await([](const PlatformFrame& f) { return f.sequence() == 7; }));
  CHECK(Numbered(again).back() == "7 confirmed a-2");
}

TEST_CASE("an agent may return before its former link has ended") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link former(h);
  const std::string session = former.Hello("p", "anna").session_id();
  Link link(h);
  CHECK(link.Return("p", "anna", session, 0).resumed());
  CHECK(former.AwaitKind(PlatformFrame::kSessionReplaced));
  former.HalfClose();
  REQUIRE(former.AwaitEnd());
  matcher.Offer("p", "anna", "o-1");
  CHECK(link.AwaitKind(PlatformFrame::kOffer));
  CHECK(h.GetAgent("p", "anna").connected());
  // On the very stream that it has, too.
  CHECK(link.Return("p", "anna", session, 1).resumed());
  matcher.Offer("p", "anna", "o-2");
  CHECK(link.AwaitKind(PlatformFrame::kOffer));
  CHECK_FALSE(link.AwaitEnd(absl::Milliseconds(1)));
}

TEST_CASE("what cannot go on begins anew, with everything and the end of it") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  auto link = std::make_unique<Link>(h);
  const std::string session = link->Hello("p", "anna").session_id();
  std::string asked = session;
  int64_t seen = 0;
  SECTION("too much came meanwhile") {
    for (size_t i = 0; i <= kMaxOutboxFrames; ++i) matcher.Offer("p", "anna", "o");
    const int64_t last = kMaxOutboxFrames + 1;
    REQUIRE(link->Await([last](const PlatformFrame& f) { return f.sequence() == last; }));
  }
  SECTION("it names more than there was") { seen = 1; }
  SECTION("it names another session") { asked = "s-other"; }
  SECTION("its session is over") {
    Link other(h);
    other.Hello("p", "anna");
  }
  SECTION("it names less than it said it had seen") {
    matcher.Offer("p", "anna", "o-1");
    REQUIRE(link->AwaitKind(PlatformFrame::kOffer));
    v1::AgentFrame heartbeat = FrameOf("anna", "beat");
    heartbeat.mutable_heartbeat()->set_last_sequence(1);
    CHECK(link->Ask(heartbeat).status().code() == 0);
  }
  SECTION("the service has restarted") {
    link.reset();
    REQUIRE(InGrace(h, "anna"));
    h.Restart();
  }
  Matcher now(h, {"p"});
  Link again(h);
  const PlatformFrame::Welcome welcome = again.Return("p", "anna", asked, seen);
  CHECK_FALSE(welcome.resumed());
  CHECK(welcome.session_id() != session);
  now.Confirm("p", "anna", "a-1");
  now.Told("p", "anna", session);  // of the former session: too late
  now.Told("p", "anna", welcome.session_id());
  REQUIRE(again.AwaitKind(PlatformFrame::kSnapshotComplete));
  CHECK(Numbered(again) == Said{"1 confirmed a-1", "2 complete"});
}

TEST_CASE("a matcher that takes over ends what has ended meanwhile, and repeats nothing") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  const std::string session = link.Hello("p", "anna").session_id();
  {
    Matcher matcher(h, {"p"});
    matcher.Confirm("p", "anna", "a-1");
    matcher.Confirm("p", "anna", "a-2");
    matcher.Told("p", "anna", session);
    REQUIRE(link.AwaitKind(PlatformFrame::kSnapshotComplete));
  }
  Matcher successor(h, {"p"});
  successor.Confirm("p", "anna", "a-2");
  successor.Told("p", "anna", session);
  successor.Confirm("p", "anna", "a-3");
  const std::optional<PlatformFrame> ended = link.AwaitKind(PlatformFrame::kAssignmentEnded);
  REQUIRE(ended);
  CHECK(ended->assignment_ended().reason() == v1::ASSIGNMENT_END_REASON_UNTOLD);
  REQUIRE(link.Await([](const PlatformFrame& f) { return f.sequence() == 5; }));
  CHECK(Numbered(link) ==
        Said{"1 confirmed a-1", "2 confirmed a-2", "3 complete", "4 ended a-1", "5 confirmed a-3"});
}

TEST_CASE("a slow reader is cut, and returns to all that it has missed") {
  Harness h({.link_queue = 2 * kMaxOutboxFrames});
  h.CreateAgent("p", "anna");
  h.CreateAgent("p", "bert");
  Matcher matcher(h, {"p"});
  Link other(h);
  other.Hello("p", "bert");
  Link slow(h, /*read=*/false);
  slow.SendHello("p", "anna");
  REQUIRE(h.AgentBecomes("p", "anna", [](const v1::Agent& a) { return a.connected(); }));
  const std::string session = h.GetAgent("p", "anna").session_id();
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id("p");
  item.mutable_to_agent()->set_agent_id("anna");
  // gRPC's own buffers take some before the queue here fills.
  int offers = 0;
  while (h.GetAgent("p", "anna").connected() && offers < 20'000) {
    for (int i = 0; i < 500; ++i) {
      matcher.Offer("p", "anna", "o-" + std::to_string(++offers % 500));
    }
  }
  REQUIRE(InGrace(h, "anna"));
  // The rest of the flood comes first, or it would fill the queue of the new link too.
  matcher.Offer("p", "bert", "o-behind");
  REQUIRE(other.AwaitKind(PlatformFrame::kOffer));
  Link again(h);
  const PlatformFrame::Welcome welcome = again.Return("p", "anna", session, 0);
  CHECK_FALSE(welcome.resumed());  // it had not read for longer than is kept
  CHECK(welcome.agent().connected());
}

TEST_CASE("silence for a lease ends the session on a link that stands") {
  Harness h({.lease = absl::Milliseconds(300), .grace = absl::Seconds(30)});
  h.CreateAgent("p", "anna");
  Link link(h);
  const std::string session = link.Hello("p", "anna").session_id();
  const std::optional<PlatformFrame> ended = link.AwaitKind(PlatformFrame::kSessionEnded);
  REQUIRE(ended);
  CHECK(ended->sequence() == 0);
  REQUIRE(InGrace(h, "anna"));
  CHECK(link.Return("p", "anna", session, 0).resumed());
}

TEST_CASE("when too many come at once, they are told when to come again") {
  Harness h({.hello_rate = 2});
  for (const char* id : {"a", "b", "c", "d"}) h.CreateAgent("p", id);
  Link link(h);
  for (const char* id : {"a", "b", "c", "d"}) {
    link.SendHello("p", id, v1::PRESENCE_ONLINE, std::string("hello-") + id);
  }
  const std::optional<PlatformFrame> refused = link.Await(
      [](const PlatformFrame& f) { return f.has_answer() && f.answer().status().code() != 0; });
  REQUIRE(refused);
  const absl::Status status =
      FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(refused->answer().status().code()), "",
                            refused->answer().status().SerializeAsString()));
  CHECK(absl::IsResourceExhausted(status));
  CHECK(ErrorReason(status) == "HELLO_RATE");
  CHECK(RetryDelay(status) > absl::ZeroDuration());
  // Asked again after a while, it is let in.
  const std::string& id = refused->agent_id();
  CHECK(Eventually([&] {
    link.SendHello("p", id, v1::PRESENCE_ONLINE, "again");
    const std::optional<PlatformFrame> said = link.Await([&](const PlatformFrame& f) {
      return f.agent_id() == id && (f.has_welcome() || f.answer().status().code() != 0);
    });
    return said && said->has_welcome();
  }));
}

TEST_CASE("each hello that is answered makes room for another, whatever the answer") {
  Harness h({.max_batch = 1});  // four hellos at once
  h.CreateAgent("p", "anna");
  std::string session;
  for (int i = 0; i < 10; ++i) {
    Link link(h);
    link.SendHello("p", "nobody", v1::PRESENCE_ONLINE, "hello");
    const std::optional<PlatformFrame> refused = link.AwaitKind(PlatformFrame::kAnswer);
    REQUIRE(refused);
    CHECK(refused->answer().status().code() == static_cast<int>(absl::StatusCode::kNotFound));
    // A new session, then the same again on another link.
    if (i % 2 == 0) {
      session = link.Hello("p", "anna").session_id();
    } else {
      CHECK(link.Return("p", "anna", session, 0).resumed());
    }
  }
}

TEST_CASE("a return that makes no sense is refused, and names the field") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  struct Case {
    std::string session_id;
    int64_t last_sequence;
    std::string field;
  };
  const Case cases[] = {{"", 0, "hello.resume.session_id"},
                        {std::string(65, 's'), 0, "hello.resume.session_id"},
                        {"s-1", -1, "hello.resume.last_sequence"}};
  for (const Case& one : cases) {
    link.SendReturn("p", "anna", one.session_id, one.last_sequence, "r");
    const std::optional<PlatformFrame> answer = link.AwaitKind(PlatformFrame::kAnswer);
    REQUIRE(answer);
    CHECK(answer->answer().status().code() == 3);
    CHECK(answer->answer().status().message().find(one.field) != std::string::npos);
  }
}

}  // namespace
}  // namespace muster::availability
