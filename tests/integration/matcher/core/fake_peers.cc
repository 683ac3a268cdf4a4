#include "tests/integration/matcher/core/fake_peers.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/proto_time.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

constexpr std::chrono::seconds kPatience(15);
constexpr std::chrono::milliseconds kLook(10);  // for a client that has gone

bool IsLive(const in::Ticket& ticket) {
  return ticket.state() == in::TICKET_STATE_QUEUED || ticket.state() == in::TICKET_STATE_ASSIGNED;
}

}  // namespace

std::shared_ptr<grpc::Channel> FakePeer::Channel() const {
  grpc::ChannelArguments arguments;
  // Quick to come back, and not over a connection that another test has seen fail.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
}

void FakePeer::Up() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials(), &port);
  Register(builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) std::abort();
  address_ = absl::StrCat("127.0.0.1:", port);
}

void FakePeer::Down() {
  if (server_ == nullptr) return;
  Cut();
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

void FakePeer::Cut() {
  {
    std::lock_guard lock(mutex);
    ++cuts_;
  }
  changed.notify_all();
}

bool FakePeer::Await(const std::function<bool()>& condition) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, kPatience, condition);
}

bool FakePeer::WaitForNews(std::unique_lock<std::mutex>& lock, grpc::ServerContext* context,
                           int cuts, const std::function<bool()>& news) {
  while (cuts == cuts_ && !context->IsCancelled()) {
    if (changed.wait_for(lock, kLook, news)) return true;
  }
  return false;
}

// ---- intake

void FakeIntake::AddPool(const std::string& pool_id) {
  std::lock_guard lock(mutex);
  pools.insert(pool_id);
}

void FakeIntake::RemovePool(const std::string& pool_id) {
  std::lock_guard lock(mutex);
  pools.erase(pool_id);
}

in::Ticket FakeIntake::NewTicket(const std::string& ticket_id) {
  Ticket ticket;
  ticket.set_ticket_id(ticket_id);
  ticket.set_pool_id("bank");
  ticket.set_queue_id("card");
  ticket.set_state(in::TICKET_STATE_QUEUED);
  *ticket.mutable_create_time() = ToProtoTime(absl::Now());
  return ticket;
}

void FakeIntake::Put(Ticket ticket) {
  {
    std::lock_guard lock(mutex);
    ticket.set_revision(++revision_);
    tickets_[ticket.ticket_id()] = ticket;
    changes_.emplace_back(revision_, std::move(ticket));
  }
  changed.notify_all();
}

grpc::Status FakeIntake::ListPools(Context*, const in::ListPoolsRequest*,
                                   in::ListPoolsResponse* response) {
  std::lock_guard lock(mutex);
  for (const std::string& id : pools) response->add_pools()->set_pool_id(id);
  return grpc::Status::OK;
}

grpc::Status FakeIntake::WatchTickets(Context* context, const in::WatchTicketsRequest* request,
                                      grpc::ServerWriter<in::WatchTicketsResponse>* writer) {
  std::unique_lock lock(mutex);
  const int cuts = cuts_;
  int64_t sent = request->after_revision();
  watched_after.push_back(sent);
  changed.notify_all();
  if (sent > 0 && sent < oldest_revision) return {grpc::StatusCode::OUT_OF_RANGE, "too old"};
  if (silent) {
    WaitForNews(lock, context, cuts, [] { return false; });
    return {grpc::StatusCode::UNAVAILABLE, "cut"};
  }
  if (sent == 0) {
    in::WatchTicketsResponse message;
    message.mutable_chunk()->add_queues()->set_queue_id("card");
    writer->Write(message);
    for (const auto& [id, ticket] : tickets_) {
      if (!IsLive(ticket)) continue;
      message.Clear();  // a chunk for each: they have to be gathered
      *message.mutable_chunk()->add_tickets() = ticket;
      writer->Write(message);
    }
    message.Clear();
    message.mutable_snapshot_complete()->set_revision(revision_);
    writer->Write(message);
    sent = revision_;
  } else {
    in::WatchTicketsResponse message;
    message.mutable_progress()->set_revision(sent);
    writer->Write(message);
  }
  while (WaitForNews(lock, context, cuts, [&] { return revision_ > sent; })) {
    in::WatchTicketsResponse message;
    message.mutable_changes()->set_revision(revision_);
    for (const auto& [revision, ticket] : changes_) {
      if (revision > sent) *message.mutable_changes()->add_tickets() = ticket;
    }
    writer->Write(message);
    sent = revision_;
  }
  return {grpc::StatusCode::UNAVAILABLE, "cut"};
}

grpc::Status FakeIntake::RecordProgress(Context*, const in::RecordProgressRequest* request,
                                        in::RecordProgressResponse* response) {
  std::lock_guard lock(mutex);
  told.push_back(*request);
  changed.notify_all();
  if (!refusal.ok()) return refusal;
  for (const in::ProgressEntry& entry : request->entries()) {
    if (entry.ticket_id() == poison) return {grpc::StatusCode::INVALID_ARGUMENT, "what is this?"};
  }
  for (const in::ProgressEntry& entry : request->entries()) {
    auto* answer = response->add_answers();
    answer->set_ticket_id(entry.ticket_id());
    auto ticket = tickets_.find(entry.ticket_id());
    const bool left =
        ticket != tickets_.end() && ticket->second.state() == in::TICKET_STATE_CANCELLED;
    answer->set_outcome(left ? in::PROGRESS_OUTCOME_REJECTED : in::PROGRESS_OUTCOME_APPLIED);
    answer->set_state(left ? in::TICKET_STATE_CANCELLED : in::TICKET_STATE_ASSIGNED);
    progress.push_back(entry);
  }
  return grpc::Status::OK;
}

// ---- availability

void FakeAvailability::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(static_cast<av::AvailabilityService::Service*>(this));
  builder.RegisterService(static_cast<av::AgentDelivery::Service*>(this));
}

av::Agent FakeAvailability::NewAgent(const std::string& agent_id) {
  Agent agent;
  agent.set_pool_id("bank");
  agent.set_agent_id(agent_id);
  agent.set_display_name("Agent " + agent_id);
  agent.set_capacity(1);
  agent.set_presence(av::PRESENCE_ONLINE);
  agent.set_connected(true);
  agent.set_session_id("s-" + agent_id);
  agent.set_node_id("n-1");
  return agent;
}

void FakeAvailability::Put(Agent agent) {
  {
    std::lock_guard lock(mutex);
    agents_[agent.agent_id()] = agent;
    changes_.emplace_back(++revision_, std::move(agent));
  }
  changed.notify_all();
}

grpc::Status FakeAvailability::WatchAgents(Context* context, const av::WatchAgentsRequest* request,
                                           grpc::ServerWriter<av::WatchAgentsResponse>* writer) {
  std::unique_lock lock(mutex);
  const int cuts = cuts_;
  int64_t sent = request->after_revision();
  av::WatchAgentsResponse message;
  if (sent == 0) {
    for (const auto& [id, agent] : agents_) *message.mutable_chunk()->add_agents() = agent;
    writer->Write(message);
    message.Clear();
    message.mutable_snapshot_complete()->set_revision(revision_);
    sent = revision_;
  } else {
    message.mutable_progress()->set_revision(sent);
  }
  writer->Write(message);
  while (WaitForNews(lock, context, cuts, [&] { return revision_ > sent; })) {
    message.Clear();
    message.mutable_changes()->set_revision(revision_);
    for (const auto& [revision, agent] : changes_) {
      if (revision > sent) *message.mutable_changes()->add_agents() = agent;
    }
    writer->Write(message);
    sent = revision_;
  }
  return {grpc::StatusCode::UNAVAILABLE, "cut"};
}

grpc::Status FakeAvailability::ListNodes(Context*, const av::ListNodesRequest*,
                                         av::ListNodesResponse* response) {
  std::lock_guard lock(mutex);
  av::Node& node = *response->add_nodes();
  node.set_node_id(node_id);
  node.set_address(address());
  for (const auto& [id, where] : others) {
    av::Node& other = *response->add_nodes();
    other.set_node_id(id);
    other.set_address(where);
  }
  return grpc::Status::OK;
}

void FakeAvailability::Take(const av::DeliverRequest& request, DeliveryStream* stream) {
  largest_batch = std::max<size_t>(largest_batch, request.items_size());
  for (const av::DeliverRequest::Item& item : request.items()) {
    if (item.has_serve()) {
      av::DeliverResponse ready;
      *ready.add_items()->mutable_ready()->mutable_pool_ids() = item.serve().pool_ids();
      stream->Write(ready);
      served.emplace_back(item.serve().pool_ids().begin(), item.serve().pool_ids().end());
    } else if (item.has_to_agent() && item.to_agent().has_told()) {
      all.push_back(item.to_agent().told().session_id());
    } else if (item.has_to_agent()) {
      told.push_back(item.to_agent());
    } else if (item.has_act_answer()) {
      answers[item.act_answer().act_id()] = item.act_answer();
    }
  }
}

grpc::Status FakeAvailability::Deliver(Context* context, DeliveryStream* stream) {
  int cuts = 0;
  {
    std::lock_guard lock(mutex);
    ++streams;
    stream_ = stream;
    cuts = cuts_;
  }
  // Reads block: another thread breaks them off when the stream is cut.
  std::thread watcher([this, context, cuts] {
    std::unique_lock lock(mutex);
    WaitForNews(lock, context, cuts, [] { return false; });
    context->TryCancel();
  });
  av::DeliverRequest request;
  while (stream->Read(&request)) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !read_late || cuts != cuts_; });
    Take(request, stream);
    changed.notify_all();
  }
  {
    std::lock_guard lock(mutex);
    if (stream_ == stream) stream_ = nullptr;
  }
  context->TryCancel();
  watcher.join();
  return grpc::Status::OK;
}

uint64_t FakeAvailability::Send(const std::string& agent_id,
                                const std::function<void(Act&)>& fill) {
  std::lock_guard lock(mutex);
  av::DeliverResponse response;
  Act& act = *response.add_items()->mutable_act();
  act.set_act_id(++last_act_);
  act.set_pool_id("bank");
  act.set_agent_id(agent_id);
  *act.mutable_deadline() = ToProtoTime(absl::Now() + absl::Seconds(10));
  fill(act);
  if (stream_ != nullptr) stream_->Write(response);
  return last_act_;
}

void FakeAvailability::SendUndelivered(const std::string& agent_id, const std::string& offer_id) {
  std::lock_guard lock(mutex);
  av::DeliverResponse response;
  av::DeliverResponse::Undelivered& undelivered = *response.add_items()->mutable_undelivered();
  undelivered.set_pool_id("bank");
  undelivered.set_agent_id(agent_id);
  undelivered.set_offer_id(offer_id);
  if (stream_ != nullptr) stream_->Write(response);
}

bool FakeAvailability::Offered(const std::string& ticket_id) const {
  return std::any_of(told.begin(), told.end(), [&](const auto& message) {
    return message.has_offer() && message.offer().ticket_id() == ticket_id;
  });
}

std::string FakeAvailability::LastOffer() const {
  for (auto it = told.rbegin(); it != told.rend(); ++it) {
    if (it->has_offer()) return it->offer().offer_id();
  }
  return "";
}

}  // namespace muster::matcher
