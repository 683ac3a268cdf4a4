// Between the contract's messages and the domain.
//
// Threading: pure functions.
//
//   *response = ToProto(agent);
//   Agent agent = FromProto(request.agent());      // defaults filled in, nothing validated
#pragma once

#include <google/rpc/status.pb.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/availability/v1/agent.pb.h"
#include "muster/availability/v1/availability.pb.h"
#include "services/availability/domain/agent.h"
#include "services/availability/domain/mutation.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

namespace pb = ::muster::availability::v1;

pb::Agent ToProto(const Agent& agent);
// What a client may set. 0 counts as 1 where the contract says so.
Agent FromProto(const pb::Agent& agent);

// `rpc` in the two forms that it has on streams and in calls.
google::rpc::Status ToRpcStatus(const absl::Status& status);
absl::Status FromRpcStatus(const google::rpc::Status& status);

// The feed's messages.
pb::WatchAgentsResponse ToChanges(const PoolChange& change);
std::vector<pb::WatchAgentsResponse> ToSnapshot(const PoolHistory& history);
// Several messages when there is much; none when nothing has changed.
std::vector<pb::WatchAgentsResponse> ToChanges(const PoolHistory& history);
pb::WatchAgentsResponse ToProgress(int64_t revision);

// INVALID_ARGUMENT. The page size and token are brought into bounds.
absl::StatusOr<AgentFilter> FilterOf(const pb::ListAgentsRequest& request);
pb::ListAgentsResponse ToProto(const pb::ListAgentsRequest& request, const AgentPage& page);

}  // namespace muster::availability
