// Several nodes of availability on one database.
#include <pqxx/pqxx>
#include <thread>

#include "common/base/errors.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::availability {
namespace {

using v1::PlatformFrame;

constexpr absl::Duration kShort = absl::Milliseconds(300);

struct TwoNodes {
  std::string database = SharedPostgres().CreateDatabase();
  Harness one{{.node_id = "node-1", .node_lease = kShort, .database_url = database}};
  Harness two{{.node_id = "node-2",
               .node_lease = kShort,
               .grace = absl::Milliseconds(300),
               .database_url = database}};
};

std::vector<std::string> NodesKnownTo(Harness& h) {
  auto stub = h.DeliveryStub();
  grpc::ClientContext context;
  v1::ListNodesResponse response;
  std::vector<std::string> ids;
  if (!stub->ListNodes(&context, {}, &response).ok()) return ids;
  for (const v1::Node& node : response.nodes()) {
    CHECK(node.address().find(':') != std::string::npos);
    ids.push_back(node.node_id());
  }
  return ids;
}

bool KnowEachOther(TwoNodes& nodes) {
  const std::vector<std::string> both = {"node-1", "node-2"};
  return Eventually(
      [&] { return NodesKnownTo(nodes.one) == both && NodesKnownTo(nodes.two) == both; });
}

TEST_CASE("nodes know each other, and a stop is known at once") {
  TwoNodes nodes;
  REQUIRE(KnowEachOther(nodes));
  nodes.one.Stop();
  CHECK(Eventually([&] { return NodesKnownTo(nodes.two) == std::vector<std::string>{"node-2"}; }));
}

TEST_CASE("an agent goes on on another node, and the former one lets go") {
  TwoNodes nodes;
  nodes.one.CreateAgent("p", "anna");
  Matcher first(nodes.one, {"p"}), second(nodes.two, {"p"});
  Link link(nodes.one);
  const std::string session = link.Hello("p", "anna").session_id();
  first.Confirm("p", "anna", "a-1");
  REQUIRE(link.AwaitKind(PlatformFrame::kAssignmentConfirmed));

  Link elsewhere(nodes.two);
  const PlatformFrame::Welcome welcome = elsewhere.Return("p", "anna", session, 1);
  CHECK_FALSE(welcome.resumed());
  CHECK(welcome.agent().node_id() == "node-2");
  CHECK(link.AwaitKind(PlatformFrame::kSessionReplaced));
  second.Confirm("p", "anna", "a-1");
  second.Told("p", "anna", welcome.session_id());
  CHECK(elsewhere.AwaitKind(PlatformFrame::kSnapshotComplete));
  // What the former node is told of it goes nowhere.
  first.Offer("p", "anna", "o-1");
  CHECK(first.AwaitItem([](const v1::DeliverResponse::Item& i) { return i.has_undelivered(); }));
  link.HalfClose();
  REQUIRE(link.AwaitEnd());
  CHECK(nodes.two.GetAgent("p", "anna").connected());
}

TEST_CASE("any node may be asked about an agent of another") {
  TwoNodes nodes;
  REQUIRE(KnowEachOther(nodes));
  nodes.one.CreateAgent("p", "anna");
  REQUIRE(nodes.one.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  Matcher matcher(nodes.one, {"p"});
  matcher.Offer("p", "anna", "o-1");
  v1::GetAgentWorkRequest work;
  work.set_pool_id("p");
  work.set_agent_id("anna");
  CHECK(Eventually([&] {
    const auto asked = nodes.two.Call(&v1::AvailabilityService::Stub::GetAgentWork, work);
    return asked.ok() && asked->offers_size() == 1;
  }));
  v1::HeartbeatRequest beat;
  beat.set_pool_id("p");
  beat.set_agent_id("anna");
  const auto beaten = nodes.two.Call(&v1::AvailabilityService::Stub::Heartbeat, beat);
  INFO(beaten.status());
  CHECK(beaten.ok());
  v1::DeclineOfferRequest decline;
  decline.set_pool_id("p");
  decline.set_agent_id("anna");
  decline.mutable_act()->set_offer_id("o-1");
  std::thread answering([&] {
    if (auto act = matcher.AwaitAct()) matcher.Answer(act->act_id());
  });
  CHECK(nodes.two.Call(&v1::AvailabilityService::Stub::DeclineOffer, decline).ok());
  answering.join();
  CHECK(nodes.one.Call(&v1::AvailabilityService::Stub::GetAgentWork, work)->offers_size() == 0);

  // And a link there hears what is said here.
  Link link(nodes.one);
  link.Hello("p", "anna");
  REQUIRE(nodes.two.SetPresence("p", "anna", v1::PRESENCE_PAUSED).ok());
  CHECK(link.AwaitKind(PlatformFrame::kPresenceChanged));
}

TEST_CASE("what a dead node leaves is ended by another") {
  TwoNodes nodes;
  nodes.one.CreateAgent("p", "anna");
  nodes.one.CreateAgent("p", "bert");
  {
    Link link(nodes.one);
    link.Hello("p", "anna");
    link.Hello("p", "bert");
    REQUIRE(KnowEachOther(nodes));
    nodes.one.Stop();
  }
  Link bert(nodes.two);
  const PlatformFrame::Welcome welcome = bert.Hello("p", "bert");
  CHECK(nodes.two.AgentBecomes("p", "anna", [](const v1::Agent& agent) {
    return agent.presence() == v1::PRESENCE_OFFLINE && !agent.connected();
  }));
  CHECK(nodes.two.GetAgent("p", "bert").connected());
  CHECK(nodes.two.GetAgent("p", "bert").session_id() == welcome.session_id());
}

TEST_CASE("a node that was taken for dead lets go of its agents, who come anew") {
  const std::string database = SharedPostgres().CreateDatabase();
  Harness one({.node_id = "node-1", .node_lease = absl::Seconds(3), .database_url = database});
  Harness two({.node_id = "node-2",
               .node_lease = absl::Milliseconds(150),
               .grace = absl::Milliseconds(50),
               .database_url = database});
  one.CreateAgent("p", "anna");
  Link link(one);
  const std::string session = link.Hello("p", "anna").session_id();
  pqxx::connection connection(database);
  // As if it had been stopped: it renews its lease once a second, the other looks much more often.
  CHECK(Eventually([&] {
    pqxx::nontransaction(connection)
        .exec(
            "UPDATE availability.node SET lease_until = now() - interval '1 second'"
            " WHERE node_id = 'node-1'");
    return link.AwaitEnd(absl::Milliseconds(100)).has_value();
  }));
  CHECK(ErrorReason(*link.AwaitEnd()) == "NODE_TAKEN_OVER");
  Link again(one);
  const PlatformFrame::Welcome welcome = again.Return("p", "anna", session, 0);
  CHECK_FALSE(welcome.resumed());
  // The other ends the former session, if it has not done so already, and not this one.
  CHECK(two.AgentBecomes("p", "anna", [&](const v1::Agent& agent) {
    return agent.connected() && agent.session_id() == welcome.session_id();
  }));
}

}  // namespace
}  // namespace muster::availability
