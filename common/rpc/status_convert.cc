#include "common/rpc/status_convert.h"

#include <grpcpp/support/status.h>

#include <string>

#include "common/base/errors.h"
#include "common/base/strings.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster {
namespace {

// A trailer much larger than this is dropped by proxies, and the call with it.
constexpr size_t kMaxMessage = 2000;

google::rpc::Status ToProto(const absl::Status& status, const std::string& message) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(message);
  std::string reason = ErrorReason(status);
  if (!reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain(ErrorDomain(status));
    for (const auto& [key, value] : ErrorMetadataOf(status))
      (*info.mutable_metadata())[key] = value;
    proto.add_details()->PackFrom(info);
  }
  std::string field = ErrorField(status);
  if (!field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(message);
    proto.add_details()->PackFrom(bad);
  }
  absl::Duration delay = RetryDelay(status);
  if (delay > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int>(absl::ToInt64Nanoseconds(delay % absl::Seconds(1))));
    proto.add_details()->PackFrom(retry);
  }
  return proto;
}

void AddDetail(const google::protobuf::Any& detail, absl::Status& status) {
  if (google::rpc::ErrorInfo info; detail.UnpackTo(&info)) {
    ErrorMetadata metadata(info.metadata().begin(), info.metadata().end());
    SetErrorInfo(status, info.reason(), info.domain(), metadata);
  } else if (google::rpc::BadRequest bad;
             detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
    SetErrorField(status, bad.field_violations(0).field());
  } else if (google::rpc::RetryInfo retry; detail.UnpackTo(&retry)) {
    status = WithRetryDelay(status, absl::Seconds(retry.retry_delay().seconds()) +
                                        absl::Nanoseconds(retry.retry_delay().nanos()));
  }
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message().substr(0, kMaxMessage));
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      ToProto(status, message).SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status proto;
  if (!status.error_details().empty() && proto.ParseFromString(status.error_details())) {
    for (const auto& detail : proto.details()) AddDetail(detail, result);
  }
  return result;
}

}  // namespace muster
