#include "tests/integration/availability/harness.h"

#include <utility>

#include "common/rpc/channel.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::availability {

Harness::Harness(HarnessOptions options) : options_(std::move(options)) {
  if (options_.database_url.empty()) options_.database_url = SharedPostgres().CreateDatabase();
  Start();
}

void Harness::Start() {
  Config config;
  config.listen = "127.0.0.1:0";
  config.database_url = options_.database_url;
  config.node_id = options_.node_id;
  config.node_lease = options_.node_lease;
  config.hello_rate = options_.hello_rate;
  config.max_batch = options_.max_batch;
  config.lease = options_.lease;
  config.heartbeat_interval = options_.lease / 3;
  config.grace = options_.grace;
  config.act_timeout = options_.act_timeout;
  config.feed_progress = options_.feed_progress;
  config.feed_poll = absl::Milliseconds(50);
  config.link_queue = options_.link_queue;
  config.feed_queue = options_.feed_queue;
  config.drain_limit = absl::Seconds(2);
  app_ = std::make_unique<App>(config);
  if (absl::Status status = app_->Start(); !status.ok())
    throw std::runtime_error(status.ToString());
  channel_ = MakeChannel(app_->address(), {.own_connection = true});
  stub_ = v1::AvailabilityService::NewStub(channel_);
  if (!Eventually([&] { return Serving(); })) throw std::runtime_error("it does not serve");
}

bool Harness::Serving() {
  v1::ListAgentsRequest request;
  request.set_pool_id("nobody");
  return Call(&v1::AvailabilityService::Stub::ListAgents, request, absl::Seconds(2)).ok();
}

void Harness::Stop() { app_.reset(); }

void Harness::Restart() {
  Stop();
  Start();
}

v1::Agent Harness::CreateAgent(const std::string& pool_id, const std::string& agent_id) {
  v1::CreateAgentRequest request;
  request.mutable_agent()->set_pool_id(pool_id);
  request.mutable_agent()->set_agent_id(agent_id);
  request.mutable_agent()->set_display_name(agent_id);
  absl::StatusOr<v1::Agent> agent = Call(&v1::AvailabilityService::Stub::CreateAgent, request);
  INFO(agent.status());
  REQUIRE(agent.ok());
  return *agent;
}

v1::Agent Harness::GetAgent(const std::string& pool_id, const std::string& agent_id) {
  v1::GetAgentRequest request;
  request.set_pool_id(pool_id);
  request.set_agent_id(agent_id);
  absl::StatusOr<v1::Agent> agent = Call(&v1::AvailabilityService::Stub::GetAgent, request);
  INFO(agent.status());
  REQUIRE(agent.ok());
  return *agent;
}

absl::StatusOr<v1::SetPresenceResponse> Harness::SetPresence(const std::string& pool_id,
                                                             const std::string& agent_id,
                                                             v1::Presence presence) {
  v1::SetPresenceRequest request;
  request.set_pool_id(pool_id);
  request.set_agent_id(agent_id);
  request.set_presence(presence);
  return Call(&v1::AvailabilityService::Stub::SetPresence, request);
}

bool Harness::AgentBecomes(const std::string& pool_id, const std::string& agent_id,
                           const std::function<bool(const v1::Agent&)>& fits) {
  return Eventually([&] { return fits(GetAgent(pool_id, agent_id)); });
}

v1::AgentFrame FrameOf(const std::string& agent_id, const std::string& request_id) {
  v1::AgentFrame frame;
  frame.set_agent_id(agent_id);
  frame.set_request_id(request_id);
  return frame;
}

void Link::SendHello(const std::string& pool_id, const std::string& agent_id, v1::Presence presence,
                     const std::string& request_id) {
  v1::AgentFrame frame = FrameOf(agent_id, request_id);
  frame.mutable_hello()->set_pool_id(pool_id);
  frame.mutable_hello()->set_client("test");
  frame.mutable_hello()->set_presence(presence);
  Send(frame);
}

v1::PlatformFrame::Welcome Link::Hello(const std::string& pool_id, const std::string& agent_id,
                                       v1::Presence presence) {
  SendHello(pool_id, agent_id, presence);
  return AwaitWelcome(agent_id);
}

void Link::SendReturn(const std::string& pool_id, const std::string& agent_id,
                      const std::string& session_id, int64_t last_sequence,
                      const std::string& request_id) {
  v1::AgentFrame frame = FrameOf(agent_id, request_id);
  frame.mutable_hello()->set_pool_id(pool_id);
  frame.mutable_hello()->mutable_resume()->set_session_id(session_id);
  frame.mutable_hello()->mutable_resume()->set_last_sequence(last_sequence);
  Send(frame);
}

v1::PlatformFrame::Welcome Link::Return(const std::string& pool_id, const std::string& agent_id,
                                        const std::string& session_id, int64_t last_sequence) {
  SendReturn(pool_id, agent_id, session_id, last_sequence);
  return AwaitWelcome(agent_id);
}

v1::PlatformFrame::Welcome Link::AwaitWelcome(const std::string& agent_id) {
  std::optional<v1::PlatformFrame> frame = Await([&](const v1::PlatformFrame& f) {
    return f.agent_id() == agent_id && (f.has_welcome() || f.has_answer());
  });
  REQUIRE(frame);
  INFO(frame->ShortDebugString());
  REQUIRE(frame->has_welcome());
  return frame->welcome();
}

v1::PlatformFrame::Answer Link::Ask(v1::AgentFrame frame) {
  REQUIRE(Send(frame));
  std::optional<v1::PlatformFrame> answer = Await([&](const v1::PlatformFrame& f) {
    return f.has_answer() && f.answer().request_id() == frame.request_id();
  });
  REQUIRE(answer);
  return answer->answer();
}

std::optional<v1::PlatformFrame> Link::AwaitKind(v1::PlatformFrame::KindCase kind) {
  return Await([kind](const v1::PlatformFrame& f) { return f.kind_case() == kind; });
}

Matcher::Matcher(Harness& h, const std::vector<std::string>& pool_ids)
    : StreamClient([stub = h.DeliveryStub()](grpc::ClientContext* c) { return stub->Deliver(c); }) {
  if (pool_ids.empty()) return;
  v1::DeliverRequest::Item item;
  item.mutable_serve()->set_matcher_id("matcher-1");
  for (const std::string& id : pool_ids) item.mutable_serve()->add_pool_ids(id);
  Say(item);
  REQUIRE(AwaitItem([](const v1::DeliverResponse::Item& i) { return i.has_ready(); }));
}

void Matcher::Say(const v1::DeliverRequest::Item& item) {
  v1::DeliverRequest request;
  *request.add_items() = item;
  Send(request);
}

void Matcher::Offer(const std::string& pool_id, const std::string& agent_id,
                    const std::string& offer_id) {
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id(pool_id);
  item.mutable_to_agent()->set_agent_id(agent_id);
  item.mutable_to_agent()->mutable_offer()->set_offer_id(offer_id);
  item.mutable_to_agent()->mutable_offer()->set_ticket_id("t-" + offer_id);
  Say(item);
}

void Matcher::Confirm(const std::string& pool_id, const std::string& agent_id,
                      const std::string& assignment_id) {
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id(pool_id);
  item.mutable_to_agent()->set_agent_id(agent_id);
  item.mutable_to_agent()->mutable_assignment_confirmed()->set_assignment_id(assignment_id);
  Say(item);
}

void Matcher::Told(const std::string& pool_id, const std::string& agent_id,
                   const std::string& session_id) {
  v1::DeliverRequest::Item item;
  item.mutable_to_agent()->set_pool_id(pool_id);
  item.mutable_to_agent()->set_agent_id(agent_id);
  item.mutable_to_agent()->mutable_told()->set_session_id(session_id);
  Say(item);
}

void Matcher::Answer(uint64_t act_id, int code, const std::string& confirmed_id) {
  v1::DeliverRequest::Item item;
  item.mutable_act_answer()->set_act_id(act_id);
  item.mutable_act_answer()->mutable_status()->set_code(code);
  if (!confirmed_id.empty()) {
    item.mutable_act_answer()->mutable_assignment_confirmed()->set_assignment_id(confirmed_id);
  }
  Say(item);
}

std::optional<v1::DeliverResponse::Item> Matcher::AwaitItem(
    const std::function<bool(const v1::DeliverResponse::Item&)>& fits) {
  while (true) {
    while (!waiting_.empty()) {
      v1::DeliverResponse::Item item = waiting_.front();
      waiting_.erase(waiting_.begin());
      if (fits(item)) return item;
    }
    std::optional<v1::DeliverResponse> response =
        Await([](const v1::DeliverResponse&) { return true; });
    if (!response) return std::nullopt;
    waiting_.assign(response->items().begin(), response->items().end());
  }
}

std::optional<v1::DeliverResponse::Act> Matcher::AwaitAct() {
  auto item = AwaitItem([](const v1::DeliverResponse::Item& i) { return i.has_act(); });
  if (!item) return std::nullopt;
  return item->act();
}

}  // namespace muster::availability
