// Calls back once, after a while, on a thread of gRPC; or not at all, once it is gone.
//
// Threading: thread-safe. The callback may run while Cancel returns: it must hold what it needs.
//
//   RetryTimer timer;
//   timer.Start(backoff.Next(), [weak] { if (auto self = weak.lock()) self->Connect(); });
#pragma once

#include <grpcpp/alarm.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/time/time.h"
#include "common/rpc/grpc_time.h"

namespace muster::matcher {

class RetryTimer {
 public:
  // Replaces what was to be called.
  void Start(absl::Duration wait, std::function<void()> callback) {
    std::unique_ptr<grpc::Alarm> old;  // ends outside the lock
    std::lock_guard lock(mutex_);
    old = std::move(alarm_);
    // A fresh alarm each time: one cannot be set anew from within its own callback.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(GrpcTimeIn(wait), [callback = std::move(callback)](bool ok) {
      if (ok) callback();
    });
  }

  void Cancel() {
    std::unique_ptr<grpc::Alarm> old;
    std::lock_guard lock(mutex_);
    old = std::move(alarm_);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace muster::matcher
