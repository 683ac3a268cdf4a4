#include "common/rpc/call_context.h"

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"
#include "common/base/ids.h"

namespace muster {

CallContext ContextOf(const grpc::ServerContextBase& context, absl::Time now,
                      absl::Duration default_deadline) {
  return {CorrelationIdOf(context), DeadlineOf(context, now, default_deadline)};
}

absl::Time DeadlineOf(const grpc::ServerContextBase& context, absl::Time now,
                      absl::Duration default_deadline) {
  // gRPC's "no deadline" is the largest time_point; absl saturates it.
  absl::Time deadline = absl::FromChrono(context.deadline());
  constexpr absl::Duration kForEver = absl::Hours(24 * 365);
  if (deadline > now + kForEver) return now + default_deadline;
  return std::min(deadline, now + kMaxDeadline);
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
  context->set_deadline(absl::ToChronoTime(call.deadline));
}

void Begin(absl::Duration timeout, grpc::ClientContext* context) {
  Propagate({NewId("r"), absl::Now() + timeout}, context);
}

}  // namespace muster
