// The one converter between absl::Status and grpc::Status.
//
// Reason, domain, metadata, field and retry delay of common/base/errors.h travel as
// google.rpc.ErrorInfo, BadRequest and RetryInfo in the status details, as AIP-193 has it, and come
// back the same.
//
// Threading: pure functions.
//
//   return ToGrpc(InvalidField("pool_id", kIdRule));
//   absl::Status status = FromGrpc(stub->GetTicket(&context, request, &ticket));
#pragma once

#include "absl/status/status.h"

namespace grpc {
class Status;
}

namespace muster {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace muster
