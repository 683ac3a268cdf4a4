// ExplainTicket and ExplainAgent over gRPC.
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/convert_explain.h"
#include "tests/integration/matcher/records/service_fixture.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

// Epoch 3, as FakePool: an open offer of t-1 to ann; t-2 waits.
void Prepare(ServiceFixture& f) {
  f.operations.Serve("bank");
  while (Take(f.store, "bank") < 3) continue;
  f.operations.With("bank", [&](FakePool& pool) {
    pool.now = kStart;
    const auto apply = [&](const engine::Event& event) {
      pool.engine.Apply(event, pool.now, &pool.effects);
    };
    apply(engine::QueueChanged{"card", {}});
    engine::AgentSpec ann{.agent_id = "ann", .presence = engine::Presence::kOnline};
    apply(engine::AgentChanged{ann});
    apply(engine::MatchingOpened{});
    for (const char* id : {"t-1", "t-2"}) {
      apply(engine::TicketQueued{
          {.ticket_id = id, .queue_id = "card", .create_time = kStart - absl::Seconds(7)}});
    }
  });
}

DecisionRecord Made(int number, const std::string& ticket_id) {
  engine::Decision decision;
  decision.ticket_id = ticket_id;
  decision.agent_id = "ann";
  decision.queue_id = "card";
  decision.time = kStart;
  decision.terms.wait = absl::Seconds(number);
  return ToDecisionRecord(absl::StrCat("bank/3/", number), decision);
}

TEST_CASE("a ticket is explained by how it stands and what was decided") {
  ServiceFixture f;
  Prepare(f);
  REQUIRE(Submit(f.store, RecordDecisions{{"bank", 3}, {Made(1, "t-1")}}).ok());
  v1::ExplainTicketRequest request;
  request.set_pool_id("bank");
  request.set_ticket_id("t-1");
  v1::ExplainTicketResponse response;
  REQUIRE(f.Call(&Stub::ExplainTicket, request, &response).ok());
  CHECK(response.now().state() == v1::TicketExplanation::STATE_OFFERED);
  CHECK(FromProtoTime(response.time()) == kStart);
  REQUIRE(response.decisions_size() == 1);
  CHECK(response.decisions(0).offer_id() == "bank/3/1");
  CHECK(response.decisions(0).agent_id() == "ann");
  CHECK(response.decisions(0).queue_id() == "card");
  CHECK(response.decisions(0).terms().wait().seconds() == 1);

  request.set_ticket_id("t-2");
  response.Clear();
  REQUIRE(f.Call(&Stub::ExplainTicket, request, &response).ok());
  CHECK(response.now().state() == v1::TicketExplanation::STATE_WAITING);
  CHECK(response.now().terms().wait().seconds() == 7);
  CHECK(response.decisions().empty());

  request.set_ticket_id("t-none");
  response.Clear();
  REQUIRE(f.Call(&Stub::ExplainTicket, request, &response).ok());
  CHECK_FALSE(response.has_now());
}

TEST_CASE("an agent's offers come newest first, a page at a time") {
  ServiceFixture f;
  Prepare(f);
  RecordDecisions decisions{{"bank", 3}, {}};
  for (int n = 1; n <= 5; ++n) decisions.decisions.push_back(Made(n, absl::StrCat("t-", n)));
  REQUIRE(Submit(f.store, decisions).ok());
  v1::ExplainAgentRequest request;
  request.set_pool_id("bank");
  request.set_agent_id("ann");
  request.set_page_size(2);
  std::vector<std::string> offers;
  for (int page = 0; page < 3; ++page) {
    v1::ExplainAgentResponse response;
    REQUIRE(f.Call(&Stub::ExplainAgent, request, &response).ok());
    CHECK(response.now().presence() == v1::AgentExplanation::PRESENCE_ONLINE);
    for (const v1::Decision& decision : response.decisions()) {
      offers.push_back(decision.offer_id());
      // The only one that the engine has open.
      const bool open = decision.outcome() == v1::OFFER_STATE_PENDING;
      CHECK(open == (decision.offer_id() == "bank/3/1"));
    }
    request.set_page_token(response.next_page_token());
  }
  CHECK(request.page_token().empty());
  CHECK(offers ==
        std::vector<std::string>{"bank/3/5", "bank/3/4", "bank/3/3", "bank/3/2", "bank/3/1"});
}

TEST_CASE("explanations refuse what is wrong, by name") {
  ServiceFixture f;
  Prepare(f);
  struct Case {
    std::string pool_id, id, token;
    std::string field;
  };
  const std::vector<Case> cases = {{"Bank", "x", "", "pool_id"},
                                   {"bank", "", "", "id"},
                                   {"bank", "X!", "", "id"},
                                   {"bank", "x", "nonsense", "page_token"}};
  for (const Case& one : cases) {
    INFO(one.pool_id << " " << one.id << " " << one.token);
    v1::ExplainTicketRequest ticket;
    ticket.set_pool_id(one.pool_id);
    ticket.set_ticket_id(one.id);
    ticket.set_page_token(one.token);
    v1::ExplainTicketResponse ticket_response;
    absl::Status status = f.Call(&Stub::ExplainTicket, ticket, &ticket_response);
    CHECK(ErrorField(status) == (one.field == "id" ? "ticket_id" : one.field));
    v1::ExplainAgentRequest agent;
    agent.set_pool_id(one.pool_id);
    agent.set_agent_id(one.id);
    agent.set_page_token(one.token);
    v1::ExplainAgentResponse agent_response;
    status = f.Call(&Stub::ExplainAgent, agent, &agent_response);
    CHECK(ErrorField(status) == (one.field == "id" ? "agent_id" : one.field));
  }
  v1::ExplainTicketRequest request;
  request.set_pool_id("nowhere");
  request.set_ticket_id("t-1");
  v1::ExplainTicketResponse response;
  CHECK(ErrorReason(f.Call(&Stub::ExplainTicket, request, &response)) == "POOL_NOT_SERVED");
}

}  // namespace
}  // namespace muster::matcher
