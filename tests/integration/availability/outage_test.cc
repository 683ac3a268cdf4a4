// PostgreSQL goes and comes; the service goes and comes.
#include <grpcpp/grpcpp.h>

#include <csignal>

#include "common/base/errors.h"
#include "common/rpc/channel.h"
#include "muster/server/v1/server.grpc.pb.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"

namespace muster::availability {
namespace {

// Whether all services of the process say that they serve; nothing if it does not answer.
std::optional<bool> Healthy(const std::shared_ptr<grpc::Channel>& channel) {
  auto stub = server::v1::ServerInfoService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
  server::v1::ServerInfo info;
  if (!stub->GetServerInfo(&context, {}, &info).ok()) return std::nullopt;
  bool all = info.services_size() >= 3;
  for (const auto& service : info.services()) all = all && service.serving();
  return all;
}

TEST_CASE("a restart of PostgreSQL is waited out, and health tells of it") {
  PrivatePostgres postgres;
  Harness h({.database_url = postgres.CreateDatabase()});
  h.CreateAgent("p", "anna");
  Link link(h);
  const std::string session = link.Hello("p", "anna").session_id();
  REQUIRE(Eventually([&] { return Healthy(h.channel()) == true; }));
  postgres.Stop("immediate");
  CHECK(Eventually([&] { return Healthy(h.channel()) == false; }));

  // Said while the database is away, acknowledged when it is back.
  v1::AgentFrame frame = FrameOf("anna", "1");
  frame.mutable_presence_change()->set_presence(v1::PRESENCE_PAUSED);
  link.Send(frame);
  v1::GetAgentRequest get;
  get.set_pool_id("p");
  get.set_agent_id("anna");
  CHECK(absl::IsUnavailable(h.Call(&v1::AvailabilityService::Stub::GetAgent, get).status()));
  postgres.Start();
  const std::optional<v1::PlatformFrame> answer = link.AwaitKind(v1::PlatformFrame::kAnswer);
  REQUIRE(answer);
  CHECK(answer->answer().status().code() == 0);
  CHECK(Eventually([&] { return Healthy(h.channel()) == true; }));
  const v1::Agent agent = h.GetAgent("p", "anna");
  CHECK(agent.presence() == v1::PRESENCE_PAUSED);
  CHECK(agent.session_id() == session);  // the link stood all the time
  CHECK(agent.connected());
}

TEST_CASE("a feed goes on over a restart of PostgreSQL") {
  PrivatePostgres postgres;
  Harness h({.database_url = postgres.CreateDatabase()});
  h.CreateAgent("p", "anna");
  grpc::ClientContext context;
  v1::WatchAgentsRequest request;
  request.set_pool_id("p");
  auto feed = h.stub().WatchAgents(&context, request);
  v1::WatchAgentsResponse response;
  while (!response.has_snapshot_complete()) REQUIRE(feed->Read(&response));
  postgres.Restart("immediate");
  h.CreateAgent("p", "bert");
  REQUIRE(feed->Read(&response));
  CHECK(response.changes().agents(0).agent_id() == "bert");
  context.TryCancel();
}

TEST_CASE("what ends while the database is away is on record when it is back") {
  PrivatePostgres postgres;
  Harness h({.grace = absl::Milliseconds(50), .database_url = postgres.CreateDatabase()});
  h.CreateAgent("p", "anna");
  {
    Link link(h);
    link.Hello("p", "anna");
    postgres.Stop();
  }
  postgres.Start();
  CHECK(Eventually([&] {
    v1::GetAgentRequest get;
    get.set_pool_id("p");
    get.set_agent_id("anna");
    auto agent = h.Call(&v1::AvailabilityService::Stub::GetAgent, get);
    return agent.ok() && agent->presence() == v1::PRESENCE_OFFLINE && !agent->connected();
  }));
}

TEST_CASE("after a restart of the service its agents are held for the grace") {
  Harness h({.grace = absl::Milliseconds(800)});
  h.CreateAgent("p", "anna");
  h.CreateAgent("p", "bert");
  h.CreateAgent("p", "carl");
  REQUIRE(h.SetPresence("p", "carl", v1::PRESENCE_ONLINE).ok());
  {
    Link link(h);
    link.Hello("p", "anna");
    link.Hello("p", "bert");
    h.Stop();
  }
  h.Start();
  CHECK_FALSE(h.GetAgent("p", "anna").connected());
  Link link(h);
  CHECK(link.Hello("p", "bert", v1::PRESENCE_UNSPECIFIED).agent().presence() ==
        v1::PRESENCE_ONLINE);
  for (const char* id : {"anna", "carl"}) {
    CHECK(h.AgentBecomes("p", id, [](const v1::Agent& a) {
      return a.presence() == v1::PRESENCE_OFFLINE && !a.connected();
    }));
  }
  CHECK(h.GetAgent("p", "bert").connected());
}

// The program itself, killed and started again.
TEST_CASE("a killed service finds the sessions that it left") {
  const std::string url = SharedPostgres().CreateDatabase();
  const std::string address = "127.0.0.1:" + std::to_string(FreePort());
  const std::vector<std::string> args = {"--listen=" + address, "--database-url=" + url,
                                         "--metrics-listen=127.0.0.1:0", "--grace=300ms",
                                         "--lease=60s"};
  auto channel = MakeChannel(address, {.own_connection = true});
  auto stub = v1::AvailabilityService::NewStub(channel);
  auto get = [&]() -> std::optional<v1::Agent> {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
    v1::GetAgentRequest request;
    request.set_pool_id("p");
    request.set_agent_id("anna");
    v1::Agent agent;
    if (!stub->GetAgent(&context, request, &agent).ok()) return std::nullopt;
    return agent;
  };
  {
    Process process(BinDir() + "/muster-availability", args);
    REQUIRE(Eventually([&] { return Healthy(channel) == true; }));
    grpc::ClientContext create_context, link_context;
    v1::CreateAgentRequest create;
    create.mutable_agent()->set_pool_id("p");
    create.mutable_agent()->set_agent_id("anna");
    v1::Agent agent;
    REQUIRE(stub->CreateAgent(&create_context, create, &agent).ok());
    auto link = v1::AgentLink::NewStub(channel)->Connect(&link_context);
    v1::AgentFrame hello = FrameOf("anna");
    hello.mutable_hello()->set_pool_id("p");
    hello.mutable_hello()->set_presence(v1::PRESENCE_ONLINE);
    REQUIRE(link->Write(hello));
    v1::PlatformFrame welcome;
    REQUIRE(link->Read(&welcome));
    REQUIRE(welcome.has_welcome());
    process.Signal(SIGKILL);
    REQUIRE(process.Wait());
    link_context.TryCancel();
  }
  Process process(BinDir() + "/muster-availability", args);
  CHECK(Eventually([&] {
    std::optional<v1::Agent> agent = get();
    return agent && agent->presence() == v1::PRESENCE_OFFLINE && !agent->connected() &&
           agent->presence_reason() == "link ended";
  }));
  process.Signal(SIGTERM);
  CHECK(process.Wait() == 0);
}

TEST_CASE("the program waits for its database, says why, and ends when told") {
  PrivatePostgres postgres;
  const std::string url = postgres.CreateDatabase();
  postgres.Stop();
  const std::string address = "127.0.0.1:" + std::to_string(FreePort());
  Process process(BinDir() + "/muster-availability",
                  {"--listen=" + address, "--database-url=" + url, "--metrics-listen=127.0.0.1:0"});
  auto channel = MakeChannel(address, {.own_connection = true});
  REQUIRE(process.WaitForLine("cannot start yet"));
  CHECK(Eventually([&] { return Healthy(channel) == false; }));
  auto stub = v1::AvailabilityService::NewStub(channel);
  grpc::ClientContext context;
  v1::Agent agent;
  CHECK(ErrorReason(FromGrpc(stub->GetAgent(&context, {}, &agent))) == "STARTING");
  postgres.Start();
  CHECK(Eventually([&] { return Healthy(channel) == true; }));
  process.Signal(SIGTERM);
  CHECK(process.Wait() == 0);
}

TEST_CASE("the program's flags") {
  const std::string program = BinDir() + "/muster-availability";
  Process help(program, {"--help"});
  CHECK(help.Wait() == 0);
  CHECK(help.Stdout().find("--grace") != std::string::npos);
  Process good(program, {"--check-config", "--database-url=postgresql://u:secret@h/d", "--lease=9s",
                         "--link-queue=128"});
  CHECK(good.Wait() == 0);
  CHECK(good.Stdout().find("secret") == std::string::npos);
  CHECK(good.Stdout().find("heartbeat-interval") != std::string::npos);
  for (const char* bad : {"--lease=0s", "--no-such-flag", "--log-level=loud",
                          "--heartbeat-interval=31s", "--link-queue=127"}) {
    INFO(bad);
    Process process(program, {"--check-config", "--database-url=postgresql://h/d", bad});
    CHECK(process.Wait() == 2);
  }
  Process no_database(program, {"--check-config"}, {.env = {{"MUSTER_DATABASE_URL", ""}}});
  CHECK(no_database.Wait() == 2);
}

}  // namespace
}  // namespace muster::availability
