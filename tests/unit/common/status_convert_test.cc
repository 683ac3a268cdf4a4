#include "common/rpc/status_convert.h"

#include <grpcpp/support/status.h>

#include "common/base/errors.h"
#include "common/rpc/fingerprint.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

TEST_CASE("a status survives the way over the wire", "[status]") {
  std::vector<absl::Status> statuses = {
      absl::OkStatus(),
      InvalidField("pool_id", "must not be empty"),
      NotFound("queue", "chat"),
      WithRetryDelay(Unavailable("DATABASE_UNAVAILABLE", "gone"), absl::Milliseconds(1250)),
      FailedPrecondition("TICKET_ASSIGNED", "is served", {{"ticket", "t-1"}, {"agent", "a-1"}}),
      absl::CancelledError("bare"),
  };
  for (const absl::Status& status : statuses) {
    CAPTURE(status.ToString());
    CHECK(FromGrpc(ToGrpc(status)) == status);
  }
}

TEST_CASE("details are those that every gRPC client knows", "[status]") {
  grpc::Status status = ToGrpc(InvalidField("pool_id", "must not be empty"));
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message() == "pool_id: must not be empty");
  google::rpc::Status proto;
  REQUIRE(proto.ParseFromString(status.error_details()));
  CHECK(proto.code() == 3);
  REQUIRE(proto.details_size() == 2);
  CHECK(proto.details(0).type_url() == "type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::BadRequest bad;
  REQUIRE(proto.details(1).UnpackTo(&bad));
  CHECK(bad.field_violations(0).field() == "pool_id");
}

TEST_CASE("details that are not ours are ignored", "[status]") {
  absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "x", "\xff garbage"));
  CHECK(status.code() == absl::StatusCode::kNotFound);
  CHECK(ErrorReason(status).empty());
}

TEST_CASE("a message of any length fits into a trailer", "[status]") {
  grpc::Status status = ToGrpc(absl::InternalError(std::string(1 << 20, 'x')));
  CHECK(status.error_message().size() + status.error_details().size() < 8192);
}

TEST_CASE("fingerprints tell bodies apart, whatever the order of a map", "[fingerprint]") {
  google::rpc::ErrorInfo a, b;
  for (int i = 0; i < 50; ++i) (*a.mutable_metadata())[std::to_string(i)] = "x";
  for (int i = 49; i >= 0; --i) (*b.mutable_metadata())[std::to_string(i)] = "x";
  CHECK(Fingerprint(a) == Fingerprint(b));
  b.set_reason("OTHER");
  CHECK(Fingerprint(a) != Fingerprint(b));
  // Empty messages of two types differ too: the method is part of what was asked.
  CHECK(Fingerprint(google::rpc::ErrorInfo()) != Fingerprint(google::rpc::RetryInfo()));
}

}  // namespace
}  // namespace muster
