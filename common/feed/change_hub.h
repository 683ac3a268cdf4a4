// Fans the committed changes of a pool out to those who watch it, in commit order and without gaps.
//
// The writer publishes each commit with the pool's revision before and after it. A subscription
// keeps a cursor (the last revision that its client has), hands out the changes that join on to the
// cursor, and says `kBehind` when something is missing in memory: another node made the change, the
// client resumes at an old revision, or the queue overflowed during the snapshot. Then, and only
// then, the feed reads the database: one way to catch up for every cause.
//
// A subscriber who does not take its changes is cut off once `max_queued` rows wait for it, so a
// stalled client costs bounded memory.
//
// Threading: thread-safe. `wake` is called without locks, on the thread of the publisher, after
// something new can be taken; it may come spuriously, and once more after Cancel or destruction, so
// let it hold a weak_ptr.
//
//   ChangeHub<AgentChanges> hub({.max_queued = 100'000});
//   // committer, after each commit:
//   hub.Publish("pool", before, after, std::make_shared<AgentChanges>(...), rows);
//   // feed:
//   auto sub = hub.Subscribe("pool", wake);            // first, so that nothing falls between
//   int64_t revision = ...read and send the snapshot...;
//   sub->Start(revision);
//   for (;;) switch (auto next = sub->Take(); next.kind) {
//     case kChange:  write next.change (it ends at next.revision)
//     case kBehind:  read rows changed after next.revision, write them, sub->CaughtUp(up_to)
//     case kCutOff:  end the stream with RESOURCE_EXHAUSTED
//     case kClosed:  end the stream with UNAVAILABLE: the service is shutting down
//     case kNothing: wait for wake }
//   // poller, for changes that other nodes committed:
//   for (pool : hub.WatchedPools()) hub.Notice(pool, revision_in_database);
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster {

struct ChangeHubOptions {
  // Most rows that wait for one subscriber.
  size_t max_queued = 100'000;
};

enum class FeedNext { kNothing, kChange, kBehind, kCutOff, kClosed };

template <class Change>
class ChangeHub {
  struct Pool;
  struct Shared;

 public:
  struct Next {
    FeedNext kind = FeedNext::kNothing;
    // kChange: where the change ends. kBehind, kNothing: the cursor.
    int64_t revision = 0;
    std::shared_ptr<const Change> change;
  };

  // Ends when destroyed or cancelled.
  class Subscription {
   public:
    ~Subscription() { Cancel(); }
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

    // The client has everything up to `revision`. Before this, Take gives kNothing.
    void Start(int64_t revision) { MoveTo(revision, true); }
    // The client has everything up to `revision`, read from the database after a kBehind.
    void CaughtUp(int64_t revision) { MoveTo(revision, false); }

    Next Take() {
      std::lock_guard lock(shared_->mutex);
      return TakeLocked();
    }

    void Cancel() {
      std::lock_guard lock(shared_->mutex);
      if (cancelled_) return;
      cancelled_ = true;
      queue_.clear();
      pool_->subscriptions.erase(this);
      if (pool_->subscriptions.empty()) shared_->pools.erase(pool_id_);
    }

    // Whether Take gives kCutOff or kClosed, whatever else there is.
    bool ended() const {
      std::lock_guard lock(shared_->mutex);
      return cut_off_ || shared_->closed;
    }

    int64_t cursor() const {
      std::lock_guard lock(shared_->mutex);
      return cursor_;
    }

   private:
    friend class ChangeHub;
    struct Entry {
      int64_t before;
      int64_t after;
      size_t rows;
      std::shared_ptr<const Change> change;
    };

    Subscription(std::shared_ptr<Shared> shared, std::string pool_id, Pool* pool,
                 std::function<void()> wake)
        : shared_(std::move(shared)),
          pool_id_(std::move(pool_id)),
          pool_(pool),
          wake_(std::make_shared<std::function<void()>>(std::move(wake))) {}

    void MoveTo(int64_t revision, bool start) {
      std::lock_guard lock(shared_->mutex);
      if (start) started_ = true;
      cursor_ = std::max(cursor_, revision);
      if (!cancelled_) pool_->revision = std::max(pool_->revision, revision);
    }

    Next TakeLocked() {
      if (cut_off_) return {FeedNext::kCutOff, cursor_, nullptr};
      if (shared_->closed) return {FeedNext::kClosed, cursor_, nullptr};
      if (!started_ || cancelled_) return {FeedNext::kNothing, cursor_, nullptr};
      while (!queue_.empty() && queue_.front().after <= cursor_) Pop();
      if (!queue_.empty() && queue_.front().before <= cursor_) {
        Next next{FeedNext::kChange, queue_.front().after, queue_.front().change};
        cursor_ = next.revision;
        Pop();
        return next;
      }
      const bool behind = !queue_.empty() || pool_->revision > cursor_;
      return {behind ? FeedNext::kBehind : FeedNext::kNothing, cursor_, nullptr};
    }

    void Pop() {
      queued_rows_ -= queue_.front().rows;
      queue_.pop_front();
    }

    void Push(Entry entry, size_t max_queued) {
      if (cut_off_) return;
      queued_rows_ += entry.rows;
      queue_.push_back(std::move(entry));
      if (queued_rows_ <= max_queued) return;
      // What a client has missed during its own snapshot it reads from the database afterwards.
      // Later than that, it is its own slowness.
      cut_off_ = started_;
      queue_.clear();
      queued_rows_ = 0;
    }

    const std::shared_ptr<Shared> shared_;
    const std::string pool_id_;
    Pool* const pool_;  // stands as long as this is not cancelled
    const std::shared_ptr<std::function<void()>> wake_;
    // Under shared_->mutex.
    std::deque<Entry> queue_;
    size_t queued_rows_ = 0;
    int64_t cursor_ = 0;
    bool started_ = false;
    bool cut_off_ = false;
    bool cancelled_ = false;
  };

  explicit ChangeHub(ChangeHubOptions options = {})
      : options_(options), shared_(std::make_shared<Shared>()) {}

  std::shared_ptr<Subscription> Subscribe(const std::string& pool_id, std::function<void()> wake) {
    std::lock_guard lock(shared_->mutex);
    std::unique_ptr<Pool>& pool = shared_->pools[pool_id];
    if (!pool) pool = std::make_unique<Pool>();
    std::shared_ptr<Subscription> subscription(
        new Subscription(shared_, pool_id, pool.get(), std::move(wake)));
    pool->subscriptions.insert(subscription.get());
    return subscription;
  }

  // A commit took the pool from `before` to `after`, changing `rows` rows. Call it in commit order.
  void Publish(const std::string& pool_id, int64_t before, int64_t after,
               std::shared_ptr<const Change> change, size_t rows = 1) {
    Wake(pool_id, after, [&](Subscription& subscription) {
      subscription.Push({before, after, std::max<size_t>(rows, 1), change}, options_.max_queued);
    });
  }

  // The pool is at `revision` in the database. Who has not got there is behind.
  void Notice(const std::string& pool_id, int64_t revision) {
    {
      std::lock_guard lock(shared_->mutex);
      auto it = shared_->pools.find(pool_id);
      if (it == shared_->pools.end() || it->second->revision >= revision) return;
    }
    Wake(pool_id, revision, [](Subscription&) {});
  }

  // Ends all feeds, those to come as well: the service is shutting down.
  void Close() {
    {
      std::lock_guard lock(shared_->mutex);
      shared_->closed = true;
    }
    for (const std::string& pool_id : WatchedPools()) {
      Wake(pool_id, 0, [](Subscription&) {});
    }
  }

  std::vector<std::string> WatchedPools() const {
    std::lock_guard lock(shared_->mutex);
    std::vector<std::string> ids;
    for (const auto& [id, pool] : shared_->pools) ids.push_back(id);
    return ids;
  }

  size_t subscribers() const {
    std::lock_guard lock(shared_->mutex);
    size_t count = 0;
    for (const auto& [id, pool] : shared_->pools) count += pool->subscriptions.size();
    return count;
  }

 private:
  struct Pool {
    int64_t revision = 0;  // the highest that anybody has named
    std::set<Subscription*> subscriptions;
  };
  struct Shared {
    mutable std::mutex mutex;  // std, not absl: TSan understands it in an uninstrumented Abseil
    std::map<std::string, std::unique_ptr<Pool>> pools;  // only those with subscriptions
    bool closed = false;
  };

  template <class Each>
  void Wake(const std::string& pool_id, int64_t revision, Each each) {
    std::vector<std::shared_ptr<std::function<void()>>> wakes;
    {
      std::lock_guard lock(shared_->mutex);
      auto it = shared_->pools.find(pool_id);
      if (it == shared_->pools.end()) return;
      it->second->revision = std::max(it->second->revision, revision);
      for (Subscription* subscription : it->second->subscriptions) {
        each(*subscription);
        wakes.push_back(subscription->wake_);
      }
    }
    for (const auto& wake : wakes) (*wake)();
  }

  const ChangeHubOptions options_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace muster
