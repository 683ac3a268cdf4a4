#include "services/matcher/service/forward.h"

#include "common/base/errors.h"
#include "common/rpc/status_convert.h"

namespace muster::matcher {

absl::Status Forward::Answer(const std::string& pool_id, const std::string& address,
                             const grpc::Status& status) {
  absl::Status answer = FromGrpc(status);
  // The holder itself says more than that it could not be reached.
  if (!absl::IsUnavailable(answer) || !ErrorReason(answer).empty()) return answer;
  return ErrorOf(absl::StatusCode::kUnavailable, "POOL_NOT_SERVED",
                 "the matcher that holds the pool cannot be reached",
                 {{"pool_id", pool_id}, {"address", address}});
}

}  // namespace muster::matcher
