#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/intake/service/handlers.h"

namespace muster::intake {
namespace {

absl::StatusOr<CreateTicket> CreateTicketOf(const v1::CreateTicketRequest& request,
                                            const std::string& pool_id) {
  MUSTER_RETURN_IF_ERROR(ValidateRequestId(request.request_id(), "request_id"));
  if (request.ticket().ByteSizeLong() > kMaxTicketBytes) {
    return InvalidField("ticket", absl::StrCat("must be at most ", kMaxTicketBytes, " bytes"));
  }
  CreateTicket act;
  MUSTER_ASSIGN_OR_RETURN(act.ticket, WantedTicket(request.ticket(), "ticket"));
  if (!pool_id.empty()) {
    if (act.ticket.pool_id.empty()) act.ticket.pool_id = pool_id;
    if (act.ticket.pool_id != pool_id) {
      return InvalidField("ticket.pool_id", "must be the batch's, or empty");
    }
  }
  MUSTER_RETURN_IF_ERROR(Validate(act.ticket, "ticket"));
  act.ticket.ticket_id = NewId("t");
  act.ticket.request_id = request.request_id();
  return act;
}

// Gathers the results of a batch of tickets, which come on several threads; the last one answers.
class BatchResults {
 public:
  BatchResults(v1::BatchCreateTicketsResponse* response, int count, UnaryDone done)
      : response_(response), left_(count), done_(std::move(done)) {
    for (int i = 0; i < count; ++i) response_->add_results();
  }

  void Set(int i, const absl::StatusOr<Outcome>& outcome) {
    v1::BatchCreateTicketsResponse::Result* result = response_->mutable_results(i);
    if (outcome.ok()) {
      ToProto(std::get<Ticket>(*outcome), result->mutable_ticket());
    } else {
      const absl::Status& status = outcome.status();
      result->set_code(static_cast<int>(status.code()));
      result->set_message(std::string(status.message()));
      result->set_reason(ErrorReason(status));
      result->set_field(ErrorField(status));
    }
    if (left_.fetch_sub(1) == 1) done_(absl::OkStatus());
  }

 private:
  v1::BatchCreateTicketsResponse* const response_;
  std::atomic<int> left_;
  const UnaryDone done_;
};

std::string FiltersOf(const TicketFilter& filter) {
  const std::string states = absl::StrJoin(
      filter.states, ",",
      [](std::string* out, TicketState state) { absl::StrAppend(out, static_cast<int>(state)); });
  // '\n' is in no id.
  return absl::StrJoin({std::string("tickets"), filter.pool_id, states, filter.queue_id,
                        filter.customer_id, std::string(filter.newest_first ? "new" : "old")},
                       "\n");
}

absl::StatusOr<TicketFilter> FilterOf(const v1::ListTicketsRequest& request) {
  MUSTER_RETURN_IF_ERROR(ValidateId(request.pool_id(), "pool_id"));
  if (!request.queue_id().empty()) {
    MUSTER_RETURN_IF_ERROR(ValidateId(request.queue_id(), "queue_id"));
  }
  MUSTER_RETURN_IF_ERROR(
      ValidateCharacters(request.customer_id(), 0, kMaxCustomerIdCharacters, "customer_id"));
  TicketFilter filter{.pool_id = request.pool_id(),
                      .queue_id = request.queue_id(),
                      .customer_id = request.customer_id(),
                      .newest_first = request.newest_first()};
  if (request.states_size() > v1::TicketState_ARRAYSIZE) {
    return InvalidField("states", "must name each state once");
  }
  for (int i = 0; i < request.states_size(); ++i) {
    MUSTER_ASSIGN_OR_RETURN(TicketState state,
                            WantedState(request.states(i), absl::StrCat("states[", i, "]")));
    filter.states.push_back(state);
  }
  return filter;
}

}  // namespace

IntakeService::Unary* IntakeService::CreateTicket(Context* context,
                                                  const v1::CreateTicketRequest* request,
                                                  v1::Ticket* response) {
  return Handle(context, "intake.CreateTicket", [&](const CallContext& call, UnaryDone done) {
    MUSTER_ASSIGN_OR_RETURN(intake::CreateTicket act, CreateTicketOf(*request, ""));
    Write<Ticket>(MutationOf(std::move(act), *request), call, response, done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::BatchCreateTickets(
    Context* context, const v1::BatchCreateTicketsRequest* request,
    v1::BatchCreateTicketsResponse* response) {
  return Handle(context, "intake.BatchCreateTickets", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    const int count = request->requests_size();
    if (count < 1 || count > kMaxBatchTickets) {
      return InvalidField("requests", absl::StrCat("must be 1 to ", kMaxBatchTickets));
    }
    auto results = std::make_shared<BatchResults>(response, count, done);
    for (int i = 0; i < count; ++i) {
      const v1::CreateTicketRequest& one = request->requests(i);
      absl::StatusOr<intake::CreateTicket> act = CreateTicketOf(one, request->pool_id());
      if (!act.ok()) {
        results->Set(i, act.status());
        continue;
      }
      parts_.writer.Submit(
          MutationOf(*std::move(act), one), call.deadline,
          [results, i](absl::StatusOr<Outcome> outcome) { results->Set(i, outcome); });
    }
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::GetTicket(Context* context,
                                               const v1::GetTicketRequest* request,
                                               v1::Ticket* response) {
  return Handle(context, "intake.GetTicket", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateTicketId(request->ticket_id(), "ticket_id"));
    parts_.store.GetTicket(request->ticket_id(), call.deadline, AnswerWith<Ticket>(response, done));
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::ListTickets(Context* context,
                                                 const v1::ListTicketsRequest* request,
                                                 v1::ListTicketsResponse* response) {
  return Handle(context, "intake.ListTickets", [&](const CallContext& call, UnaryDone done) {
    MUSTER_ASSIGN_OR_RETURN(TicketFilter filter, FilterOf(*request));
    MUSTER_ASSIGN_OR_RETURN(Page page, PageOf(*request, FiltersOf(filter)));
    parts_.store.ListTickets(std::move(filter), page.after, page.size + 1, call.deadline,
                             AnswerPage<Ticket>(
                                 page, response, response->mutable_tickets(),
                                 [](const Ticket& ticket) { return ticket.ticket_id; }, done));
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::CancelTicket(Context* context,
                                                  const v1::CancelTicketRequest* request,
                                                  v1::Ticket* response) {
  return Handle(context, "intake.CancelTicket", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    MUSTER_RETURN_IF_ERROR(ValidateTicketId(request->ticket_id(), "ticket_id"));
    MUSTER_RETURN_IF_ERROR(ValidateBytes(request->reason(), kMaxReasonBytes, "reason"));
    intake::CancelTicket act{request->ticket_id(), request->reason(), request->even_if_assigned()};
    Write<Ticket>(MutationOf(std::move(act), *request), call, response, done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::ReleaseTicket(Context* context,
                                                   const v1::ReleaseTicketRequest* request,
                                                   v1::Ticket* response) {
  return Handle(context, "intake.ReleaseTicket", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateRequestId(request->request_id(), "request_id"));
    MUSTER_RETURN_IF_ERROR(ValidateTicketId(request->ticket_id(), "ticket_id"));
    Write<Ticket>(MutationOf(intake::ReleaseTicket{request->ticket_id()}, *request), call, response,
                  done);
    return absl::OkStatus();
  });
}

IntakeService::Unary* IntakeService::RecordProgress(Context* context,
                                                    const v1::RecordProgressRequest* request,
                                                    v1::RecordProgressResponse* response) {
  return Handle(context, "intake.RecordProgress", [&](const CallContext& call, UnaryDone done) {
    MUSTER_RETURN_IF_ERROR(ValidateId(request->pool_id(), "pool_id"));
    const int count = request->entries_size();
    if (count < 1 || count > kMaxProgressEntries) {
      return InvalidField("entries", absl::StrCat("must be 1 to ", kMaxProgressEntries));
    }
    const absl::Time now = parts_.clock.Now();
    intake::RecordProgress act{.pool_id = request->pool_id()};
    for (int i = 0; i < count; ++i) {
      const std::string path = absl::StrCat("entries[", i, "]");
      MUSTER_ASSIGN_OR_RETURN(ProgressEntry entry, WantedProgress(request->entries(i), now, path));
      MUSTER_RETURN_IF_ERROR(Validate(entry, path));
      act.entries.push_back(std::move(entry));
    }
    // Told again it is STALE, and harmless: progress needs no memory of requests.
    Write<std::vector<ProgressAnswer>>({.act = std::move(act), .now = now}, call, response, done);
    return absl::OkStatus();
  });
}

}  // namespace muster::intake
