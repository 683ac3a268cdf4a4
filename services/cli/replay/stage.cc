#include "services/cli/replay/stage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/rpc/proto_time.h"
#include "services/cli/replay/troubles.h"
#include "services/cli/terminal.h"

namespace muster::replay {
namespace {

using availability::v1::AvailabilityService;
using intake::v1::IntakeService;
using matcher::v1::MatcherService;

constexpr absl::Duration kAskFor = absl::Seconds(30);
constexpr absl::Duration kBetweenAsks = absl::Milliseconds(50);
constexpr int kPageSize = 1000;

// Nothing in a replay is to be decided by a rule that the trace does not have.
constexpr absl::Duration kOfferTimeout = absl::Seconds(30);
constexpr absl::Duration kTimeToLive = absl::Hours(24);
constexpr int kMostWaiting = 1'000'000;

TicketState FromProto(intake::v1::TicketState state) {
  switch (state) {
    case intake::v1::TICKET_STATE_ASSIGNED:
      return TicketState::kAssigned;
    case intake::v1::TICKET_STATE_RESOLVED:
      return TicketState::kResolved;
    case intake::v1::TICKET_STATE_CANCELLED:
      return TicketState::kCancelled;
    case intake::v1::TICKET_STATE_EXPIRED:
      return TicketState::kExpired;
    case intake::v1::TICKET_STATE_HELD:
      return TicketState::kHeld;
    default:
      return TicketState::kQueued;
  }
}

AssignmentState FromProto(matcher::v1::AssignmentState state) {
  switch (state) {
    case matcher::v1::ASSIGNMENT_STATE_WRAP_UP:
      return AssignmentState::kWrapUp;
    case matcher::v1::ASSIGNMENT_STATE_COMPLETED:
      return AssignmentState::kCompleted;
    case matcher::v1::ASSIGNMENT_STATE_TRANSFERRED:
      return AssignmentState::kTransferred;
    case matcher::v1::ASSIGNMENT_STATE_LOST:
      return AssignmentState::kLost;
    default:
      return AssignmentState::kActive;
  }
}

TicketRecord RecordOf(const intake::v1::Ticket& ticket) {
  TicketRecord record;
  record.id = ticket.ticket_id();
  record.state = FromProto(ticket.state());
  record.created = FromProtoTime(ticket.create_time());
  if (ticket.has_assign_time()) record.assigned = FromProtoTime(ticket.assign_time());
  if (ticket.has_end_time()) record.ended = FromProtoTime(ticket.end_time());
  record.agent = ticket.agent_id();
  record.assignment = ticket.assignment_id();
  return record;
}

AssignmentRecord RecordOf(const matcher::v1::Assignment& assignment) {
  AssignmentRecord record;
  record.id = assignment.assignment_id();
  record.ticket = assignment.ticket_id();
  record.agent = assignment.agent_id();
  record.state = FromProto(assignment.state());
  record.started = FromProtoTime(assignment.accept_time());
  if (assignment.has_end_time()) record.ended = FromProtoTime(assignment.end_time());
  record.weight = assignment.weight();
  record.disposition = assignment.disposition();
  record.customer_left = assignment.end_reason() == "customer_left";
  return record;
}

}  // namespace

template <class Stub, class Request, class Response>
absl::StatusOr<Response> Stage::Ask(Stub& stub,
                                    grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                                    const Request& request) {
  const absl::Time give_up = absl::Now() + kAskFor;
  while (true) {
    absl::StatusOr<Response> response = context_.Call(stub, method, request);
    if (!IsPassing(response.status()) || absl::Now() >= give_up || cli::Interrupted()) {
      return response;
    }
    cli::WaitForInterrupt(kBetweenAsks);
  }
}

absl::Status Stage::Set(const Trace& trace, const Roster& roster) {
  intake::v1::GetPoolRequest request;
  request.set_pool_id(pool_);
  const auto found = Ask(context_.Intake(), &IntakeService::Stub::GetPool, request);
  if (found.ok()) return AlreadyExists("pool", pool_);
  if (found.status().code() != absl::StatusCode::kNotFound) return found.status();
  const std::vector<AgentProfile> agents = AgentsOf(roster);
  MUSTER_RETURN_IF_ERROR(CreatePool(QueuesOf(trace)));
  MUSTER_RETURN_IF_ERROR(CreateAgents(agents));
  return WaitUntilServed(agents.size());
}

absl::Status Stage::CreatePool(const std::vector<std::string>& queues) {
  intake::v1::ApplyPoolRequest request;
  request.set_request_id(NewId("replay"));
  request.mutable_pool()->set_pool_id(pool_);
  request.mutable_pool()->set_display_name("replay");
  for (const std::string& name : queues) {
    intake::v1::Queue& queue = *request.add_queues();
    queue.set_queue_id(name);
    intake::v1::RequiredSkill& skill = *queue.add_required_skills();
    skill.set_skill(name);
    skill.set_level(1);
    queue.set_weight(1);
    queue.set_most_waiting(kMostWaiting);
    *queue.mutable_offer_timeout() = ToProtoDuration(kOfferTimeout);
    *queue.mutable_time_to_live() = ToProtoDuration(kTimeToLive);
    *queue.mutable_after_work_time() = ToProtoDuration(absl::ZeroDuration());
  }
  return Ask(context_.Intake(), &IntakeService::Stub::ApplyPool, request).status();
}

absl::Status Stage::CreateAgents(const std::vector<AgentProfile>& agents) {
  for (const AgentProfile& profile : agents) {
    availability::v1::CreateAgentRequest request;
    request.set_request_id(NewId("replay"));
    availability::v1::Agent& agent = *request.mutable_agent();
    agent.set_pool_id(pool_);
    agent.set_agent_id(profile.agent);
    agent.set_display_name(profile.agent);
    agent.set_capacity(1);
    for (const std::string& skill : profile.skills) {
      availability::v1::AgentSkill& has = *agent.add_skills();
      has.set_skill(skill);
      has.set_level(1);
    }
    MUSTER_RETURN_IF_ERROR(
        Ask(context_.Availability(), &AvailabilityService::Stub::CreateAgent, request).status());
    agents_.push_back(profile.agent);
  }
  return absl::OkStatus();
}

absl::Status Stage::WaitUntilServed(size_t agents) {
  const absl::Time give_up = absl::Now() + kAskFor;
  matcher::v1::GetStatisticsRequest request;
  request.set_pool_id(pool_);
  while (!cli::Interrupted()) {
    MUSTER_ASSIGN_OR_RETURN(const matcher::v1::Statistics statistics,
                            Ask(context_.Matcher(), &MatcherService::Stub::GetStatistics, request));
    if (statistics.agents().registered() >= static_cast<int64_t>(agents)) return absl::OkStatus();
    if (absl::Now() >= give_up) {
      return Unavailable("POOL_NOT_SERVED",
                         absl::StrCat("the matcher knows ", statistics.agents().registered(),
                                      " of ", agents, " agents"));
    }
    cli::WaitForInterrupt(kBetweenAsks);
  }
  return absl::CancelledError("interrupted");
}

absl::StatusOr<std::vector<intake::v1::Ticket>> Stage::Tickets() {
  std::vector<intake::v1::Ticket> tickets;
  intake::v1::ListTicketsRequest request;
  request.set_pool_id(pool_);
  request.set_page_size(kPageSize);
  do {
    MUSTER_ASSIGN_OR_RETURN(const intake::v1::ListTicketsResponse page,
                            Ask(context_.Intake(), &IntakeService::Stub::ListTickets, request));
    tickets.insert(tickets.end(), page.tickets().begin(), page.tickets().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return tickets;
}

absl::StatusOr<std::vector<matcher::v1::Assignment>> Stage::Assignments() {
  std::vector<matcher::v1::Assignment> assignments;
  matcher::v1::ListAssignmentsRequest request;
  request.set_pool_id(pool_);
  request.set_oldest_first(true);
  request.set_page_size(kPageSize);
  do {
    MUSTER_ASSIGN_OR_RETURN(
        const matcher::v1::ListAssignmentsResponse page,
        Ask(context_.Matcher(), &MatcherService::Stub::ListAssignments, request));
    assignments.insert(assignments.end(), page.assignments().begin(), page.assignments().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return assignments;
}

absl::Status Stage::Read(History& history) {
  MUSTER_ASSIGN_OR_RETURN(const auto tickets, Tickets());
  MUSTER_ASSIGN_OR_RETURN(const auto assignments, Assignments());
  history.tickets.clear();
  history.assignments.clear();
  for (const auto& ticket : tickets) history.tickets.push_back(RecordOf(ticket));
  for (const auto& assignment : assignments) history.assignments.push_back(RecordOf(assignment));
  return absl::OkStatus();
}

absl::Status Stage::DeleteAgent(const std::string& agent) {
  availability::v1::DeleteAgentRequest request;
  request.set_pool_id(pool_);
  request.set_agent_id(agent);
  request.set_request_id(NewId("replay"));
  const absl::Status status =
      Ask(context_.Availability(), &AvailabilityService::Stub::DeleteAgent, request).status();
  if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
  // A play that broke off leaves agents on duty.
  availability::v1::SetPresenceRequest off;
  off.set_pool_id(pool_);
  off.set_agent_id(agent);
  off.set_presence(availability::v1::PRESENCE_OFFLINE);
  off.set_request_id(NewId("replay"));
  MUSTER_RETURN_IF_ERROR(
      Ask(context_.Availability(), &AvailabilityService::Stub::SetPresence, off).status());
  request.set_request_id(NewId("replay"));
  return Ask(context_.Availability(), &AvailabilityService::Stub::DeleteAgent, request).status();
}

absl::Status Stage::Clear() {
  absl::Status first;
  MUSTER_ASSIGN_OR_RETURN(const auto tickets, Tickets());
  for (const intake::v1::Ticket& ticket : tickets) {
    if (ticket.has_end_time()) continue;
    intake::v1::CancelTicketRequest request;
    request.set_ticket_id(ticket.ticket_id());
    request.set_even_if_assigned(true);
    request.set_request_id(NewId("replay"));
    first.Update(Ask(context_.Intake(), &IntakeService::Stub::CancelTicket, request).status());
  }
  for (const std::string& agent : agents_) first.Update(DeleteAgent(agent));
  intake::v1::DeletePoolRequest request;
  request.set_pool_id(pool_);
  request.set_request_id(NewId("replay"));
  first.Update(Ask(context_.Intake(), &IntakeService::Stub::DeletePool, request).status());
  return first;
}

}  // namespace muster::replay
