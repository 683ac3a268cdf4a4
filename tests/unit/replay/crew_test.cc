#include "services/cli/replay/crew.h"

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/status_convert.h"
#include "tests/support/catch.h"

namespace muster::replay {
namespace {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;
using availability::v1::Presence;

absl::Duration Ms(int64_t ms) { return absl::Milliseconds(ms); }

class FakeWire : public Wire {
 public:
  void Send(const AgentFrame& frame) override { sent.push_back(frame); }
  // The frames since the last look.
  std::vector<AgentFrame> Take() { return std::exchange(sent, {}); }
  std::vector<AgentFrame> sent;
};

// The platform's side of a link, as far as the crew of one agent, "ann", needs it.
struct Fixture {
  Timers timers;
  Troubles troubles;
  FakeWire wire;
  int offers = 0;
  Crew crew;

  Fixture()
      : crew(timers, troubles, "p",
             {.offered = [this](const auto&) { ++offers; },
              .confirmed = [](const intake::v1::Ticket&) { return Ms(100); },
              .now = [this] { return absl::UnixEpoch() + timers.Now(); }}) {
    crew.Add({"ann", {"q"}}, &wire);
  }

  void Hear(PlatformFrame frame) {
    frame.set_agent_id("ann");
    crew.Hear(&wire, frame);
  }
  void Welcome(Presence presence) {
    PlatformFrame frame;
    frame.mutable_welcome()->mutable_agent()->set_presence(presence);
    Hear(frame);
  }
  void Answer(const AgentFrame& to, const absl::Status& status = absl::OkStatus()) {
    PlatformFrame frame;
    frame.mutable_answer()->set_request_id(to.request_id());
    const grpc::Status converted = ToGrpc(status);
    google::rpc::Status& answer = *frame.mutable_answer()->mutable_status();
    if (!status.ok()) REQUIRE(answer.ParseFromString(converted.error_details()));
    answer.set_code(converted.error_code());
    Hear(frame);
  }
  void Offer(const std::string& id) {
    PlatformFrame frame;
    frame.mutable_offer()->set_offer_id(id);
    frame.mutable_offer()->set_ticket_id("t-" + id);
    frame.mutable_offer()->set_queue_id("q");
    Hear(frame);
  }
  void Confirm(const std::string& id) {
    PlatformFrame frame;
    frame.mutable_assignment_confirmed()->set_assignment_id(id);
    frame.mutable_assignment_confirmed()->mutable_ticket()->set_ticket_id("t-" + id);
    *frame.mutable_assignment_confirmed()->mutable_accept_time() =
        ToProtoTime(absl::FromUnixSeconds(5));
    Hear(frame);
  }
  void End(const std::string& id, availability::v1::AssignmentEndReason reason) {
    PlatformFrame frame;
    frame.mutable_assignment_ended()->set_assignment_id(id);
    frame.mutable_assignment_ended()->set_reason(reason);
    Hear(frame);
  }
  // Connected, on duty, and known to be.
  void ComeOnline() {
    crew.Connected(&wire);
    Welcome(Presence::PRESENCE_OFFLINE);
    wire.Take();
    crew.Come("ann");
    Answer(wire.Take().at(0));
  }
  // At work on assignment `id`.
  void Accept(const std::string& id) {
    Offer(id);
    const AgentFrame accept = wire.Take().at(0);
    Confirm(id);
    Answer(accept);
  }
};

TEST_CASE("An agent says hello, comes on duty, and goes") {
  Fixture f;
  f.crew.Connected(&f.wire);
  auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].agent_id() == "ann");
  CHECK(frames[0].hello().pool_id() == "p");
  CHECK(frames[0].hello().presence() == Presence::PRESENCE_OFFLINE);
  CHECK_FALSE(f.crew.Welcomed());
  f.Welcome(Presence::PRESENCE_OFFLINE);
  CHECK(f.crew.Welcomed());
  CHECK(f.crew.Gone());
  f.crew.Come("ann");
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].presence_change().presence() == Presence::PRESENCE_ONLINE);
  CHECK(f.crew.IdleFor("q").empty());  // the platform has not said so yet
  f.Answer(frames[0]);
  CHECK(f.crew.IdleFor("q").size() == 1);
  CHECK(f.crew.IdleFor("r").empty());
  f.crew.Go("ann");
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].presence_change().presence() == Presence::PRESENCE_OFFLINE);
  CHECK_FALSE(f.crew.Gone());
  f.Answer(frames[0]);
  CHECK(f.crew.Gone());
}

TEST_CASE("An offer is accepted at once, worked on, and completed") {
  Fixture f;
  f.ComeOnline();
  f.Offer("o1");
  auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].accept_offer().offer_id() == "o1");
  CHECK(f.crew.AtWork() == 1);
  CHECK(f.offers == 1);
  f.timers.Advance(Ms(10));
  f.Confirm("o1");
  f.Answer(frames[0]);
  f.timers.Advance(Ms(109));
  CHECK(f.wire.Take().empty());
  f.timers.Advance(Ms(110));
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].complete_assignment().assignment_id() == "o1");
  CHECK(frames[0].complete_assignment().disposition() == kDisposition);
  CHECK(f.crew.AtWork() == 1);
  f.timers.Advance(Ms(111));
  f.Answer(frames[0]);
  CHECK(f.crew.AtWork() == 0);
  const ToldAssignment told = f.crew.Told().at(0);
  CHECK(told.id == "o1");
  CHECK(told.ticket == "t-o1");
  CHECK(told.agent == "ann");
  CHECK(told.started == absl::FromUnixSeconds(5));
  CHECK(told.from == absl::UnixEpoch() + Ms(10));
  CHECK(told.until == absl::UnixEpoch() + Ms(110));
  CHECK(told.completed);
  CHECK(told.disposition == kDisposition);
}

TEST_CASE("Who goes while at work drains, and is offline once done") {
  Fixture f;
  f.ComeOnline();
  f.Accept("o1");
  f.crew.Go("ann");
  auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].presence_change().presence() == Presence::PRESENCE_DRAINING);
  f.Answer(frames[0]);
  f.timers.Advance(Ms(100));
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  f.Answer(frames[0]);
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].presence_change().presence() == Presence::PRESENCE_OFFLINE);
  f.Answer(frames[0]);
  CHECK(f.crew.Gone());
}

TEST_CASE("Who comes on again while still at work is online again") {
  Fixture f;
  f.ComeOnline();
  f.Accept("o1");
  f.crew.Go("ann");
  f.crew.Come("ann");
  const auto frames = f.wire.Take();
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].presence_change().presence() == Presence::PRESENCE_ONLINE);
  // An answer to the earlier word does not count for the later one.
  f.Answer(frames[0]);
  f.timers.Advance(Ms(100));
  f.Answer(f.wire.Take().at(0));
  CHECK(f.crew.IdleFor("q").empty() == false);
  CHECK(f.wire.Take().empty());
}

TEST_CASE("Who has gone takes no offer") {
  Fixture f;
  f.ComeOnline();
  f.crew.Go("ann");
  f.wire.Take();
  f.Offer("o1");
  CHECK(f.wire.Take().empty());
}

TEST_CASE("An acceptance that comes too late frees the agent") {
  Fixture f;
  f.ComeOnline();
  f.Offer("o1");
  f.Answer(f.wire.Take().at(0), FailedPrecondition("OFFER_REVOKED", "too late"));
  CHECK(f.crew.AtWork() == 0);
  CHECK(f.crew.IdleFor("q").size() == 1);
  CHECK(f.troubles.count() == 0);
  CHECK(f.crew.Told().empty());
}

TEST_CASE("What passes is said again with the same request id") {
  Fixture f;
  f.ComeOnline();
  f.Offer("o1");
  const AgentFrame first = f.wire.Take().at(0);
  f.Answer(first, Unavailable("MATCHER_ABSENT", "not now"));
  CHECK(f.wire.Take().empty());
  f.timers.Advance(Ms(100));
  const auto again = f.wire.Take();
  REQUIRE(again.size() == 1);
  CHECK(again[0].SerializeAsString() == first.SerializeAsString());
}

TEST_CASE("What stays unanswered is said again") {
  Fixture f;
  f.ComeOnline();
  f.Offer("o1");
  const AgentFrame first = f.wire.Take().at(0);
  f.timers.Advance(absl::Seconds(4));
  CHECK(f.wire.Take().empty());
  f.timers.Advance(absl::Seconds(6));
  REQUIRE(f.wire.sent.size() == 1);
  CHECK(f.wire.sent[0].request_id() == first.request_id());
}

TEST_CASE("After a cut, hello carries the wish, and unanswered acts follow the welcome") {
  Fixture f;
  f.ComeOnline();
  f.Accept("o1");
  f.crew.Disconnected(&f.wire);
  CHECK_FALSE(f.crew.Welcomed());
  f.timers.Advance(Ms(100));  // done with the work, but nobody hears it
  CHECK(f.wire.Take().empty());
  f.crew.Go("ann");
  f.crew.Connected(&f.wire);
  auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].hello().presence() == Presence::PRESENCE_DRAINING);
  f.Welcome(Presence::PRESENCE_DRAINING);
  f.Confirm("o1");  // live assignments are told again
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].complete_assignment().assignment_id() == "o1");
  f.Answer(frames[0]);
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].presence_change().presence() == Presence::PRESENCE_OFFLINE);
  CHECK(f.crew.Told().size() == 1);
}

TEST_CASE("An assignment whose confirmation was cut off is taken up after the welcome") {
  Fixture f;
  f.ComeOnline();
  f.Offer("o1");
  const AgentFrame accept = f.wire.Take().at(0);
  f.crew.Disconnected(&f.wire);
  f.crew.Connected(&f.wire);
  f.wire.Take();
  f.Welcome(Presence::PRESENCE_ONLINE);
  const auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].request_id() == accept.request_id());
  f.Confirm("o1");
  f.Answer(frames[0]);
  CHECK(f.crew.Told().size() == 1);
  f.timers.Advance(Ms(100));
  CHECK(f.wire.Take().at(0).has_complete_assignment());
}

TEST_CASE("A hello that is refused for now is said again") {
  Fixture f;
  f.crew.Connected(&f.wire);
  f.Answer(f.wire.Take().at(0), Unavailable("MATCHER_ABSENT", "not now"));
  f.timers.Advance(Ms(100));
  const auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].has_hello());
  CHECK(f.troubles.count() == 0);
}

TEST_CASE("An agent whose session has ended says hello again, and then what it had to say") {
  Fixture f;
  f.ComeOnline();
  f.Accept("o1");
  f.timers.Advance(Ms(100));
  const AgentFrame complete = f.wire.Take().at(0);
  f.Answer(complete, FailedPrecondition("NO_SESSION", "say hello"));
  auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].has_hello());
  f.Welcome(Presence::PRESENCE_ONLINE);
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].request_id() == complete.request_id());
  f.Answer(complete);
  f.crew.Go("ann");
  f.Answer(f.wire.Take().at(0), FailedPrecondition("NO_SESSION", "say hello"));
  frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].hello().presence() == Presence::PRESENCE_OFFLINE);
  CHECK(f.troubles.count() == 0);
}

TEST_CASE("A presence that the platform changed is put right") {
  Fixture f;
  f.ComeOnline();
  PlatformFrame frame;
  frame.mutable_presence_changed()->set_presence(Presence::PRESENCE_OFFLINE);
  f.Hear(frame);
  const auto frames = f.wire.Take();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].presence_change().presence() == Presence::PRESENCE_ONLINE);
}

TEST_CASE("When the customer left, the agent is free and does not complete") {
  Fixture f;
  f.ComeOnline();
  f.Accept("o1");
  f.timers.Advance(Ms(40));
  f.End("o1", availability::v1::ASSIGNMENT_END_REASON_CUSTOMER_LEFT);
  CHECK(f.crew.AtWork() == 0);
  f.timers.Advance(Ms(200));
  CHECK(f.wire.Take().empty());
  const ToldAssignment told = f.crew.Told().at(0);
  CHECK(told.customer_left);
  CHECK_FALSE(told.completed);
  CHECK(told.until == absl::UnixEpoch() + Ms(40));
}

TEST_CASE("Frames for nobody, and refusals that no race explains, are trouble") {
  Fixture f;
  f.ComeOnline();
  PlatformFrame frame;
  frame.set_agent_id("bob");
  frame.mutable_offer()->set_offer_id("o9");
  f.crew.Hear(&f.wire, frame);
  CHECK(f.troubles.count() == 1);
  f.Offer("o1");
  f.Answer(f.wire.Take().at(0), InvalidField("offer_id", "is wrong"));
  CHECK(f.troubles.count() == 2);
  CHECK(f.crew.AtWork() == 0);
}

}  // namespace
}  // namespace muster::replay
