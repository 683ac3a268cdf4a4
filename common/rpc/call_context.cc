#include "common/rpc/call_context.h"

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "common/base/ids.h"
#include "common/rpc/grpc_time.h"

namespace muster {

CallContext ContextOf(const grpc::ServerContextBase& context, absl::Time now,
                      absl::Duration default_deadline) {
  return {CorrelationIdOf(context), DeadlineOf(context, now, default_deadline)};
}

absl::Time DeadlineOf(const grpc::ServerContextBase& context, absl::Time now,
                      absl::Duration default_deadline) {
  const absl::Duration left = UntilGrpcTime(context.deadline());
  constexpr absl::Duration kForEver = absl::Hours(24 * 365);
  if (left > kForEver) return now + default_deadline;
  return now + std::min(left, kMaxDeadline);
}

std::string CorrelationIdOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  auto it = metadata.find(kCorrelationKey);
  if (it != metadata.end()) {
    std::string_view id(it->second.data(), it->second.size());
    if (IsValidRequestId(id)) return std::string(id);
  }
  return NewId("r");
}

void Propagate(const CallContext& call, grpc::ClientContext* context) {
  context->AddMetadata(kCorrelationKey, call.correlation_id);
  context->set_deadline(GrpcTimeIn(call.deadline - absl::Now()));
}

void Begin(absl::Duration timeout, grpc::ClientContext* context) {
  Propagate({NewId("r"), absl::Now() + timeout}, context);
}

}  // namespace muster
