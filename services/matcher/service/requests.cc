#include "services/matcher/service/requests.h"

#include <google/protobuf/duration.pb.h>

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/page_token.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/rpc/fingerprint.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/domain/statistics.h"

namespace muster::matcher {
namespace {

absl::Status CheckId(const std::string& id, const char* field) {
  return IsValidId(id) ? absl::OkStatus() : InvalidField(field, kIdRule);
}

absl::Status CheckOptionalId(const std::string& id, const char* field) {
  return id.empty() ? absl::OkStatus() : CheckId(id, field);
}

// The numbers of the states are the same here and there.
template <class State, class ProtoStates, class IsState>
absl::Status ReadStates(const ProtoStates& protos, IsState is_state, std::vector<State>& states) {
  if (protos.size() > kMaxStates) {
    return InvalidField("states", absl::StrCat("must be at most ", kMaxStates));
  }
  for (int i = 0; i < protos.size(); ++i) {
    if (protos.Get(i) == 0 || !is_state(protos.Get(i))) {
      return InvalidField(absl::StrCat("states[", i, "]"), "must be one of the states");
    }
    states.push_back(static_cast<State>(protos.Get(i)));
  }
  return absl::OkStatus();
}

// A page token goes with the request that it was made for, apart from these two fields.
template <class Request>
std::string FiltersOf(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return absl::StrCat(request.GetTypeName(), request.SerializeAsString());
}

// The sequence after which the page begins; 0 for the first page.
absl::StatusOr<int64_t> ReadToken(const std::string& filters, const std::string& token) {
  MUSTER_ASSIGN_OR_RETURN(std::string key, ReadPageToken(filters, token));
  if (key.empty()) return 0;
  int64_t sequence = 0;
  if (!absl::SimpleAtoi(key, &sequence) || sequence <= 0) {
    return InvalidField("page_token", "must come from an earlier answer");
  }
  return sequence;
}

template <class Request>
absl::StatusOr<DecisionList> ReadDecisions(const Request& request) {
  MUSTER_RETURN_IF_ERROR(CheckId(request.pool_id(), "pool_id"));
  DecisionList list;
  list.query.pool_id = request.pool_id();
  list.filters = FiltersOf(request);
  MUSTER_ASSIGN_OR_RETURN(list.query.limit, PageSizeOf(request.page_size()));
  MUSTER_ASSIGN_OR_RETURN(list.query.before_sequence,
                          ReadToken(list.filters, request.page_token()));
  return list;
}

template <class Request>
absl::Status CheckOperation(const Request& request) {
  MUSTER_RETURN_IF_ERROR(CheckId(request.pool_id(), "pool_id"));
  MUSTER_RETURN_IF_ERROR(CheckId(request.ticket_id(), "ticket_id"));
  if (request.reason().empty() || request.reason().size() > kMaxReasonBytes) {
    return InvalidField("reason", absl::StrCat("must be 1 to ", kMaxReasonBytes, " bytes"));
  }
  if (HasControl(request.reason())) {
    return InvalidField("reason", "must not contain control characters");
  }
  if (!request.request_id().empty() && !IsValidRequestId(request.request_id())) {
    return InvalidField("request_id", kRequestIdRule);
  }
  return absl::OkStatus();
}

template <class Request>
RequestRef RefOf(const Request& request) {
  return {request.request_id(), Fingerprint(request)};
}

// A protobuf Duration may be nonsense in ways of its own.
absl::StatusOr<absl::Duration> ReadDuration(const google::protobuf::Duration& proto,
                                            const char* field, absl::Duration least,
                                            absl::Duration most) {
  absl::Duration duration = FromProtoDuration(proto);
  bool whole = proto.nanos() > -1'000'000'000 && proto.nanos() < 1'000'000'000;
  if (!whole || duration < least || duration > most) {
    return InvalidField(field, absl::StrCat("must be from ", absl::FormatDuration(least), " to ",
                                            absl::FormatDuration(most)));
  }
  return duration;
}

template <class Request>
absl::StatusOr<StatisticsQuery> ReadStatistics(const Request& request) {
  MUSTER_RETURN_IF_ERROR(CheckId(request.pool_id(), "pool_id"));
  StatisticsQuery query{request.pool_id(), kDefaultStatisticsWindow, kDefaultWatchInterval};
  if (request.has_window()) {
    MUSTER_ASSIGN_OR_RETURN(query.window, ReadDuration(request.window(), "window",
                                                       kMinStatisticsWindow, kMaxStatisticsWindow));
  }
  return query;
}

}  // namespace

absl::StatusOr<OfferList> ReadRequest(const v1::ListOffersRequest& request) {
  OfferList list;
  MUSTER_RETURN_IF_ERROR(CheckId(request.pool_id(), "pool_id"));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.agent_id(), "agent_id"));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.ticket_id(), "ticket_id"));
  MUSTER_RETURN_IF_ERROR(ReadStates(request.states(), v1::OfferState_IsValid, list.query.states));
  if (!list.query.states.empty()) {
    list.pending = std::erase(list.query.states, OfferState::kPending) > 0;
    list.ended = !list.query.states.empty();
  }
  list.filters = FiltersOf(request);
  list.query.pool_id = request.pool_id();
  list.query.agent_id = request.agent_id();
  list.query.ticket_id = request.ticket_id();
  MUSTER_ASSIGN_OR_RETURN(list.query.limit, PageSizeOf(request.page_size()));
  MUSTER_ASSIGN_OR_RETURN(list.query.before_sequence,
                          ReadToken(list.filters, request.page_token()));
  return list;
}

absl::StatusOr<AssignmentList> ReadRequest(const v1::ListAssignmentsRequest& request) {
  AssignmentList list;
  MUSTER_RETURN_IF_ERROR(CheckId(request.pool_id(), "pool_id"));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.agent_id(), "agent_id"));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.ticket_id(), "ticket_id"));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.queue_id(), "queue_id"));
  MUSTER_RETURN_IF_ERROR(
      ReadStates(request.states(), v1::AssignmentState_IsValid, list.query.states));
  list.filters = FiltersOf(request);
  list.query.pool_id = request.pool_id();
  list.query.agent_id = request.agent_id();
  list.query.ticket_id = request.ticket_id();
  list.query.queue_id = request.queue_id();
  list.query.oldest_first = request.oldest_first();
  MUSTER_ASSIGN_OR_RETURN(list.query.limit, PageSizeOf(request.page_size()));
  MUSTER_ASSIGN_OR_RETURN(list.query.after_sequence, ReadToken(list.filters, request.page_token()));
  return list;
}

absl::StatusOr<DecisionList> ReadRequest(const v1::ExplainTicketRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(DecisionList list, ReadDecisions(request));
  MUSTER_RETURN_IF_ERROR(CheckId(request.ticket_id(), "ticket_id"));
  list.query.ticket_id = request.ticket_id();
  return list;
}

absl::StatusOr<DecisionList> ReadRequest(const v1::ExplainAgentRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(DecisionList list, ReadDecisions(request));
  MUSTER_RETURN_IF_ERROR(CheckId(request.agent_id(), "agent_id"));
  list.query.agent_id = request.agent_id();
  return list;
}

absl::StatusOr<RequeueOperation> ReadRequest(const v1::RequeueTicketRequest& request) {
  MUSTER_RETURN_IF_ERROR(CheckOperation(request));
  return RequeueOperation{request.pool_id(), request.ticket_id(), request.reason(), RefOf(request)};
}

absl::StatusOr<TransferOperation> ReadRequest(const v1::TransferTicketRequest& request) {
  MUSTER_RETURN_IF_ERROR(CheckOperation(request));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.queue_id(), "queue_id"));
  MUSTER_RETURN_IF_ERROR(CheckOptionalId(request.agent_id(), "agent_id"));
  if (request.queue_id().empty() && request.agent_id().empty()) {
    return InvalidField("queue_id", "must be given unless agent_id is");
  }
  return TransferOperation{request.pool_id(),  request.ticket_id(), request.queue_id(),
                           request.agent_id(), request.reason(),    RefOf(request)};
}

absl::StatusOr<StatisticsQuery> ReadRequest(const v1::GetStatisticsRequest& request) {
  return ReadStatistics(request);
}

absl::StatusOr<StatisticsQuery> ReadRequest(const v1::WatchStatisticsRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(StatisticsQuery query, ReadStatistics(request));
  if (request.has_interval()) {
    MUSTER_ASSIGN_OR_RETURN(query.interval, ReadDuration(request.interval(), "interval",
                                                         kMinWatchInterval, kMaxWatchInterval));
  }
  return query;
}

absl::StatusOr<TapeQuery> ReadRequest(const v1::RecordRunRequest& request) {
  MUSTER_RETURN_IF_ERROR(CheckId(request.pool_id(), "pool_id"));
  TapeQuery query{request.pool_id(), absl::ZeroDuration()};
  if (request.has_follow()) {
    MUSTER_ASSIGN_OR_RETURN(query.follow, ReadDuration(request.follow(), "follow",
                                                       absl::ZeroDuration(), kMaxTapeFollow));
  }
  return query;
}

absl::StatusOr<WorkId> ReadWorkId(const std::string& id, const char* field) {
  std::optional<WorkId> work = ParseWorkId(id);
  if (!work) return InvalidField(field, "must be <pool>/<epoch>/<number>");
  return *std::move(work);
}

}  // namespace muster::matcher
