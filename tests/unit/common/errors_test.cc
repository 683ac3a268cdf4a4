#include "common/base/errors.h"

#include "common/base/status_macros.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

TEST_CASE("an invalid field is named", "[errors]") {
  absl::Status status = InvalidField("tickets[3].subject", "is too long");
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(status.message() == "tickets[3].subject: is too long");
  CHECK(ErrorField(status) == "tickets[3].subject");
  CHECK(ErrorReason(status) == "INVALID_FIELD");
  CHECK(ErrorDomain(status) == "muster");
}

TEST_CASE("what is missing or there already has a reason and an id", "[errors]") {
  absl::Status missing = NotFound("queue", "chat");
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK(ErrorReason(missing) == "QUEUE_NOT_FOUND");
  CHECK(ErrorMetadataOf(missing) == ErrorMetadata{{"queue", "chat"}});
  absl::Status there = AlreadyExists("pool", "bank");
  CHECK(there.code() == absl::StatusCode::kAlreadyExists);
  CHECK(ErrorReason(there) == "POOL_ALREADY_EXISTS");
  CHECK(ErrorMetadataOf(there) == ErrorMetadata{{"pool", "bank"}});
}

TEST_CASE("a reused request id is the client's mistake", "[errors]") {
  absl::Status status = RequestIdReused();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(ErrorReason(status) == "REQUEST_ID_REUSED");
  CHECK(ErrorField(status) == "request_id");
}

TEST_CASE("a retry delay is carried", "[errors]") {
  absl::Status status = WithRetryDelay(Unavailable("X", "later"), absl::Milliseconds(1500));
  CHECK(RetryDelay(status) == absl::Milliseconds(1500));
  CHECK(RetryDelay(Unavailable("X", "later")) == absl::ZeroDuration());
}

TEST_CASE("a status that says nothing reads as nothing", "[errors]") {
  CHECK(ErrorReason(absl::OkStatus()).empty());
  CHECK(ErrorReason(absl::InternalError("x")).empty());
  CHECK(ErrorField(absl::InternalError("x")).empty());
  CHECK(ErrorMetadataOf(absl::InternalError("x")).empty());
}

TEST_CASE("errors read well", "[errors]") {
  CHECK(Describe(absl::OkStatus()) == "OK");
  CHECK(Describe(NotFound("queue", "chat")) == "NOT_FOUND (QUEUE_NOT_FOUND): no such queue: chat");
  CHECK(Describe(absl::InternalError("oops")) == "INTERNAL: oops");
}

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return FailedPrecondition("ODD", "is odd");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  MUSTER_ASSIGN_OR_RETURN(int half, Half(n));
  MUSTER_ASSIGN_OR_RETURN(int quarter, Half(half));
  return quarter;
}

absl::Status CheckQuarter(int n) {
  MUSTER_RETURN_IF_ERROR(Quarter(n).status());
  return absl::OkStatus();
}

TEST_CASE("the status macros return early, with the whole status", "[errors]") {
  CHECK(*Quarter(8) == 2);
  CHECK(ErrorReason(Quarter(6).status()) == "ODD");
  CHECK(CheckQuarter(8).ok());
  CHECK(ErrorReason(CheckQuarter(5)) == "ODD");
}

}  // namespace
}  // namespace muster
