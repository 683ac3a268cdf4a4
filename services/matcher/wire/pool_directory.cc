#include "services/matcher/wire/pool_directory.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/call_context.h"
#include "common/rpc/status_convert.h"
#include "muster/intake/v1/intake.grpc.pb.h"

namespace muster::matcher {

namespace in = intake::v1;

PoolDirectory::PoolDirectory(std::shared_ptr<grpc::Channel> channel, DirectoryOptions options,
                             Handler handler)
    : channel_(std::move(channel)),
      options_(options),
      handler_(std::move(handler)),
      thread_([this] { Run(); }) {}

PoolDirectory::~PoolDirectory() { Stop(); }

void PoolDirectory::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PoolDirectory::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    handler_(List());
    lock.lock();
    wake_.wait_for(lock, absl::ToChronoMilliseconds(options_.interval),
                   [this] { return stopping_; });
  }
}

absl::StatusOr<std::set<std::string>> PoolDirectory::List() {
  auto stub = in::IntakeService::NewStub(channel_);
  std::set<std::string> pools;
  in::ListPoolsRequest request;
  request.set_page_size(options_.page_size);
  do {
    grpc::ClientContext context;
    Begin(options_.timeout, &context);
    in::ListPoolsResponse response;
    MUSTER_RETURN_IF_ERROR(FromGrpc(stub->ListPools(&context, request, &response)));
    for (const in::Pool& pool : response.pools()) {
      if (static_cast<int>(pools.size()) < options_.max_pools) pools.insert(pool.pool_id());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return pools;
}

}  // namespace muster::matcher
