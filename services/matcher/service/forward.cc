#include "services/matcher/service/forward.h"

#include <utility>

#include "common/base/errors.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"

namespace muster::matcher {
namespace {

constexpr char kForwardedKey[] = "x-muster-forwarded";

}  // namespace

Forward::~Forward() {
  std::unique_lock lock(mutex_);
  for (grpc::ClientContext* onward : under_way_) onward->TryCancel();
  ended_.wait(lock, [this] { return under_way_.empty(); });
}

bool Forward::WasForwarded(const grpc::ServerContextBase& context) {
  return context.client_metadata().count(kForwardedKey) > 0;
}

absl::Status Forward::Answer(const std::string& pool_id, const std::string& address,
                             const grpc::Status& status) {
  absl::Status answer = FromGrpc(status);
  // The holder itself says more than that it could not be reached.
  if (!absl::IsUnavailable(answer) || !ErrorReason(answer).empty()) return answer;
  return ErrorOf(absl::StatusCode::kUnavailable, "POOL_NOT_SERVED",
                 "the matcher that holds the pool cannot be reached",
                 {{"pool_id", pool_id}, {"address", address}});
}

Forward::Peer* Forward::PeerAt(const std::string& address) {
  std::lock_guard lock(mutex_);
  auto it = peers_.find(address);
  if (it == peers_.end()) {
    if (peers_.size() >= kMaxPeers) return nullptr;
    Connection connection;
    connection.channel = MakeChannel(address);
    connection.stub = v1::MatcherService::NewStub(connection.channel);
    it = peers_.emplace(address, std::move(connection)).first;
  }
  // Never removed: who lets go of a channel last must not be a thread of gRPC.
  return it->second.stub->async();
}

std::shared_ptr<grpc::ClientContext> Forward::Begin(const CallContext& call) {
  auto onward = std::make_shared<grpc::ClientContext>();
  Propagate(call, onward.get());
  onward->AddMetadata(kForwardedKey, "1");
  std::lock_guard lock(mutex_);
  under_way_.insert(onward.get());
  return onward;
}

void Forward::End(std::shared_ptr<grpc::ClientContext> onward) {
  std::lock_guard lock(mutex_);
  under_way_.erase(onward.get());
  ended_.notify_all();
}

}  // namespace muster::matcher
