// A queue between threads that never holds more than it was told, and that can be closed.
//
// Threading: thread-safe, any number of producers and consumers. FIFO.
//
//   BoundedQueue<Job> jobs(1000);
//   if (!jobs.TryPush(std::move(job))) return ResourceExhausted(...);   // producer, never blocks
//   while (std::optional<Job> job = jobs.Pop()) Run(*std::move(job));   // consumer, until closed
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace muster {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // False when full or closed; `value` is then left as it was.
  bool TryPush(T&& value) {
    {
      std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(value));
    }
    ready_.notify_one();
    return true;
  }

  // Waits for an item. Nothing once the queue is closed and empty.
  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  // No more pushes; what is queued can still be popped.
  void Close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  // Closes, and hands back what nobody popped.
  std::deque<T> CloseAndTake() {
    std::deque<T> rest;
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      rest.swap(items_);
    }
    ready_.notify_all();
    return rest;
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;  // std, not absl: TSan understands it in an uninstrumented Abseil
  std::condition_variable ready_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace muster
