// The one way to write. Mutations in flight share a transaction: a thread takes what is queued, in
// order, applies it as one batch, and completes each caller. While a batch commits the next one
// gathers, so load makes batches larger, and a lone mutation waits for nothing. A batch that is
// full waits for nothing either; any other waits a little for company if the one before it had
// some.
//
// With `answer_aside`, who has been committed does not hold up who has not: while others wait, the
// answers to a batch are given on another thread, and the next batch begins.
//
// Threading: Submit, Healthy and queued may be called from any thread; Submit never blocks. `Apply`
// runs on the committer's own thread, and completions on that or on its other one, but one at a
// time and in the order of the commits: a completion must not block, and must not call Drain. It
// may Submit. A refusal (full, draining) completes from within Submit, on the caller's thread.
//
//   Committer<Mutation, Answer> committer({}, [&](absl::Span<Mutation> batch) {
//     return storage.Apply(connection, batch);  // one transaction
//   });
//   committer.Submit(mutation, deadline, [reply](absl::StatusOr<Answer> a) { reply(std::move(a));
//   });
//
// What Apply returns:
//  - a vector with one result for each mutation, in order: each caller gets its own;
//  - UNAVAILABLE or ABORTED: nothing is known to have been committed. The same batch is applied
//    again, with backoff, until each mutation's deadline; Apply settles a commit in doubt by
//    looking up request ids (common/db/request_log.h). Later mutations wait behind it;
//  - any other error: one of the mutations spoils the batch. It is applied in halves until the
//    culprit stands alone and gets the error; its neighbours do not suffer.
// Apply may run several times for a mutation: unless it succeeds it must leave the batch as it was.
//
// Free of libpqxx and gRPC, so that ThreadSanitizer can check it; hence std::mutex, which an
// uninstrumented Abseil cannot hide from it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/errors.h"

namespace muster {

// What one try at a batch was like, for metrics and logs.
struct BatchReport {
  size_t size = 0;
  absl::Duration took;
  absl::Status status;  // OK, or the error of the whole batch
};

struct CommitterOptions {
  size_t max_batch = 512;
  size_t max_queued = 20'000;
  // From the beginning of a batch that had company to that of the next, at least: under load, fewer
  // and larger batches leave the machine more time for everything else. Zero: at once.
  absl::Duration pace = absl::Milliseconds(2);
  BackoffOptions backoff = {.initial = absl::Milliseconds(20), .max = absl::Seconds(1)};
  // Answers to as many as this are given aside; to fewer it is not worth waking a thread. Zero:
  // never. For completions that take their time, such as answers to clients.
  size_t answer_aside = 0;
  // How long Drain goes on trying when the database is away.
  absl::Duration drain_limit = absl::Seconds(5);
  const Clock* clock = &SystemClock();
  // Called on the committer's thread after every try.
  std::function<void(const BatchReport&)> observe;
};

template <class Mutation, class Outcome>
class Committer {
 public:
  using Outcomes = std::vector<absl::StatusOr<Outcome>>;
  using Apply = std::function<absl::StatusOr<Outcomes>(absl::Span<Mutation>)>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<Outcome>)>;

  Committer(CommitterOptions options, Apply apply)
      : options_(std::move(options)),
        apply_(std::move(apply)),
        backoff_(options_.backoff, RandomSeed()),
        thread_([this] { Run(); }) {
    if (options_.answer_aside > 0) answerer_ = std::thread([this] { AnswerAside(); });
  }
  ~Committer() { Drain(); }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // `done` is called exactly once: with the outcome; RESOURCE_EXHAUSTED at once when the queue is
  // full; UNAVAILABLE when draining; DEADLINE_EXCEEDED when the deadline passed before the batch
  // began (nothing was written), or while it was being retried (ask again with the same request
  // id to learn what happened).
  void Submit(Mutation mutation, absl::Time deadline, Done done) {
    absl::Status refusal;
    bool wake = false;
    {
      std::lock_guard lock(mutex_);
      if (draining_) {
        refusal = Unavailable("DRAINING", "the service is shutting down");
      } else if (queue_.size() >= options_.max_queued) {
        refusal = ResourceExhausted("WRITE_QUEUE_FULL", "too many writes are waiting");
      } else {
        queue_.push_back({std::move(mutation), deadline, std::move(done)});
        wake = queue_.size() >= wake_at_;
      }
    }
    if (refusal.ok()) {
      if (wake) ready_.notify_one();
    } else {
      done(std::move(refusal));
    }
  }

  // Takes no more, finishes what is queued (within drain_limit when the database is away), and
  // ends the threads. Again: no effect.
  void Drain() {
    {
      std::lock_guard lock(mutex_);
      if (!draining_) {
        draining_ = true;
        give_up_ = options_.clock->Now() + options_.drain_limit;
      }
    }
    ready_.notify_all();
    std::lock_guard lock(join_mutex_);
    if (!thread_.joinable()) return;
    thread_.join();
    {
      std::lock_guard answers_lock(answers_mutex_);
      no_more_answers_ = true;
    }
    answers_changed_.notify_all();
    if (answerer_.joinable()) answerer_.join();
  }

  // False while the newest try found no database.
  bool Healthy() const { return healthy_.load(std::memory_order_relaxed); }

  size_t queued() const {
    std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  struct Entry {
    Mutation mutation;
    absl::Time deadline;
    Done done;
  };
  // Mutations and those who wait for them, index for index: Apply wants a span of the former.
  struct Batch {
    std::vector<Mutation> mutations;
    std::vector<absl::Time> deadlines;
    std::vector<Done> waiters;

    size_t size() const { return mutations.size(); }
    void Add(Mutation mutation, absl::Time deadline, Done done) {
      mutations.push_back(std::move(mutation));
      deadlines.push_back(deadline);
      waiters.push_back(std::move(done));
    }
    void MoveTo(Batch& other, size_t i) {
      other.Add(std::move(mutations[i]), deadlines[i], std::move(waiters[i]));
    }
  };
  // To those of a batch that was committed, index for index.
  struct Answers {
    std::vector<Done> waiters;
    Outcomes outcomes;

    void Give() {
      for (size_t i = 0; i < waiters.size(); ++i) waiters[i](std::move(outcomes[i]));
    }
  };

  static bool Retriable(const absl::Status& status) {
    return absl::IsUnavailable(status) || absl::IsAborted(status);
  }

  void Run() {
    while (true) {
      Batch batch = Gather();
      if (batch.size() == 0) return;
      Settle(std::move(batch));
    }
  }

  // The next batch; an empty one when drained.
  Batch Gather() {
    Batch batch;
    std::unique_lock lock(mutex_);
    if (had_company_) {
      wake_at_ = options_.max_batch;
      ready_.wait_until(lock, began_ + absl::ToChronoMicroseconds(options_.pace),
                        [this] { return draining_ || queue_.size() >= options_.max_batch; });
      wake_at_ = 1;
    }
    ready_.wait(lock, [this] { return draining_ || !queue_.empty(); });
    began_ = std::chrono::steady_clock::now();
    size_t count = std::min(queue_.size(), options_.max_batch);
    for (size_t i = 0; i < count; ++i) {
      Entry& entry = queue_.front();
      batch.Add(std::move(entry.mutation), entry.deadline, std::move(entry.done));
      queue_.pop_front();
    }
    had_company_ = count > 1;
    return batch;
  }

  // Applies `batch` until every one of its waiters has been answered.
  void Settle(Batch batch) {
    bool tried = false;
    while (true) {
      batch = DropExpired(std::move(batch), tried);
      if (batch.size() == 0) return;
      absl::StatusOr<Outcomes> outcomes = Try(batch);
      tried = true;
      healthy_.store(!absl::IsUnavailable(outcomes.status()), std::memory_order_relaxed);
      if (outcomes.ok()) {
        backoff_.Reset();
        return Answer({std::move(batch.waiters), *std::move(outcomes)});
      }
      if (Retriable(outcomes.status())) {
        if (WaitToRetry(batch)) continue;
      } else if (batch.size() > 1) {
        return SettleHalves(std::move(batch));
      }
      for (Done& waiter : batch.waiters) Refuse(waiter, outcomes.status());
      return;
    }
  }

  void Answer(Answers answers) {
    WaitForAnswers();
    const bool aside = options_.answer_aside > 0 && answers.waiters.size() >= options_.answer_aside;
    if (!aside || queued() == 0) return answers.Give();
    {
      std::lock_guard lock(answers_mutex_);
      answers_ = std::move(answers);
    }
    answers_changed_.notify_all();
  }

  // Not before those who were committed earlier have their answers.
  void Refuse(Done& waiter, absl::Status why) {
    WaitForAnswers();
    waiter(std::move(why));
  }

  void WaitForAnswers() {
    std::unique_lock lock(answers_mutex_);
    answers_changed_.wait(lock, [this] { return !answers_.has_value(); });
  }

  // The other thread.
  void AnswerAside() {
    std::unique_lock lock(answers_mutex_);
    while (true) {
      answers_changed_.wait(lock, [this] { return no_more_answers_ || answers_.has_value(); });
      if (!answers_.has_value()) return;
      lock.unlock();
      answers_->Give();  // they are this thread's until they are gone
      answers_->waiters.clear();
      lock.lock();
      answers_.reset();
      answers_changed_.notify_all();
    }
  }

  // To find the one mutation that spoils it for the others; depth is log2(max_batch).
  void SettleHalves(Batch batch) {
    Batch first, second;
    for (size_t i = 0; i < batch.size(); ++i) {
      batch.MoveTo(i < batch.size() / 2 ? first : second, i);
    }
    Settle(std::move(first));
    Settle(std::move(second));
  }

  absl::StatusOr<Outcomes> Try(Batch& batch) {
    absl::Time start = options_.clock->Now();
    absl::StatusOr<Outcomes> outcomes = Guarded(absl::MakeSpan(batch.mutations));
    if (outcomes.ok() && outcomes->size() != batch.size()) {
      outcomes = Internal("BAD_BATCH", "the batch has another number of outcomes than mutations");
    }
    if (options_.observe) {
      options_.observe({batch.size(), options_.clock->Now() - start, outcomes.status()});
    }
    return outcomes;
  }

  absl::StatusOr<Outcomes> Guarded(absl::Span<Mutation> mutations) {
    try {
      return apply_(mutations);
    } catch (const std::exception& error) {
      return Internal("UNEXPECTED_EXCEPTION", error.what());
    }
  }

  // Answers those whose time is up, and returns the others.
  Batch DropExpired(Batch batch, bool tried) {
    absl::Time now = options_.clock->Now();
    if (std::none_of(batch.deadlines.begin(), batch.deadlines.end(),
                     [now](absl::Time deadline) { return deadline <= now; })) {
      return batch;
    }
    Batch live;
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch.deadlines[i] > now) {
        batch.MoveTo(live, i);
      } else {
        Refuse(batch.waiters[i], Expired(tried));
      }
    }
    return live;
  }

  static absl::Status Expired(bool tried) {
    return tried ? DeadlineExceeded("COMMIT_UNKNOWN",
                                    "the database did not confirm the write in time; the same "
                                    "request_id again tells what became of it")
                 : DeadlineExceeded("NOT_COMMITTED", "the write did not begin in time");
  }

  // Waits before the next try, or until the first deadline of `batch`; meanwhile answers queued
  // mutations whose time is up. False when draining has lasted too long.
  bool WaitToRetry(const Batch& batch) {
    absl::Time now = options_.clock->Now();
    absl::Time first = *std::min_element(batch.deadlines.begin(), batch.deadlines.end());
    absl::Duration wait = std::min(backoff_.Next(), std::max(first - now, absl::ZeroDuration()));
    std::vector<Done> expired;
    {
      std::unique_lock lock(mutex_);
      bool draining_already = draining_;
      ready_.wait_for(lock, absl::ToChronoMicroseconds(wait),
                      [&] { return draining_ != draining_already; });
      now = options_.clock->Now();
      if (draining_ && now >= give_up_) return false;
      for (Entry& entry : queue_) {
        if (entry.deadline <= now) expired.push_back(std::move(entry.done));
      }
      if (!expired.empty()) {
        queue_.erase(std::remove_if(queue_.begin(), queue_.end(),
                                    [now](const Entry& entry) { return entry.deadline <= now; }),
                     queue_.end());
      }
    }
    for (Done& done : expired) Refuse(done, Expired(/*tried=*/false));
    return true;
  }

  const CommitterOptions options_;
  const Apply apply_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Entry> queue_;
  bool draining_ = false;
  absl::Time give_up_ = absl::InfiniteFuture();
  std::atomic<bool> healthy_{true};
  size_t wake_at_ = 1;        // how many queued wake the committer
  bool had_company_ = false;  // these three are the committer thread's own
  std::chrono::steady_clock::time_point began_;
  Backoff backoff_;
  std::mutex answers_mutex_;
  std::condition_variable answers_changed_;
  std::optional<Answers> answers_;  // that are being given aside
  bool no_more_answers_ = false;
  std::mutex join_mutex_;
  std::thread answerer_;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace muster
