// Agents by calls: what they answer, and what they refuse.
#include <functional>

#include "common/base/errors.h"
#include "common/rpc/call_context.h"
#include "tests/integration/availability/harness.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

using Stub = v1::AvailabilityService::Stub;

v1::CreateAgentRequest Anna() {
  v1::CreateAgentRequest request;
  v1::Agent& agent = *request.mutable_agent();
  agent.set_pool_id("p");
  agent.set_agent_id("anna");
  agent.set_display_name("Anna");
  agent.add_skills()->set_skill("chat");
  agent.add_languages("sv");
  return request;
}

TEST_CASE("an agent is created, read, updated and deleted") {
  Harness h;
  v1::CreateAgentRequest create = Anna();
  create.set_request_id("r-1");
  absl::StatusOr<v1::Agent> made = h.Call(&Stub::CreateAgent, create);
  REQUIRE(made.ok());
  CHECK(made->capacity() == 1);  // 0 counts as 1
  CHECK(made->skills(0).level() == 1);
  CHECK(made->presence() == v1::PRESENCE_OFFLINE);
  CHECK_FALSE(made->etag().empty());
  CHECK(made->revision() == 1);
  CHECK(made->has_create_time());
  CHECK(h.GetAgent("p", "anna").SerializeAsString() == made->SerializeAsString());

  absl::StatusOr<v1::Agent> again = h.Call(&Stub::CreateAgent, create);
  REQUIRE(again.ok());
  CHECK(again->SerializeAsString() == made->SerializeAsString());
  create.mutable_agent()->set_capacity(2);
  CHECK(ErrorReason(h.Call(&Stub::CreateAgent, create).status()) == "REQUEST_ID_REUSED");
  create.set_request_id("r-2");
  CHECK(ErrorReason(h.Call(&Stub::CreateAgent, create).status()) == "AGENT_ALREADY_EXISTS");

  v1::UpdateAgentRequest update;
  *update.mutable_agent() = *made;
  update.mutable_agent()->set_capacity(3);
  absl::StatusOr<v1::Agent> updated = h.Call(&Stub::UpdateAgent, update);
  REQUIRE(updated.ok());
  CHECK(updated->capacity() == 3);
  CHECK(updated->etag() != made->etag());
  const absl::Status stale = h.Call(&Stub::UpdateAgent, update).status();
  CHECK(absl::IsAborted(stale));
  CHECK(ErrorReason(stale) == "ETAG_MISMATCH");

  v1::DeleteAgentRequest remove;
  remove.set_pool_id("p");
  remove.set_agent_id("anna");
  remove.set_etag(made->etag());
  CHECK(ErrorReason(h.Call(&Stub::DeleteAgent, remove).status()) == "ETAG_MISMATCH");
  remove.clear_etag();
  remove.set_request_id("r-3");
  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_ONLINE).ok());
  CHECK(ErrorReason(h.Call(&Stub::DeleteAgent, remove).status()) == "AGENT_NOT_OFFLINE");
  REQUIRE(h.SetPresence("p", "anna", v1::PRESENCE_OFFLINE).ok());
  CHECK(h.Call(&Stub::DeleteAgent, remove).ok());
  CHECK(h.Call(&Stub::DeleteAgent, remove).ok());  // the same request
  v1::GetAgentRequest get;
  get.set_pool_id("p");
  get.set_agent_id("anna");
  CHECK(ErrorReason(h.Call(&Stub::GetAgent, get).status()) == "AGENT_NOT_FOUND");
}

TEST_CASE("agents are listed in pages that keep their filters") {
  Harness h;
  for (const char* id : {"a", "b", "c", "d", "e"}) h.CreateAgent("p", id);
  v1::ListAgentsRequest request;
  request.set_pool_id("p");
  request.set_page_size(2);
  std::string ids;
  int pages = 0;
  do {
    absl::StatusOr<v1::ListAgentsResponse> page = h.Call(&Stub::ListAgents, request);
    REQUIRE(page.ok());
    for (const v1::Agent& agent : page->agents()) ids += agent.agent_id();
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  CHECK(ids == "abcde");
  CHECK(pages == 3);

  absl::StatusOr<v1::ListAgentsResponse> first = h.Call(&Stub::ListAgents, request);
  REQUIRE(first.ok());
  request.set_page_token(first->next_page_token());
  request.add_presences(v1::PRESENCE_ONLINE);
  CHECK(ErrorField(h.Call(&Stub::ListAgents, request).status()) == "page_token");
}

// One wrong input: what to call, and the field that the answer names.
struct WrongCall {
  const char* field;
  std::function<absl::Status(Harness&)> call;
};

template <class Request, class Response>
WrongCall Wrong(const char* field,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::function<void(Request&)>& change, Request request = {}) {
  change(request);
  return {field, [=](Harness& h) { return h.Call(method, request).status(); }};
}

template <class Request, class Response>
void AddKeyCases(std::vector<WrongCall>& calls,
                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  calls.push_back(Wrong<Request, Response>("pool_id", method, [](Request&) {}));
  calls.push_back(Wrong<Request, Response>("pool_id", method, [](Request& r) {
    r.set_pool_id("UPPER");
    r.set_agent_id("a");
  }));
  calls.push_back(
      Wrong<Request, Response>("agent_id", method, [](Request& r) { r.set_pool_id("p"); }));
  calls.push_back(Wrong<Request, Response>("agent_id", method, [](Request& r) {
    r.set_pool_id("p");
    r.set_agent_id(std::string(65, 'a'));
  }));
}

template <class Request, class Response>
void AddActCases(std::vector<WrongCall>& calls,
                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                 const char* id_field, const std::function<void(Request&, std::string)>& set_id) {
  AddKeyCases(calls, method);
  Request good;
  good.set_pool_id("p");
  good.set_agent_id("anna");
  set_id(good, "p/1/1");
  calls.push_back(Wrong<Request, Response>(
      id_field, method, [&](Request& r) { r.clear_act(); }, good));
  calls.push_back(Wrong<Request, Response>(
      id_field, method, [&](Request& r) { set_id(r, std::string(129, 'x')); }, good));
  calls.push_back(Wrong<Request, Response>(
      id_field, method, [&](Request& r) { set_id(r, "a b"); }, good));
}

TEST_CASE("every call names the field that is missing, oversized or malformed") {
  Harness h;
  std::vector<WrongCall> calls;
  AddKeyCases(calls, &Stub::GetAgent);
  AddKeyCases(calls, &Stub::DeleteAgent);
  AddKeyCases(calls, &Stub::SetPresence);
  AddKeyCases(calls, &Stub::Heartbeat);
  AddKeyCases(calls, &Stub::GetAgentWork);

  using Create = v1::CreateAgentRequest;
  using Update = v1::UpdateAgentRequest;
  calls.push_back(Wrong<Create, v1::Agent>("agent", &Stub::CreateAgent, [](Create&) {}));
  calls.push_back(Wrong<Update, v1::Agent>("agent", &Stub::UpdateAgent, [](Update&) {}));
  auto create = [&](const char* field, const std::function<void(Create&)>& change) {
    calls.push_back(Wrong<Create, v1::Agent>(field, &Stub::CreateAgent, change, Anna()));
  };
  create("agent.pool_id", [](Create& r) { r.mutable_agent()->clear_pool_id(); });
  create("agent.agent_id", [](Create& r) { r.mutable_agent()->set_agent_id("a b"); });
  create("agent.display_name",
         [](Create& r) { r.mutable_agent()->set_display_name(std::string(129, 'x')); });
  create("agent.skills[1].skill",
         [](Create& r) { *r.mutable_agent()->add_skills() = r.agent().skills(0); });
  create("agent.skills[0].level",
         [](Create& r) { r.mutable_agent()->mutable_skills(0)->set_level(6); });
  create("agent.languages[1]", [](Create& r) { r.mutable_agent()->add_languages("!"); });
  create("agent.capacity", [](Create& r) { r.mutable_agent()->set_capacity(-1); });
  create("request_id", [](Create& r) { r.set_request_id(std::string(129, 'x')); });
  create("request_id", [](Create& r) { r.set_request_id("a\nb"); });

  using Set = v1::SetPresenceRequest;
  Set set;
  set.set_pool_id("p");
  set.set_agent_id("anna");
  set.set_presence(v1::PRESENCE_ONLINE);
  auto presence = [&](const char* field, const std::function<void(Set&)>& change) {
    calls.push_back(Wrong<Set, v1::SetPresenceResponse>(field, &Stub::SetPresence, change, set));
  };
  presence("presence", [](Set& r) { r.clear_presence(); });
  presence("presence", [](Set& r) { r.set_presence(static_cast<v1::Presence>(99)); });
  presence("reason", [](Set& r) { r.set_reason(std::string(257, 'x')); });
  presence("request_id", [](Set& r) { r.set_request_id("\x7F"); });

  using List = v1::ListAgentsRequest;
  List list;
  list.set_pool_id("p");
  auto lists = [&](const char* field, const std::function<void(List&)>& change) {
    calls.push_back(Wrong<List, v1::ListAgentsResponse>(field, &Stub::ListAgents, change, list));
  };
  lists("pool_id", [](List& r) { r.clear_pool_id(); });
  lists("presences[0]", [](List& r) { r.add_presences(static_cast<v1::Presence>(9)); });
  lists("presences", [](List& r) {
    for (int i = 0; i < 5; ++i) r.add_presences(v1::PRESENCE_ONLINE);
  });
  lists("skill", [](List& r) { r.set_skill("A!"); });
  lists("page_size", [](List& r) { r.set_page_size(-1); });
  lists("page_token", [](List& r) { r.set_page_token("nonsense"); });
  lists("page_token", [](List& r) { r.set_page_token(std::string(100'000, 'x')); });

  auto offer = [](auto& r, const std::string& id) { r.mutable_act()->set_offer_id(id); };
  auto work = [](auto& r, const std::string& id) { r.mutable_act()->set_assignment_id(id); };
  AddActCases<v1::ReceiveOfferRequest>(calls, &Stub::ReceiveOffer, "act.offer_id", offer);
  AddActCases<v1::AcceptOfferRequest>(calls, &Stub::AcceptOffer, "act.offer_id", offer);
  AddActCases<v1::DeclineOfferRequest>(calls, &Stub::DeclineOffer, "act.offer_id", offer);
  AddActCases<v1::StartWrapUpRequest>(calls, &Stub::StartWrapUp, "act.assignment_id", work);
  AddActCases<v1::CompleteAssignmentRequest>(calls, &Stub::CompleteAssignment, "act.assignment_id",
                                             work);
  using Complete = v1::CompleteAssignmentRequest;
  Complete complete;
  complete.set_pool_id("p");
  complete.set_agent_id("anna");
  complete.mutable_act()->set_assignment_id("p/1/1");
  complete.mutable_act()->set_disposition("solved");
  auto completes = [&](const char* field, const std::function<void(Complete&)>& change) {
    calls.push_back(Wrong<Complete, google::protobuf::Empty>(field, &Stub::CompleteAssignment,
                                                             change, complete));
  };
  completes("act.disposition", [](Complete& r) { r.mutable_act()->clear_disposition(); });
  completes("act.disposition",
            [](Complete& r) { r.mutable_act()->set_disposition(std::string(65, 'x')); });
  completes("act.note", [](Complete& r) { r.mutable_act()->set_note(std::string(4'097, 'x')); });
  using Decline = v1::DeclineOfferRequest;
  Decline decline;
  decline.set_pool_id("p");
  decline.set_agent_id("anna");
  decline.mutable_act()->set_offer_id("p/1/1");
  calls.push_back(Wrong<Decline, google::protobuf::Empty>(
      "act.reason", &Stub::DeclineOffer,
      [](Decline& r) { r.mutable_act()->set_reason(std::string(257, 'x')); }, decline));

  for (const WrongCall& wrong : calls) {
    const absl::Status status = wrong.call(h);
    INFO(status);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(ErrorField(status) == wrong.field);
    CHECK(ErrorDomain(status) == "muster");
  }
}

TEST_CASE("calls about an agent who is not there") {
  Harness h;
  auto reason = [](const absl::Status& status) { return ErrorReason(status); };
  CHECK(reason(h.SetPresence("p", "nobody", v1::PRESENCE_ONLINE).status()) == "AGENT_NOT_FOUND");
  v1::HeartbeatRequest beat;
  beat.set_pool_id("p");
  beat.set_agent_id("nobody");
  CHECK(reason(h.Call(&Stub::Heartbeat, beat).status()) == "AGENT_NOT_FOUND");
  v1::GetAgentWorkRequest work;
  work.set_pool_id("p");
  work.set_agent_id("nobody");
  CHECK(reason(h.Call(&Stub::GetAgentWork, work).status()) == "AGENT_NOT_FOUND");
  v1::UpdateAgentRequest update;
  *update.mutable_agent() = Anna().agent();
  CHECK(reason(h.Call(&Stub::UpdateAgent, update).status()) == "AGENT_NOT_FOUND");
}

TEST_CASE("a message that is too large is refused by the server, and the service goes on") {
  Harness h;
  v1::CreateAgentRequest request = Anna();
  request.mutable_agent()->set_display_name(std::string(5 << 20, 'x'));
  CHECK(absl::IsResourceExhausted(h.Call(&Stub::CreateAgent, request).status()));
  CHECK(h.Call(&Stub::CreateAgent, Anna()).ok());
}

TEST_CASE("an id of the call that the client chose comes back to nobody's harm") {
  Harness h;
  grpc::ClientContext context;
  context.AddMetadata(kCorrelationKey, "order-17");
  v1::Agent agent;
  CHECK(h.stub().CreateAgent(&context, Anna(), &agent).ok());
}

}  // namespace
}  // namespace muster::availability
