// Frames that are wrong, one of each kind: they are answered, and the stream goes on.
#include <functional>

#include "common/base/errors.h"
#include "services/availability/convert/convert.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

struct WrongFrame {
  const char* field;
  std::function<void(v1::AgentFrame&)> make;
};

const WrongFrame kWrong[] = {
    {"kind", [](auto&) {}},
    {"agent_id",
     [](auto& f) {
       f.clear_agent_id();
       f.mutable_accept_offer();
     }},
    {"agent_id",
     [](auto& f) {
       f.set_agent_id("A B");
       f.mutable_heartbeat();
     }},
    {"agent_id",
     [](auto& f) {
       f.set_agent_id(std::string(65, 'a'));
       f.mutable_heartbeat();
     }},
    {"hello.pool_id", [](auto& f) { f.mutable_hello(); }},
    {"hello.pool_id", [](auto& f) { f.mutable_hello()->set_pool_id("P"); }},
    {"hello.pool_id", [](auto& f) { f.mutable_hello()->set_pool_id("another"); }},
    {"hello.client",
     [](auto& f) {
       f.mutable_hello()->set_pool_id("p");
       f.mutable_hello()->set_client(std::string(129, 'x'));
     }},
    {"hello.presence",
     [](auto& f) {
       f.mutable_hello()->set_pool_id("p");
       f.mutable_hello()->set_presence(static_cast<v1::Presence>(17));
     }},
    {"presence_change.presence", [](auto& f) { f.mutable_presence_change(); }},
    {"presence_change.presence",
     [](auto& f) { f.mutable_presence_change()->set_presence(static_cast<v1::Presence>(-4)); }},
    {"presence_change.reason",
     [](auto& f) {
       f.mutable_presence_change()->set_presence(v1::PRESENCE_PAUSED);
       f.mutable_presence_change()->set_reason(std::string(257, 'x'));
     }},
    {"receive_offer.offer_id", [](auto& f) { f.mutable_receive_offer(); }},
    {"accept_offer.offer_id", [](auto& f) { f.mutable_accept_offer(); }},
    {"accept_offer.offer_id",
     [](auto& f) { f.mutable_accept_offer()->set_offer_id(std::string(129, 'x')); }},
    {"decline_offer.offer_id", [](auto& f) { f.mutable_decline_offer()->set_reason("no"); }},
    {"decline_offer.reason",
     [](auto& f) {
       f.mutable_decline_offer()->set_offer_id("o");
       f.mutable_decline_offer()->set_reason(std::string(257, 'x'));
     }},
    {"start_wrap_up.assignment_id", [](auto& f) { f.mutable_start_wrap_up(); }},
    {"complete_assignment.assignment_id", [](auto& f) { f.mutable_complete_assignment(); }},
    {"complete_assignment.disposition",
     [](auto& f) { f.mutable_complete_assignment()->set_assignment_id("o"); }},
    {"complete_assignment.note",
     [](auto& f) {
       f.mutable_complete_assignment()->set_assignment_id("o");
       f.mutable_complete_assignment()->set_disposition("d");
       f.mutable_complete_assignment()->set_note(std::string(4'097, 'x'));
     }},
};

TEST_CASE("each wrong frame is answered with the field at fault, and the stream goes on") {
  Harness h;
  h.CreateAgent("p", "anna");
  Matcher matcher(h, {"p"});
  Link link(h);
  link.Hello("p", "anna");
  int n = 0;
  for (const WrongFrame& wrong : kWrong) {
    v1::AgentFrame frame = FrameOf("anna", "wrong-" + std::to_string(++n));
    wrong.make(frame);
    const v1::PlatformFrame::Answer answer = link.Ask(frame);
    INFO(frame.ShortDebugString() << " -> " << answer.ShortDebugString());
    CHECK(answer.status().code() == 3);
    CHECK(ErrorField(FromRpcStatus(answer.status())) == wrong.field);
    CHECK(ErrorReason(FromRpcStatus(answer.status())) == "INVALID_FIELD");
  }
  v1::AgentFrame good = FrameOf("anna", "good");
  good.mutable_heartbeat();
  CHECK(link.Ask(good).status().code() == 0);
  CHECK(h.GetAgent("p", "anna").connected());
}

TEST_CASE("a wrong request id is answered without it; so is a wrong frame that has none") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna");
  for (const std::string& id :
       {std::string(129, 'x'), std::string("a\nb"), std::string("\xC3\xA5")}) {
    v1::AgentFrame frame = FrameOf("anna", id);
    frame.mutable_heartbeat();
    link.Send(frame);
    const std::optional<v1::PlatformFrame> answer = link.AwaitKind(v1::PlatformFrame::kAnswer);
    REQUIRE(answer);
    CHECK(answer->answer().request_id().empty());
    CHECK(ErrorField(FromRpcStatus(answer->answer().status())) == "request_id");
  }
  v1::AgentFrame frame = FrameOf("anna");
  frame.mutable_accept_offer();
  link.Send(frame);
  CHECK(link.AwaitKind(v1::PlatformFrame::kAnswer));
}

TEST_CASE("frames before hello, and hello of an unknown agent") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  v1::AgentFrame frame = FrameOf("anna", "1");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_ONLINE);
  v1::PlatformFrame::Answer answer = link.Ask(frame);
  CHECK(answer.status().code() == 9);
  CHECK(ErrorReason(FromRpcStatus(answer.status())) == "NO_SESSION");
  v1::AgentFrame hello = FrameOf("nobody", "2");
  hello.mutable_hello()->set_pool_id("p");
  answer = link.Ask(hello);
  CHECK(ErrorReason(FromRpcStatus(answer.status())) == "AGENT_NOT_FOUND");
  frame.set_agent_id("nobody");
  frame.set_request_id("3");
  CHECK(link.Ask(frame).status().code() == 9);
  CHECK(link.Hello("p", "anna").agent().agent_id() == "anna");
}

TEST_CASE("hello and what follows may come without waiting for the welcome") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  link.SendHello("p", "anna", v1::PRESENCE_ONLINE, "1");
  v1::AgentFrame frame = FrameOf("anna", "2");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_PAUSED);
  CHECK(link.Ask(frame).status().code() == 0);
  CHECK(h.GetAgent("p", "anna").presence() == v1::PRESENCE_PAUSED);
}

TEST_CASE("bytes that are no frame end the stream, and nothing else") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link good(h);
  good.Hello("p", "anna");
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  // A Hello of another message type: its field 1 is a string where a frame has one too, so give it
  // a length that overruns.
  auto stub = h.LinkStub();
  auto stream = stub->Connect(&context);
  v1::AgentFrame frame;
  frame.GetReflection()->MutableUnknownFields(&frame)->AddFixed64(9'000, 7);
  REQUIRE(stream->Write(frame));  // an unknown field alone is a frame of no kind
  v1::PlatformFrame answer;
  REQUIRE(stream->Read(&answer));
  CHECK(answer.answer().status().code() == 3);
  context.TryCancel();
  v1::AgentFrame beat = FrameOf("anna", "still");
  beat.mutable_heartbeat();
  CHECK(good.Ask(beat).status().code() == 0);
}

TEST_CASE("a stream that is not read is cut, and others are not held up") {
  Harness h({.grace = absl::Seconds(20), .link_queue = 20});
  h.CreateAgent("p", "anna");
  h.CreateAgent("p", "bert");
  Link quick(h);
  quick.Hello("p", "bert");
  Matcher matcher(h, {"p"});
  Link slow(h, /*read=*/false);
  slow.SendHello("p", "anna");
  REQUIRE(h.AgentBecomes("p", "anna", [](const v1::Agent& a) { return a.connected(); }));
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id("p");
  item.mutable_to_agent()->set_agent_id("anna");
  item.mutable_to_agent()->mutable_offer()->set_subject(std::string(60'000, 'x'));
  // More than gRPC and the kernel hold for a reader, and 20 frames.
  for (int i = 0; i < 400; ++i) {
    item.mutable_to_agent()->mutable_offer()->set_offer_id("p/1/" + std::to_string(i));
    matcher.Say(item);
  }
  CHECK(h.AgentBecomes("p", "anna", [](const v1::Agent& a) { return !a.connected(); }));
  matcher.Offer("p", "bert", "p/1/1000");
  CHECK(quick.AwaitKind(v1::PlatformFrame::kOffer));
  slow.Read();
  const std::optional<absl::Status> end = slow.AwaitEnd();
  REQUIRE(end);
  CHECK((absl::IsResourceExhausted(*end) || absl::IsCancelled(*end)));
  CHECK(slow.messages().size() < 400);
}

}  // namespace
}  // namespace muster::availability
