// A thread for what blocks: waiting for streams to end, and for pools to settle.
//
// Threading: Post from any thread; Stop from another than the chores' own. What is posted runs in
// order; what is posted after Stop is dropped.
//
//   Chores chores;
//   chores.Post([this, id] { End(id); });
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace muster::matcher {

class Chores {
 public:
  using Chore = absl::AnyInvocable<void()>;

  Chores() : thread_([this] { Run(); }) {}
  ~Chores() { Stop(); }

  void Post(Chore chore) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      queue_.push_back(std::move(chore));
    }
    ready_.notify_one();
  }

  // Runs what is queued first.
  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Chore chore = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      chore();
      chore = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Chore> queue_;  // a few for each pool that changes hands
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace muster::matcher
