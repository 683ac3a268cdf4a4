// Which pools there are: asks intake again and again.
//
// Threading: a thread of its own, on which the handler is called. Stop from another.
//
//   PoolDirectory directory(channel, {}, [&](const absl::StatusOr<std::set<std::string>>& pools) {
//     if (pools.ok()) Follow(*pools);
//   });
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
}

namespace muster::matcher {

struct DirectoryOptions {
  absl::Duration interval = absl::Milliseconds(500);
  absl::Duration timeout = absl::Seconds(2);
  int page_size = 1'000;
  int max_pools = 10'000;  // what one delivery stream may serve
};

class PoolDirectory {
 public:
  // Called after each round, also when intake did not answer.
  using Handler = std::function<void(const absl::StatusOr<std::set<std::string>>&)>;

  PoolDirectory(std::shared_ptr<grpc::Channel> channel, DirectoryOptions options, Handler handler);
  ~PoolDirectory();

  // Waits for the round under way. The handler is not called afterwards.
  void Stop();

 private:
  void Run();
  absl::StatusOr<std::set<std::string>> List();

  const std::shared_ptr<grpc::Channel> channel_;
  const DirectoryOptions options_;
  const Handler handler_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace muster::matcher
