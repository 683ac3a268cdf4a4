#include "services/cli/replay/event_loop.h"

#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <chrono>

namespace muster::replay {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(1);
// gRPC rounds a wait up to whole milliseconds: what is shorter is spent polling.
constexpr absl::Duration kGrain = absl::Milliseconds(2);

absl::Duration SinceBoot() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

EventLoop::EventLoop() : begun_(SinceBoot()), queue_(new grpc::CompletionQueue) {}

EventLoop::~EventLoop() {
  queue_->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) delete static_cast<Done*>(tag);
}

absl::Duration EventLoop::Elapsed() const { return SinceBoot() - begun_; }

void EventLoop::RunUntil(const std::function<bool()>& over) {
  timers_.Advance(Elapsed());
  while (!over()) {
    const absl::Duration wait =
        std::clamp(timers_.NextDue() - Elapsed() - kGrain, absl::ZeroDuration(), kLongestWait);
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue_->AsyncNext(
        &tag, &ok, gpr_time_from_nanos(absl::ToInt64Nanoseconds(wait), GPR_TIMESPAN));
    timers_.Advance(Elapsed());
    if (next == grpc::CompletionQueue::GOT_EVENT) {
      const std::unique_ptr<Done> done(static_cast<Done*>(tag));
      (*done)(ok);
    }
  }
}

}  // namespace muster::replay
