// The one thread on which a replay runs: gRPC's answers and timers, in turn. Everything of a replay
// is called from here, so nothing of it needs a lock.
//
// Timers are kept to well under a millisecond: gRPC's own waits are only exact to the millisecond,
// so the last of it is spent polling. A timer's time is absolute, so lateness does not add up.
//
// Threading: one thread makes it, runs it, and calls everything on it.
//
//   EventLoop loop;
//   stub->AsyncGetTicket(&context, request, loop.queue())->Finish(&r, &s, loop.Tag([](bool ok)
//   {})); loop.timers().After(absl::Milliseconds(5), [] {}); loop.RunUntil([&] { return done; });
#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "services/cli/replay/timers.h"

namespace grpc {
class CompletionQueue;
}

namespace muster::replay {

class EventLoop {
 public:
  using Done = std::function<void(bool ok)>;

  EventLoop();
  // Waits for the tags of the calls that are still open, and runs none of them.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Timers& timers() { return timers_; }
  grpc::CompletionQueue* queue() { return queue_.get(); }
  // A tag for one operation on queue(); `done` runs when it has come about.
  static void* Tag(Done done) { return new Done(std::move(done)); }

  // Asks after each event.
  void RunUntil(const std::function<bool()>& over);

 private:
  absl::Duration Elapsed() const;

  const absl::Duration begun_;
  Timers timers_;
  std::unique_ptr<grpc::CompletionQueue> queue_;
};

}  // namespace muster::replay
