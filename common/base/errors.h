// Errors as the API promises them: a canonical code, a reason that programs can read, the field at
// fault, and metadata. They travel as payloads of absl::Status, so that the domain needs no
// protobuf; common/rpc/status_convert.h turns them into google.rpc.ErrorInfo and BadRequest.
//
//   return InvalidField("ticket.subject", "must be at most 200 characters");
//   return NotFound("queue", queue_id);             // NOT_FOUND, reason QUEUE_NOT_FOUND
//   return FailedPrecondition("TICKET_ASSIGNED", "the ticket is being served");
//   if (ErrorReason(status) == "TICKET_ASSIGNED") ...
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace muster {

// The `domain` of every ErrorInfo that Muster makes.
inline constexpr std::string_view kErrorDomain = "muster";

using ErrorMetadata = std::map<std::string, std::string>;

// `reason` is UPPER_SNAKE_CASE and part of the API: clients branch on it.
absl::Status ErrorOf(absl::StatusCode code, std::string_view reason, std::string_view message,
                     const ErrorMetadata& metadata = {});

// INVALID_ARGUMENT that names the field by its path in the request, such as
// "tickets[3].priority_ahead", and says what a good value is.
absl::Status InvalidField(std::string_view field, std::string_view problem,
                          std::string_view reason = "INVALID_FIELD");

// `kind` is a word of the domain in lower case: "pool", "ticket". The reason is
// <KIND>_NOT_FOUND or <KIND>_ALREADY_EXISTS, and metadata carries {kind: id}.
absl::Status NotFound(std::string_view kind, std::string_view id);
absl::Status AlreadyExists(std::string_view kind, std::string_view id);

absl::Status FailedPrecondition(std::string_view reason, std::string_view message,
                                const ErrorMetadata& metadata = {});
absl::Status ResourceExhausted(std::string_view reason, std::string_view message);
absl::Status Unavailable(std::string_view reason, std::string_view message);
absl::Status Aborted(std::string_view reason, std::string_view message);
absl::Status DeadlineExceeded(std::string_view reason, std::string_view message);
absl::Status OutOfRange(std::string_view reason, std::string_view message);
absl::Status Internal(std::string_view reason, std::string_view message);

// INVALID_ARGUMENT: this request id was used before with another body.
absl::Status RequestIdReused();

// How long a client had better wait before it tries again (google.rpc.RetryInfo).
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// Readers: empty when the status does not say.
std::string ErrorReason(const absl::Status& status);
std::string ErrorDomain(const absl::Status& status);
std::string ErrorField(const absl::Status& status);
ErrorMetadata ErrorMetadataOf(const absl::Status& status);
// Zero when the status does not say.
absl::Duration RetryDelay(const absl::Status& status);

// For status_convert, which rebuilds what a peer said.
void SetErrorInfo(absl::Status& status, std::string_view reason, std::string_view domain,
                  const ErrorMetadata& metadata);
void SetErrorField(absl::Status& status, std::string_view field);

// "NOT_FOUND (QUEUE_NOT_FOUND): no such queue: chat" for logs and terminals.
std::string Describe(const absl::Status& status);

}  // namespace muster
