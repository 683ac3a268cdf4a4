// The life of links and sessions, over real gRPC and PostgreSQL.
#include "common/base/errors.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

using v1::PlatformFrame;

TEST_CASE("hello is welcomed once it is on record") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  const PlatformFrame::Welcome welcome = link.Hello("p", "anna", v1::PRESENCE_ONLINE);
  CHECK(welcome.lease().seconds() == 30);
  CHECK(welcome.heartbeat_interval().seconds() == 10);
  CHECK(welcome.agent().presence() == v1::PRESENCE_ONLINE);
  const v1::Agent agent = h.GetAgent("p", "anna");
  CHECK(agent.session_id() == welcome.session_id());
  CHECK(agent.connected());
  CHECK(agent.presence() == v1::PRESENCE_ONLINE);
  CHECK(agent.revision() == welcome.agent().revision());
}

TEST_CASE("hello without a presence leaves it as it was") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  CHECK(link.Hello("p", "anna", v1::PRESENCE_UNSPECIFIED).agent().presence() ==
        v1::PRESENCE_OFFLINE);
  CHECK(link.Hello("p", "anna", v1::PRESENCE_PAUSED).agent().presence() == v1::PRESENCE_PAUSED);
  CHECK(link.Hello("p", "anna", v1::PRESENCE_UNSPECIFIED).agent().presence() ==
        v1::PRESENCE_PAUSED);
}

TEST_CASE("one stream carries many agents of one pool") {
  Harness h;
  Link link(h);
  for (const char* id : {"a", "b", "c"}) {
    h.CreateAgent("p", id);
    link.Hello("p", id);
  }
  for (const char* id : {"a", "b", "c"}) CHECK(h.GetAgent("p", id).connected());
  link.HalfClose();
  const std::optional<absl::Status> end = link.AwaitEnd();
  REQUIRE(end);
  CHECK(end->ok());
  for (const char* id : {"a", "b", "c"}) {
    CHECK(h.AgentBecomes("p", id, [](const v1::Agent& a) { return !a.connected(); }));
    CHECK(h.GetAgent("p", id).presence() == v1::PRESENCE_ONLINE);
  }
}

TEST_CASE("a presence change is answered when it is on record, and the same id answers again") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna");
  v1::AgentFrame frame = FrameOf("anna", "1");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_PAUSED);
  frame.mutable_presence_change()->set_reason("lunch");
  CHECK(link.Ask(frame).status().code() == 0);
  const v1::Agent paused = h.GetAgent("p", "anna");
  CHECK(paused.presence() == v1::PRESENCE_PAUSED);
  CHECK(paused.presence_reason() == "lunch");

  frame.set_request_id("2");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_ONLINE);
  CHECK(link.Ask(frame).status().code() == 0);
  frame.set_request_id("1");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_PAUSED);
  CHECK(link.Ask(frame).status().code() == 0);
  CHECK(h.GetAgent("p", "anna").presence() == v1::PRESENCE_ONLINE);  // the first answer, no more
  frame.mutable_presence_change()->set_reason("other");
  CHECK(link.Ask(frame).status().code() == 3);
}

TEST_CASE("request ids of links are each agent's own") {
  Harness h;
  h.CreateAgent("p", "anna");
  h.CreateAgent("p", "bert");
  Link link(h);
  link.Hello("p", "anna");
  link.Hello("p", "bert");
  v1::AgentFrame frame = FrameOf("anna", "1");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_PAUSED);
  CHECK(link.Ask(frame).status().code() == 0);
  frame.set_agent_id("bert");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_DRAINING);
  CHECK(link.Ask(frame).status().code() == 0);
  CHECK(h.GetAgent("p", "bert").presence() == v1::PRESENCE_DRAINING);
}

TEST_CASE("a second hello elsewhere replaces the session") {
  Harness h({.grace = absl::Milliseconds(100)});
  h.CreateAgent("p", "anna");
  Link first(h), second(h);
  const std::string old_session = first.Hello("p", "anna").session_id();
  const std::string new_session = second.Hello("p", "anna").session_id();
  CHECK(old_session != new_session);
  const std::optional<PlatformFrame> told = first.AwaitKind(PlatformFrame::kSessionReplaced);
  REQUIRE(told);
  CHECK(told->agent_id() == "anna");
  v1::AgentFrame late = FrameOf("anna", "late");
  late.mutable_heartbeat();
  CHECK(first.Ask(late).status().code() == 9);
  // The end of the first stream is nothing to the agent any more.
  first.Cut();
  CHECK(first.AwaitEnd());
  v1::AgentFrame alive = FrameOf("anna", "alive");
  alive.mutable_heartbeat();
  CHECK(second.Ask(alive).status().code() == 0);
  const v1::Agent agent = h.GetAgent("p", "anna");
  CHECK(agent.connected());
  CHECK(agent.session_id() == new_session);
}

TEST_CASE("when the link ends the agent is held for the grace period, then OFFLINE") {
  Harness h({.grace = absl::Milliseconds(300)});
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna");
  link.Cut();
  CHECK(h.AgentBecomes("p", "anna", [](const v1::Agent& a) { return !a.connected(); }));
  CHECK(h.AgentBecomes("p", "anna", [](const v1::Agent& a) {
    return a.presence() == v1::PRESENCE_OFFLINE && a.presence_reason() == "link ended";
  }));
}

TEST_CASE("who comes back within the grace keeps its presence") {
  Harness h({.grace = absl::Seconds(20)});
  h.CreateAgent("p", "anna");
  {
    Link link(h);
    link.Hello("p", "anna", v1::PRESENCE_PAUSED);
  }
  CHECK(h.AgentBecomes("p", "anna", [](const v1::Agent& a) { return !a.connected(); }));
  Link link(h);
  CHECK(link.Hello("p", "anna", v1::PRESENCE_UNSPECIFIED).agent().presence() ==
        v1::PRESENCE_PAUSED);
}

TEST_CASE("a silent link loses its session when the lease runs out, and says hello again") {
  Harness h({.lease = absl::Milliseconds(200), .grace = absl::Milliseconds(200)});
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna");
  CHECK(h.AgentBecomes("p", "anna", [](const v1::Agent& a) {
    return a.presence() == v1::PRESENCE_OFFLINE && a.presence_reason() == "link ended";
  }));
  v1::AgentFrame frame = FrameOf("anna", "1");
  frame.mutable_heartbeat();
  CHECK(link.Ask(frame).status().code() == 9);
  CHECK(link.Hello("p", "anna").agent().presence() == v1::PRESENCE_ONLINE);
}

TEST_CASE("a heartbeat without an agent counts for all of the stream") {
  Harness h({.lease = absl::Seconds(2), .grace = absl::Milliseconds(10)});
  h.CreateAgent("p", "anna");
  Link link(h);
  const std::string session = link.Hello("p", "anna").session_id();
  const absl::Time begin = absl::Now();
  // For longer than the lease, sign after sign, each acknowledged.
  for (int i = 0; absl::Now() - begin < absl::Seconds(3); ++i) {
    v1::AgentFrame frame = FrameOf("", "beat-" + std::to_string(i));
    frame.mutable_heartbeat();
    REQUIRE(link.Ask(frame).status().code() == 0);
  }
  CHECK(h.GetAgent("p", "anna").session_id() == session);
  CHECK(h.GetAgent("p", "anna").connected());
}

TEST_CASE("a presence set by a call is told to the link") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  const std::string session = link.Hello("p", "anna").session_id();
  absl::StatusOr<v1::SetPresenceResponse> set = h.SetPresence("p", "anna", v1::PRESENCE_PAUSED);
  REQUIRE(set.ok());
  CHECK_FALSE(set->has_lease_expire_time());
  CHECK(set->agent().session_id() == session);
  const std::optional<PlatformFrame> told = link.AwaitKind(PlatformFrame::kPresenceChanged);
  REQUIRE(told);
  CHECK(told->presence_changed().presence() == v1::PRESENCE_PAUSED);
}

TEST_CASE("an agent whom the matcher pauses is told on its link, with the reason") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna");
  const v1::Agent agent = h.GetAgent("p", "anna");
  v1::PauseAgentRequest request;
  request.set_pool_id("p");
  request.set_agent_id("anna");
  request.set_reason("3 offers in a row were not answered");
  request.set_session_id(agent.session_id());
  *request.mutable_presence_time() = agent.presence_time();
  for (int i = 0; i < 2; ++i) {  // again does no harm
    auto answer = h.Call(&v1::AvailabilityService::Stub::PauseAgent, request);
    REQUIRE(answer.ok());
    CHECK(answer->applied());
  }
  std::optional<v1::PlatformFrame> frame = link.AwaitKind(v1::PlatformFrame::kPresenceChanged);
  REQUIRE(frame.has_value());
  CHECK(frame->presence_changed().presence() == v1::PRESENCE_PAUSED);
  CHECK(frame->presence_changed().reason() == request.reason());
  CHECK(h.GetAgent("p", "anna").presence_reason() == request.reason());
  // The agent's word is later than what the matcher has seen.
  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  auto late = h.Call(&v1::AvailabilityService::Stub::PauseAgent, request);
  REQUIRE(late.ok());
  CHECK_FALSE(late->applied());
  CHECK(h.GetAgent("p", "anna").presence() == v1::PRESENCE_ONLINE);
}

TEST_CASE("a session without a link lasts as long as its lease") {
  Harness h({.lease = absl::Milliseconds(1500)});
  h.CreateAgent("p", "anna");
  absl::StatusOr<v1::SetPresenceResponse> set = h.SetPresence("p", "anna", v1::PRESENCE_ONLINE);
  REQUIRE(set.ok());
  CHECK(set->has_lease_expire_time());
  CHECK(set->agent().connected());
  v1::HeartbeatRequest beat;
  beat.set_pool_id("p");
  beat.set_agent_id("anna");
  absl::StatusOr<v1::HeartbeatResponse> extended =
      h.Call(&v1::AvailabilityService::Stub::Heartbeat, beat);
  REQUIRE(extended.ok());
  CHECK(extended->lease_expire_time().seconds() >= set->lease_expire_time().seconds());
  CHECK(h.AgentBecomes("p", "anna", [](const v1::Agent& a) {
    return a.presence() == v1::PRESENCE_OFFLINE && a.presence_reason() == "lease ended" &&
           !a.connected();
  }));
  extended = h.Call(&v1::AvailabilityService::Stub::Heartbeat, beat);
  CHECK(absl::IsFailedPrecondition(extended.status()));
  CHECK(ErrorReason(extended.status()) == "NO_SESSION");
}

TEST_CASE("OFFLINE ends a session without a link; a link takes one over") {
  Harness h;
  h.CreateAgent("p", "anna");
  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  absl::StatusOr<v1::SetPresenceResponse> off = h.SetPresence("p", "anna", v1::PRESENCE_OFFLINE);
  REQUIRE(off.ok());
  CHECK_FALSE(off->agent().connected());
  CHECK_FALSE(off->has_lease_expire_time());

  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  Link link(h);
  link.Hello("p", "anna", v1::PRESENCE_UNSPECIFIED);
  v1::HeartbeatRequest beat;
  beat.set_pool_id("p");
  beat.set_agent_id("anna");
  CHECK(ErrorReason(h.Call(&v1::AvailabilityService::Stub::Heartbeat, beat).status()) ==
        "NO_SESSION");
  CHECK(h.GetAgent("p", "anna").connected());
}

TEST_CASE("an agent who is deleted while linked is told, and its frames are refused") {
  Harness h;
  h.CreateAgent("p", "anna");
  Link link(h);
  link.Hello("p", "anna", v1::PRESENCE_OFFLINE);
  v1::DeleteAgentRequest request;
  request.set_pool_id("p");
  request.set_agent_id("anna");
  REQUIRE(h.Call(&v1::AvailabilityService::Stub::DeleteAgent, request).ok());
  CHECK(link.AwaitKind(PlatformFrame::kPresenceChanged));
  v1::AgentFrame frame = FrameOf("anna", "1");
  frame.mutable_heartbeat();
  CHECK(link.Ask(frame).status().code() == 9);
  link.SendHello("p", "anna", v1::PRESENCE_ONLINE, "again");
  const std::optional<PlatformFrame> answer = link.AwaitKind(PlatformFrame::kAnswer);
  REQUIRE(answer);
  CHECK(answer->answer().status().code() == 5);
}

}  // namespace
}  // namespace muster::availability
