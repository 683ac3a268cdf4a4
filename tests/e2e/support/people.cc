#include "tests/e2e/support/people.h"

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/status_convert.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::e2e {
namespace {

constexpr absl::Duration kCallLimit = absl::Seconds(20);

template <class Stub, class Request, class Response>
Response Call(Stub& stub,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request) {
  grpc::ClientContext call;
  call.set_deadline(absl::ToChronoTime(absl::Now() + kCallLimit));
  call.set_wait_for_ready(true);
  Response response;
  const grpc::Status status = (stub.*method)(&call, request, &response);
  INFO(Describe(FromGrpc(status)));
  REQUIRE(status.ok());
  return response;
}

}  // namespace

std::string ReasonOf(const grpc::Status& status) { return ErrorReason(FromGrpc(status)); }

Pool::Pool(Stack& stack, const std::string& skill, const Rules& rules)
    : stack_(stack), id_(NewId("pool")), skill_(skill) {
  intake::v1::ApplyPoolRequest request;
  request.mutable_pool()->set_pool_id(id_);
  intake::v1::Queue& queue = *request.add_queues();
  queue.set_queue_id("q");
  auto& needed = *queue.add_required_skills();
  needed.set_skill(skill);
  needed.set_level(1);
  if (rules) rules(queue);
  Call(stack.intake(), &intake::v1::IntakeService::Stub::ApplyPool, request);
  matcher::v1::GetStatisticsRequest ask;
  ask.set_pool_id(id_);
  REQUIRE(Eventually([&] {
    grpc::ClientContext call;
    matcher::v1::Statistics statistics;
    return stack_.matcher().GetStatistics(&call, ask, &statistics).ok();
  }));
}

void Pool::AddAgent(const std::string& agent_id, int capacity) {
  availability::v1::CreateAgentRequest request;
  auto& agent = *request.mutable_agent();
  agent.set_pool_id(id_);
  agent.set_agent_id(agent_id);
  agent.set_display_name("Agent " + agent_id);
  agent.set_capacity(capacity);
  auto& skill = *agent.add_skills();
  skill.set_skill(skill_);
  skill.set_level(3);
  Call(stack_.availability(), &availability::v1::AvailabilityService::Stub::CreateAgent, request);
}

intake::v1::Ticket Pool::CreateTicket(const std::string& customer_id) {
  intake::v1::CreateTicketRequest request;
  request.set_request_id(NewId("r"));
  auto& ticket = *request.mutable_ticket();
  ticket.set_pool_id(id_);
  ticket.set_queue_id("q");
  ticket.set_customer_id(customer_id);
  ticket.set_subject("Where is my card?");
  return Call(stack_.intake(), &intake::v1::IntakeService::Stub::CreateTicket, request);
}

intake::v1::Ticket Pool::GetTicket(const std::string& ticket_id) {
  intake::v1::GetTicketRequest request;
  request.set_ticket_id(ticket_id);
  return Call(stack_.intake(), &intake::v1::IntakeService::Stub::GetTicket, request);
}

grpc::Status Pool::Cancel(const std::string& ticket_id, bool even_if_assigned) {
  intake::v1::CancelTicketRequest request;
  request.set_ticket_id(ticket_id);
  request.set_even_if_assigned(even_if_assigned);
  grpc::ClientContext call;
  call.set_deadline(absl::ToChronoTime(absl::Now() + kCallLimit));
  intake::v1::Ticket ticket;
  return stack_.intake().CancelTicket(&call, request, &ticket);
}

matcher::v1::Assignment Pool::GetAssignment(const std::string& assignment_id) {
  matcher::v1::GetAssignmentRequest request;
  request.set_assignment_id(assignment_id);
  return Call(stack_.matcher(), &matcher::v1::MatcherService::Stub::GetAssignment, request);
}

std::vector<matcher::v1::Assignment> Pool::ListAssignments(const std::string& ticket_id) {
  matcher::v1::ListAssignmentsRequest request;
  request.set_pool_id(id_);
  request.set_ticket_id(ticket_id);
  request.set_page_size(1000);
  auto answer =
      Call(stack_.matcher(), &matcher::v1::MatcherService::Stub::ListAssignments, request);
  return {answer.assignments().begin(), answer.assignments().end()};
}

std::vector<matcher::v1::Offer> Pool::ListOffers(const std::string& ticket_id) {
  matcher::v1::ListOffersRequest request;
  request.set_pool_id(id_);
  request.set_ticket_id(ticket_id);
  request.set_page_size(1000);
  auto answer = Call(stack_.matcher(), &matcher::v1::MatcherService::Stub::ListOffers, request);
  return {answer.offers().begin(), answer.offers().end()};
}

std::vector<intake::v1::Ticket> Pool::ListTickets() {
  intake::v1::ListTicketsRequest request;
  request.set_pool_id(id_);
  request.set_page_size(1000);
  auto answer = Call(stack_.intake(), &intake::v1::IntakeService::Stub::ListTickets, request);
  return {answer.tickets().begin(), answer.tickets().end()};
}

availability::v1::Agent Pool::GetAgent(const std::string& agent_id) {
  availability::v1::GetAgentRequest request;
  request.set_pool_id(id_);
  request.set_agent_id(agent_id);
  return Call(stack_.availability(), &availability::v1::AvailabilityService::Stub::GetAgent,
              request);
}

void Pool::WaitForTicket(const std::string& ticket_id, intake::v1::TicketState state) {
  INFO("ticket " << ticket_id << " should become " << intake::v1::TicketState_Name(state));
  REQUIRE(Eventually([&] { return GetTicket(ticket_id).state() == state; }, kPatience));
}

void Pool::WaitForAssignment(const std::string& assignment_id, matcher::v1::AssignmentState state) {
  INFO(assignment_id << " should become " << matcher::v1::AssignmentState_Name(state));
  REQUIRE(Eventually([&] { return GetAssignment(assignment_id).state() == state; }, kPatience));
}

Agent::Agent(Stack& stack, const std::string& pool_id, const std::string& agent_id)
    : stack_(stack), pool_id_(pool_id), agent_id_(agent_id) {
  stub_ = availability::v1::AgentLink::NewStub(stack_.channel(Part::kAvailability));
  Connect(availability::v1::PRESENCE_ONLINE, false);
}

Agent::~Agent() { Cut(); }

Agent::Frame::Welcome Agent::Connect(availability::v1::Presence presence, bool resume) {
  call_ = std::make_unique<grpc::ClientContext>();
  call_->set_wait_for_ready(true);
  stream_ = stub_->Connect(call_.get());
  ended_ = false;
  reader_ = std::thread([this] {
    Frame frame;
    while (stream_->Read(&frame)) {
      std::lock_guard lock(mutex_);
      if (std::string wrong = place_.Take(frame); !wrong.empty()) wrong_.push_back(wrong);
      frames_.push_back(frame);
      changed_.notify_all();
    }
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  });
  availability::v1::AgentFrame hello;
  hello.mutable_hello()->set_pool_id(pool_id_);
  hello.mutable_hello()->set_client("e2e test");
  hello.mutable_hello()->set_presence(presence);
  if (resume) {
    std::lock_guard lock(mutex_);
    place_.Fill(hello.mutable_hello());
  }
  Send(hello);
  return WaitFor("welcome", [](const Frame& f) { return f.has_welcome(); }).welcome();
}

void Agent::Cut() {
  if (!call_) return;
  call_->TryCancel();
  if (reader_.joinable()) reader_.join();
  stream_->Finish();
  stream_.reset();
  call_.reset();
}

void Agent::Reconnect() {
  Cut();
  {
    std::lock_guard lock(mutex_);
    frames_.clear();
  }
  Connect(availability::v1::PRESENCE_UNSPECIFIED, false);
}

Agent::Frame::Welcome Agent::Return(const std::shared_ptr<grpc::Channel>& node) {
  Cut();
  stub_ = availability::v1::AgentLink::NewStub(node);
  return Connect(availability::v1::PRESENCE_UNSPECIFIED, true);
}

std::vector<std::string> Agent::wrong() {
  std::lock_guard lock(mutex_);
  return wrong_;
}

bool Agent::ended() {
  std::lock_guard lock(mutex_);
  return ended_;
}

bool Agent::Has(Frame::KindCase kind) {
  std::lock_guard lock(mutex_);
  for (const Frame& frame : frames_) {
    if (frame.kind_case() == kind) return true;
  }
  return false;
}

Agent::Frame Agent::WaitFor(const std::string& what,
                            const std::function<bool(const Frame&)>& wanted) {
  std::unique_lock lock(mutex_);
  const absl::Time until = absl::Now() + kPatience;
  while (true) {
    for (auto at = frames_.begin(); at != frames_.end(); ++at) {
      if (!wanted(*at)) continue;
      Frame frame = *at;
      frames_.erase(at);
      return frame;
    }
    std::string seen;
    for (const Frame& frame : frames_) seen += frame.ShortDebugString() + "\n";
    INFO(agent_id_ << " waits for " << what << (ended_ ? ", stream ended" : "") << "; has\n"
                   << seen);
    REQUIRE(!ended_);
    const bool in_time =
        changed_.wait_until(lock, absl::ToChronoTime(until)) == std::cv_status::no_timeout;
    REQUIRE(in_time);
  }
}

availability::v1::OfferNotice Agent::WaitForOffer() {
  return WaitFor("an offer", [](const Frame& f) { return f.has_offer(); }).offer();
}
availability::v1::OfferRevoked Agent::WaitForRevoked() {
  return WaitFor("a revoke", [](const Frame& f) { return f.has_offer_revoked(); }).offer_revoked();
}
availability::v1::AssignmentConfirmed Agent::WaitForAssignment() {
  return WaitFor("an assignment", [](const Frame& f) { return f.has_assignment_confirmed(); })
      .assignment_confirmed();
}
availability::v1::AssignmentEnded Agent::WaitForEnded(const std::string& assignment_id) {
  return WaitFor(
             "the end of " + assignment_id,
             [&](const Frame& f) { return f.assignment_ended().assignment_id() == assignment_id; })
      .assignment_ended();
}
google::rpc::Status Agent::WaitForAnswer(const std::string& request_id) {
  return WaitFor("the answer to " + request_id,
                 [&](const Frame& f) { return f.answer().request_id() == request_id; })
      .answer()
      .status();
}

std::string Agent::Send(availability::v1::AgentFrame frame, const std::string& request_id) {
  frame.set_agent_id(agent_id_);
  frame.set_request_id(request_id.empty() ? NewId("r") : request_id);
  std::lock_guard lock(write_mutex_);
  stream_->Write(frame);
  return frame.request_id();
}

std::string Agent::Received(const std::string& offer_id) {
  availability::v1::AgentFrame frame;
  frame.mutable_receive_offer()->set_offer_id(offer_id);
  return Send(frame);
}
std::string Agent::Accept(const std::string& offer_id) {
  availability::v1::AgentFrame frame;
  frame.mutable_accept_offer()->set_offer_id(offer_id);
  return Send(frame);
}
std::string Agent::Decline(const std::string& offer_id) {
  availability::v1::AgentFrame frame;
  frame.mutable_decline_offer()->set_offer_id(offer_id);
  frame.mutable_decline_offer()->set_reason("not now");
  return Send(frame);
}
std::string Agent::StartWrapUp(const std::string& assignment_id) {
  availability::v1::AgentFrame frame;
  frame.mutable_start_wrap_up()->set_assignment_id(assignment_id);
  return Send(frame);
}
std::string Agent::Complete(const std::string& assignment_id, const std::string& request_id) {
  availability::v1::AgentFrame frame;
  frame.mutable_complete_assignment()->set_assignment_id(assignment_id);
  frame.mutable_complete_assignment()->set_disposition("solved");
  return Send(frame, request_id);
}
std::string Agent::SetPresence(availability::v1::Presence presence) {
  availability::v1::AgentFrame frame;
  frame.mutable_presence_change()->set_presence(presence);
  return Send(frame);
}

}  // namespace muster::e2e
