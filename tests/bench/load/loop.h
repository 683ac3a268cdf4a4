// The event loop of a load generator: gRPC's completion queue on one thread, and tasks posted to it
// from others. Unlike the replay's it never polls: a load generator shares its cores with what it
// measures.
//
// Threading: Run and everything of a loop's tags on one thread; Post and queue() from any.
//
//   Loop loop;
//   reader->Finish(&response, &status, Loop::Tag([](bool ok) { … }));
//   loop.RunUntil([&] { return done; });
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace muster::bench {

class Loop {
 public:
  using Done = std::function<void(bool ok)>;
  static constexpr absl::Duration kLongestWait = absl::Milliseconds(100);

  // Waits for the tags of the calls that are still open, and runs none of them.
  ~Loop() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) delete static_cast<Done*>(tag);
  }
  grpc::CompletionQueue* queue() { return &queue_; }
  static void* Tag(Done done) { return new Done(std::move(done)); }

  // Runs `task` on the loop's thread.
  void Post(std::function<void()> task) { After(absl::ZeroDuration(), std::move(task)); }
  // Exact to the millisecond.
  void After(absl::Duration delay, std::function<void()> task) {
    auto alarm = std::make_shared<grpc::Alarm>();
    alarm->Set(&queue_, absl::ToChronoTime(absl::Now() + delay),
               Tag([alarm, task = std::move(task)](bool) { task(); }));
  }
  // Asks after each event, and ten times a second when there is none.
  void RunUntil(const std::function<bool()>& over) {
    while (!over()) {
      void* tag = nullptr;
      bool ok = false;
      const auto deadline = std::chrono::system_clock::now() +
                            std::chrono::milliseconds(absl::ToInt64Milliseconds(kLongestWait));
      if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) continue;
      const std::unique_ptr<Done> done(static_cast<Done*>(tag));
      (*done)(ok);
    }
  }
  // False when `limit` passed first.
  bool RunFor(absl::Duration limit, const std::function<bool()>& over) {
    const absl::Time until = absl::Now() + limit;
    bool reached = false;
    RunUntil([&] { return (reached = over()) || absl::Now() >= until; });
    return reached;
  }

 private:
  grpc::CompletionQueue queue_;
};

}  // namespace muster::bench
