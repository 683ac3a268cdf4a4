#include "tests/integration/intake/harness.h"

#include <atomic>
#include <stdexcept>

#include "common/rpc/channel.h"
#include "muster/server/v1/server.grpc.pb.h"
#include "tests/support/catch.h"

namespace muster::intake {
namespace {

// Rises over all nodes of a test program, as a matcher's would.
std::atomic<int64_t> progress_revision{0};

constexpr absl::Duration kHealthLimit = absl::Seconds(2);

}  // namespace

Node::Node(const std::function<void(Config&)>& change) {
  if (change) change(config_);
  Start();
}

Node::Node(const std::string& database_url) {
  config_.database_url = database_url;
  Start();
}

void Node::Start() {
  config_.listen = "127.0.0.1:0";
  config_.node_id = "node";
  config_.monitor_interval = absl::Milliseconds(50);
  config_.drain_limit = absl::Seconds(2);
  if (config_.database_url.empty()) config_.database_url = SharedPostgres().CreateDatabase();
  app_ = std::make_unique<App>(config_);
  if (absl::Status status = app_->Start(); !status.ok()) {
    throw std::runtime_error(status.ToString());
  }
  channel_ = MakeChannel(app_->address(), {.own_connection = true});
  stub_ = v1::IntakeService::NewStub(channel_);
  if (!Eventually([&] { return Serving(); })) throw std::runtime_error("it does not serve");
}

bool Node::Serving() {
  auto stub = server::v1::ServerInfoService::NewStub(channel_);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kHealthLimit));
  server::v1::ServerInfo info;
  if (!stub->GetServerInfo(&context, {}, &info).ok()) return false;
  for (const auto& health : info.services()) {
    if (health.service() == v1::IntakeService::service_full_name()) return health.serving();
  }
  return false;
}

void Node::ApplyPool(const std::string& pool_id, const std::vector<std::string>& queue_ids) {
  v1::ApplyPoolRequest request;
  request.mutable_pool()->set_pool_id(pool_id);
  for (const std::string& queue_id : queue_ids) request.add_queues()->set_queue_id(queue_id);
  auto response = Call(&Stub::ApplyPool, request);
  INFO(response.status());
  REQUIRE(response.ok());
}

absl::StatusOr<v1::Ticket> Node::TryCreateTicket(const std::string& pool_id,
                                                 const std::string& queue_id,
                                                 const std::string& customer_id,
                                                 const std::string& request_id) {
  v1::CreateTicketRequest request;
  request.set_request_id(request_id);
  request.mutable_ticket()->set_pool_id(pool_id);
  request.mutable_ticket()->set_queue_id(queue_id);
  request.mutable_ticket()->set_customer_id(customer_id);
  return Call(&Stub::CreateTicket, request);
}

v1::Ticket Node::CreateTicket(const std::string& pool_id, const std::string& queue_id,
                              const std::string& customer_id) {
  auto ticket = TryCreateTicket(pool_id, queue_id, customer_id);
  INFO(ticket.status());
  REQUIRE(ticket.ok());
  return *ticket;
}

v1::Ticket Node::GetTicket(const std::string& ticket_id) {
  v1::GetTicketRequest request;
  request.set_ticket_id(ticket_id);
  auto ticket = Call(&Stub::GetTicket, request);
  INFO(ticket.status());
  REQUIRE(ticket.ok());
  return *ticket;
}

v1::Ticket Node::CancelTicket(const std::string& ticket_id) {
  v1::CancelTicketRequest request;
  request.set_ticket_id(ticket_id);
  auto ticket = Call(&Stub::CancelTicket, request);
  INFO(ticket.status());
  REQUIRE(ticket.ok());
  return *ticket;
}

void Node::Record(const std::string& pool_id, v1::ProgressEntry entry) {
  v1::RecordProgressRequest request;
  request.set_pool_id(pool_id);
  entry.set_progress_revision(++progress_revision);
  *request.add_entries() = entry;
  auto response = Call(&Stub::RecordProgress, request);
  INFO(response.status());
  REQUIRE(response.ok());
  REQUIRE(response->answers(0).outcome() == v1::PROGRESS_OUTCOME_APPLIED);
}

void Node::Assign(const v1::Ticket& ticket, const std::string& agent_id) {
  v1::ProgressEntry entry;
  entry.set_ticket_id(ticket.ticket_id());
  entry.mutable_assigned()->set_assignment_id("a/" + ticket.ticket_id());
  entry.mutable_assigned()->set_agent_id(agent_id);
  entry.mutable_assigned()->set_agent_display_name("Agent " + agent_id);
  Record(ticket.pool_id(), entry);
}

void Node::Resolve(const v1::Ticket& ticket) {
  v1::ProgressEntry entry;
  entry.set_ticket_id(ticket.ticket_id());
  entry.mutable_resolved()->set_assignment_id("a/" + ticket.ticket_id());
  Record(ticket.pool_id(), entry);
}

std::unique_ptr<Reader<v1::WatchTicketsResponse>> Node::WatchTickets(const std::string& pool_id,
                                                                     int64_t after, bool read) {
  v1::WatchTicketsRequest request;
  request.set_pool_id(pool_id);
  request.set_after_revision(after);
  return std::make_unique<Reader<v1::WatchTicketsResponse>>(
      [&](grpc::ClientContext* context) { return stub_->WatchTickets(context, request); }, read);
}

std::unique_ptr<Reader<v1::TicketStanding>> Node::WatchTicket(const std::string& ticket_id) {
  v1::WatchTicketRequest request;
  request.set_ticket_id(ticket_id);
  return std::make_unique<Reader<v1::TicketStanding>>(
      [&](grpc::ClientContext* context) { return stub_->WatchTicket(context, request); });
}

}  // namespace muster::intake
