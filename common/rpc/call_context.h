// What a call carries besides its message: a deadline, and the id that follows it through the logs.
//
// Threading: a value.
//
//   CallContext call = ContextOf(*context, clock.Now());
//   Log(Severity::kInfo).Msg("ticket created").Call(call.correlation_id);
//   grpc::ClientContext onward;  Propagate(call, &onward);
#pragma once

#include <string>

#include "absl/time/time.h"

namespace grpc {
class ClientContext;
class ServerContextBase;
}  // namespace grpc

namespace muster {

// The metadata key of the correlation id; not the request_id of mutations.
inline constexpr char kCorrelationKey[] = "x-request-id";
// For clients that name no deadline, and at most this for those that do.
inline constexpr absl::Duration kDefaultDeadline = absl::Seconds(30);
inline constexpr absl::Duration kMaxDeadline = absl::Seconds(60);

struct CallContext {
  std::string correlation_id;  // from metadata, or made here
  absl::Time deadline;
};

CallContext ContextOf(const grpc::ServerContextBase& context, absl::Time now,
                      absl::Duration default_deadline = kDefaultDeadline);

// The client's deadline, no later than now + kMaxDeadline; now + `default_deadline` if it has none.
absl::Time DeadlineOf(const grpc::ServerContextBase& context, absl::Time now,
                      absl::Duration default_deadline = kDefaultDeadline);

// The client's x-request-id when it is fit to print (IsValidRequestId), else a new id.
std::string CorrelationIdOf(const grpc::ServerContextBase& context);

// Puts deadline and correlation id into an outgoing call.
void Propagate(const CallContext& call, grpc::ClientContext* context);
// For a call that begins here; a new correlation id, and a deadline `timeout` from now.
void Begin(absl::Duration timeout, grpc::ClientContext* context);

}  // namespace muster
