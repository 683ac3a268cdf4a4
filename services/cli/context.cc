#include "services/cli/context.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/channel.h"

namespace muster::cli {
namespace {

constexpr char kMisusedReason[] = "MISUSED";

std::string HintFor(const absl::Status& status, const GlobalOptions& options) {
  const std::string reason = ErrorReason(status);
  if (reason == "POOL_NOT_SERVED") {
    return "no matcher has taken this pool yet; `muster status` tells what runs";
  }
  if (reason == "MATCHER_ABSENT") return "the matcher is away; try again, or see `muster status`";
  if (reason == "ETAG_MISMATCH") return "somebody changed it meanwhile; read it again and retry";
  if (reason == "POOL_NOT_FOUND") return "`muster pool list` shows the pools there are";
  if (reason == "QUEUE_NOT_FOUND") return "`muster queue list` shows the queues of the pool";
  if (reason == "AGENT_NOT_FOUND") return "`muster agent list` shows the agents of the pool";
  if (status.code() == absl::StatusCode::kUnavailable ||
      status.code() == absl::StatusCode::kDeadlineExceeded) {
    return absl::StrCat("are the services up? `muster status` asks intake ", options.intake,
                        ", availability ", options.availability, ", matcher ", options.matcher,
                        "; `deploy/local up` starts them here");
  }
  if (IsMisused(status)) return "`--help` after a command tells its use";
  return "";
}

}  // namespace

std::shared_ptr<grpc::Channel> Context::ChannelTo(const std::string& address) {
  std::shared_ptr<grpc::Channel>& channel = channels_[address];
  if (!channel) channel = MakeChannel(address);
  return channel;
}

intake::v1::IntakeService::Stub& Context::Intake() {
  if (!intake_) intake_ = intake::v1::IntakeService::NewStub(ChannelTo(options_.intake));
  return *intake_;
}

availability::v1::AvailabilityService::Stub& Context::Availability() {
  if (!availability_) {
    availability_ =
        availability::v1::AvailabilityService::NewStub(ChannelTo(options_.availability));
  }
  return *availability_;
}

matcher::v1::MatcherService::Stub& Context::Matcher() {
  if (!matcher_) matcher_ = matcher::v1::MatcherService::NewStub(ChannelTo(options_.matcher));
  return *matcher_;
}

absl::StatusOr<std::string> Context::Pool() {
  if (!options_.pool.empty()) return options_.pool;
  intake::v1::ListPoolsRequest request;
  request.set_page_size(2);
  auto pools = Call(Intake(), &intake::v1::IntakeService::Stub::ListPools, request);
  if (!pools.ok()) return pools.status();
  if (pools->pools_size() == 1) return pools->pools(0).pool_id();
  if (pools->pools_size() == 0) {
    return Misused(
        "there is no pool yet: `muster pool create POOL` or `muster pool apply -f FILE`");
  }
  return Misused("there are several pools: name one with --pool or MUSTER_POOL");
}

absl::Status Misused(std::string_view message) {
  return ErrorOf(absl::StatusCode::kInvalidArgument, kMisusedReason, message);
}

bool IsMisused(const absl::Status& status) { return ErrorReason(status) == kMisusedReason; }

int Report(const absl::Status& status, const GlobalOptions& options) {
  if (status.ok()) return kExitDone;
  const std::string what = IsMisused(status)
                               ? std::string(status.message().data(), status.message().size())
                               : Describe(status);
  std::cerr << "error: " << what << "\n";
  if (const std::string field = ErrorField(status); !field.empty()) {
    std::cerr << "field: " << field << "\n";
  }
  if (const std::string hint = HintFor(status, options); !hint.empty()) {
    std::cerr << "hint: " << hint << "\n";
  }
  return IsMisused(status) ? kExitMisused : kExitFailed;
}

}  // namespace muster::cli
