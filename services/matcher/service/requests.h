// What clients ask of MatcherService, checked: INVALID_ARGUMENT names the field, or here is a
// query.
//
// Threading: pure functions.
//
//   MUSTER_ASSIGN_OR_RETURN(OfferList list, ReadRequest(request));
//   store.ListOffers(list.query, ...);
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/matcher/v1/matcher.pb.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/domain/work_id.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

inline constexpr int kMaxStates = 16;        // of a list's filter
inline constexpr int kMaxReasonBytes = 256;  // of a requeue or a transfer
inline constexpr absl::Duration kMinWatchInterval = absl::Milliseconds(100);
inline constexpr absl::Duration kMaxWatchInterval = absl::Minutes(1);
inline constexpr absl::Duration kDefaultWatchInterval = absl::Seconds(1);
inline constexpr absl::Duration kMaxTapeFollow = absl::Hours(24);

struct OfferList {
  OfferQuery query;     // `states` without PENDING; `limit` is the page's size
  bool pending = true;  // whether open offers are wanted
  bool ended = true;    // whether any others are
  std::string filters;  // of the page token
};
struct AssignmentList {
  AssignmentQuery query;
  std::string filters;
};
struct DecisionList {
  DecisionQuery query;
  std::string filters;
};
struct StatisticsQuery {
  std::string pool_id;
  absl::Duration window;
  absl::Duration interval;  // of a watch
};

struct TapeQuery {
  std::string pool_id;
  absl::Duration follow;
};

absl::StatusOr<OfferList> ReadRequest(const v1::ListOffersRequest& request);
absl::StatusOr<AssignmentList> ReadRequest(const v1::ListAssignmentsRequest& request);
absl::StatusOr<DecisionList> ReadRequest(const v1::ExplainTicketRequest& request);
absl::StatusOr<DecisionList> ReadRequest(const v1::ExplainAgentRequest& request);
absl::StatusOr<RequeueOperation> ReadRequest(const v1::RequeueTicketRequest& request);
absl::StatusOr<TransferOperation> ReadRequest(const v1::TransferTicketRequest& request);
absl::StatusOr<StatisticsQuery> ReadRequest(const v1::GetStatisticsRequest& request);
absl::StatusOr<StatisticsQuery> ReadRequest(const v1::WatchStatisticsRequest& request);
absl::StatusOr<TapeQuery> ReadRequest(const v1::RecordRunRequest& request);
// `field` is "offer_id" or "assignment_id".
absl::StatusOr<WorkId> ReadWorkId(const std::string& id, const char* field);

}  // namespace muster::matcher
