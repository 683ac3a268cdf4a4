// The one thread that owns pools: runs what is posted, in order, and wakes tasks when they are due.
//
// A round takes everything that is queued, runs it, wakes who is due, and then flushes each task
// that was touched once: so what follows from many events leaves in one batch. No closure may
// block.
//
// Threading: TryPost and Post from any thread; the rest on the sequencer's thread (or, before Start
// and in tests that never start it, on the caller's).
//
//   Sequencer sequencer({}, clock);
//   sequencer.Start();
//   if (!sequencer.TryPost([runner] { runner->OnAct(...); })) Refuse();   // news: may be refused
//   sequencer.Post([runner, answer] { runner->OnCommitted(answer); });    // answers: never
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace muster::matcher {

struct SequencerOptions {
  // News waiting beyond this is refused. Answers to what the sequencer itself asked for are bounded
  // by what it has in flight, and always taken.
  size_t max_queued = 100'000;
};

class Sequencer {
 public:
  using Closure = absl::AnyInvocable<void()>;

  // Something that lives on the sequencer and has timers.
  class Task {
   public:
    virtual ~Task() = default;
    // InfiniteFuture: nothing is due by itself.
    virtual absl::Time NextWakeup() const = 0;
    virtual void Wake(absl::Time now) = 0;
    // Hand on what the events of this round led to.
    virtual void Flush() = 0;
  };

  Sequencer(SequencerOptions options, const Clock& clock);
  ~Sequencer();
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  void Start();
  // Runs what is queued, then ends the thread. What is posted later is dropped.
  void Stop();

  bool TryPost(Closure closure);
  void Post(Closure closure);
  size_t queued() const;

  // The task has events: flush it at the end of the round, and ask for its next wakeup.
  void Touch(Task* task) { touched_.insert(task); }
  // The task is about to go.
  void Forget(Task* task);

  // One round without waiting, for tests that have no thread. Returns how much was run.
  size_t RunPending();

 private:
  using Batch = std::vector<Closure>;
  void Run();
  size_t Round(Batch batch);
  void Schedule(Task* task);
  absl::Time NextTimer() const;

  const SequencerOptions options_;
  const Clock& clock_;

  mutable std::mutex mutex_;  // std: TSan sees it
  std::condition_variable ready_;
  Batch queue_;
  bool stopping_ = false;

  // The sequencer thread's own.
  std::set<Task*> touched_;
  std::map<Task*, absl::Time> wakeups_;
  std::set<std::pair<absl::Time, Task*>> timers_;
  std::thread thread_;
};

}  // namespace muster::matcher
