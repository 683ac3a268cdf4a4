#include "common/base/errors.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/strings.h"

namespace muster {
namespace {

// One payload for each fact, so that none needs an encoding.
constexpr char kReasonKey[] = "muster/reason";
constexpr char kDomainKey[] = "muster/domain";
constexpr char kFieldKey[] = "muster/field";
constexpr char kRetryKey[] = "muster/retry_ms";
constexpr char kMetadataPrefix[] = "muster/metadata/";

std::string Payload(const absl::Status& status, const char* key) {
  absl::optional<absl::Cord> payload = status.GetPayload(key);
  return payload.has_value() ? std::string(*payload) : std::string();
}

std::string ReasonFor(std::string_view kind, const char* what) {
  return absl::StrCat(absl::AsciiStrToUpper(ToAbsl(kind)), what);
}

}  // namespace

void SetErrorInfo(absl::Status& status, std::string_view reason, std::string_view domain,
                  const ErrorMetadata& metadata) {
  status.SetPayload(kReasonKey, absl::Cord(ToAbsl(reason)));
  status.SetPayload(kDomainKey, absl::Cord(ToAbsl(domain)));
  for (const auto& [key, value] : metadata) {
    status.SetPayload(absl::StrCat(kMetadataPrefix, key), absl::Cord(value));
  }
}

void SetErrorField(absl::Status& status, std::string_view field) {
  status.SetPayload(kFieldKey, absl::Cord(ToAbsl(field)));
}

absl::Status ErrorOf(absl::StatusCode code, std::string_view reason, std::string_view message,
                     const ErrorMetadata& metadata) {
  absl::Status status(code, ToAbsl(message));
  SetErrorInfo(status, reason, kErrorDomain, metadata);
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view problem,
                          std::string_view reason) {
  absl::Status status = ErrorOf(absl::StatusCode::kInvalidArgument, reason,
                                absl::StrCat(ToAbsl(field), ": ", ToAbsl(problem)));
  SetErrorField(status, field);
  return status;
}

absl::Status NotFound(std::string_view kind, std::string_view id) {
  return ErrorOf(absl::StatusCode::kNotFound, ReasonFor(kind, "_NOT_FOUND"),
                 absl::StrCat("no such ", ToAbsl(kind), ": ", ToAbsl(id)),
                 {{std::string(kind), std::string(id)}});
}

absl::Status AlreadyExists(std::string_view kind, std::string_view id) {
  return ErrorOf(absl::StatusCode::kAlreadyExists, ReasonFor(kind, "_ALREADY_EXISTS"),
                 absl::StrCat(ToAbsl(kind), " already exists: ", ToAbsl(id)),
                 {{std::string(kind), std::string(id)}});
}

absl::Status FailedPrecondition(std::string_view reason, std::string_view message,
                                const ErrorMetadata& metadata) {
  return ErrorOf(absl::StatusCode::kFailedPrecondition, reason, message, metadata);
}
absl::Status ResourceExhausted(std::string_view reason, std::string_view message) {
  return ErrorOf(absl::StatusCode::kResourceExhausted, reason, message);
}
absl::Status Unavailable(std::string_view reason, std::string_view message) {
  return ErrorOf(absl::StatusCode::kUnavailable, reason, message);
}
absl::Status Aborted(std::string_view reason, std::string_view message) {
  return ErrorOf(absl::StatusCode::kAborted, reason, message);
}
absl::Status DeadlineExceeded(std::string_view reason, std::string_view message) {
  return ErrorOf(absl::StatusCode::kDeadlineExceeded, reason, message);
}
absl::Status OutOfRange(std::string_view reason, std::string_view message) {
  return ErrorOf(absl::StatusCode::kOutOfRange, reason, message);
}
absl::Status Internal(std::string_view reason, std::string_view message) {
  return ErrorOf(absl::StatusCode::kInternal, reason, message);
}

absl::Status RequestIdReused() {
  return InvalidField("request_id", "was used before with another request", "REQUEST_ID_REUSED");
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  status.SetPayload(kRetryKey, absl::Cord(absl::StrCat(absl::ToInt64Milliseconds(delay))));
  return status;
}

std::string ErrorReason(const absl::Status& status) { return Payload(status, kReasonKey); }
std::string ErrorDomain(const absl::Status& status) { return Payload(status, kDomainKey); }
std::string ErrorField(const absl::Status& status) { return Payload(status, kFieldKey); }

ErrorMetadata ErrorMetadataOf(const absl::Status& status) {
  ErrorMetadata metadata;
  status.ForEachPayload([&](absl::string_view key, const absl::Cord& value) {
    if (absl::ConsumePrefix(&key, kMetadataPrefix)) {
      metadata.emplace(std::string(key), std::string(value));
    }
  });
  return metadata;
}

absl::Duration RetryDelay(const absl::Status& status) {
  int64_t millis = 0;
  if (!absl::SimpleAtoi(Payload(status, kRetryKey), &millis)) return absl::ZeroDuration();
  return absl::Milliseconds(millis);
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  std::string reason = ErrorReason(status);
  return absl::StrCat(absl::StatusCodeToString(status.code()),
                      reason.empty() ? "" : absl::StrCat(" (", reason, ")"), ": ",
                      status.message());
}

}  // namespace muster
