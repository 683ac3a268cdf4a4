#include "common/db/committer.h"

#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "common/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"

namespace muster {
namespace {

using IntCommitter = Committer<int, int>;
using Outcomes = IntCommitter::Outcomes;
using Result = absl::StatusOr<Outcomes>;

const absl::Time kNever = absl::InfiniteFuture();

// A store that doubles numbers, in batches that the test can see, hold up, and fail.
class FakeStore {
 public:
  using Script = std::function<absl::Status(int attempt, const std::vector<int>& batch)>;

  explicit FakeStore(Script script = nullptr) : script_(std::move(script)) {}

  Result Apply(absl::Span<int> batch) {
    std::unique_lock lock(mutex_);
    batches_.emplace_back(batch.begin(), batch.end());
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    if (script_) {
      absl::Status status = script_(static_cast<int>(batches_.size()), batches_.back());
      if (!status.ok()) return status;
    }
    Outcomes outcomes;
    for (int n : batch) {
      if (n < 0) {
        outcomes.push_back(FailedPrecondition("NEGATIVE", "is negative"));
      } else {
        outcomes.push_back(2 * n);
      }
    }
    return outcomes;
  }

  void Hold() { SetHeld(true); }
  void Release() { SetHeld(false); }

  // Waits until the nth batch has come.
  void AwaitBatch(size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() >= n; });
  }
  std::vector<std::vector<int>> batches() {
    std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  void SetHeld(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  std::vector<std::vector<int>> batches_;
  Script script_;
};

// Collects answers in the order in which they come.
class Answers {
 public:
  IntCommitter::Done For(int n) {
    return [this, n](absl::StatusOr<int> outcome) {
      std::lock_guard lock(mutex_);
      order_.push_back(n);
      // Assertions belong to the test's own thread: here only note what must not be.
      doubled_ |= !outcomes_.emplace(n, std::move(outcome)).second;
      changed_.notify_all();
    };
  }
  absl::StatusOr<int> Await(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return outcomes_.count(n) > 0; });
    return outcomes_.at(n);
  }
  bool Has(int n) {
    std::lock_guard lock(mutex_);
    return outcomes_.count(n) > 0;
  }
  ~Answers() { CHECK_FALSE(doubled_); }
  std::vector<int> order() {
    std::lock_guard lock(mutex_);
    return order_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, absl::StatusOr<int>> outcomes_;
  std::vector<int> order_;
  bool doubled_ = false;
};

CommitterOptions Quick() {
  CommitterOptions options;
  options.backoff = {.initial = absl::Milliseconds(1), .max = absl::Milliseconds(5)};
  options.pace = absl::ZeroDuration();
  return options;
}

IntCommitter::Apply Through(FakeStore& store) {
  return [&store](absl::Span<int> batch) { return store.Apply(batch); };
}

TEST_CASE("a lone mutation is a batch at once", "[committer]") {
  FakeStore store;
  Answers answers;
  CommitterOptions options = Quick();
  options.pace = absl::Hours(1);  // which it must not wait for
  IntCommitter committer(options, Through(store));
  committer.Submit(21, kNever, answers.For(21));
  CHECK(*answers.Await(21) == 42);
  committer.Submit(22, kNever, answers.For(22));
  CHECK(*answers.Await(22) == 44);
  CHECK(store.batches() == std::vector<std::vector<int>>{{21}, {22}});
}

TEST_CASE("mutations that come while a batch commits share the next, in order", "[committer]") {
  FakeStore store;
  Answers answers;
  CommitterOptions options = Quick();
  options.max_batch = 3;
  IntCommitter committer(options, Through(store));
  store.Hold();
  committer.Submit(0, kNever, answers.For(0));
  store.AwaitBatch(1);
  for (int i = 1; i <= 5; ++i) committer.Submit(i, kNever, answers.For(i));
  CHECK(committer.queued() == 5);
  store.Release();
  CHECK(answers.Await(5).ok());
  CHECK(store.batches() == std::vector<std::vector<int>>{{0}, {1, 2, 3}, {4, 5}});
  CHECK(answers.order() == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("after a batch that had company, the next waits for its time, or until it is full",
          "[committer]") {
  FakeStore store;
  Answers answers;
  CommitterOptions options = Quick();
  options.max_batch = 3;
  options.pace = absl::Hours(1);
  IntCommitter committer(options, Through(store));
  store.Hold();
  committer.Submit(0, kNever, answers.For(0));
  store.AwaitBatch(1);
  for (int i = 1; i <= 4; ++i) committer.Submit(i, kNever, answers.For(i));
  store.Release();
  CHECK(answers.Await(3).ok());
  committer.Submit(5, kNever, answers.For(5));
  CHECK(committer.queued() == 2);  // 4 and 5 wait
  committer.Submit(6, kNever, answers.For(6));
  CHECK(answers.Await(6).ok());
  committer.Submit(7, kNever, answers.For(7));
  committer.Drain();
  CHECK(answers.Await(7).ok());
  CHECK(store.batches() == std::vector<std::vector<int>>{{0}, {1, 2, 3}, {4, 5, 6}, {7}});
}

TEST_CASE("answers given aside do not hold up the next batch, and are given in order",
          "[committer]") {
  FakeStore store;
  Answers answers;
  CommitterOptions options = Quick();
  options.answer_aside = 1;
  options.max_batch = 2;
  IntCommitter committer(options, Through(store));
  std::promise<void> go_on;
  std::thread::id aside;
  store.Hold();
  committer.Submit(0, kNever, [&](absl::StatusOr<int> outcome) {
    aside = std::this_thread::get_id();
    go_on.get_future().wait();
    answers.For(0)(outcome);
  });
  store.AwaitBatch(1);
  committer.Submit(-1, kNever, answers.For(-1));
  for (int i = 1; i <= 3; ++i) committer.Submit(i, kNever, answers.For(i));
  store.Release();
  store.AwaitBatch(2);  // while the first still waits for its answer
  CHECK(answers.order().empty());
  go_on.set_value();
  CHECK(*answers.Await(3) == 6);
  CHECK(answers.order() == std::vector<int>{0, -1, 1, 2, 3});
  CHECK(ErrorReason(answers.Await(-1).status()) == "NEGATIVE");
  // Nobody waits then: no thread is woken for it.
  std::promise<std::thread::id> alone;
  committer.Submit(4, kNever,
                   [&](absl::StatusOr<int>) { alone.set_value(std::this_thread::get_id()); });
  CHECK(alone.get_future().get() != aside);
}

TEST_CASE("nobody is refused before those who were committed earlier have their answers",
          "[committer]") {
  FakeStore store([](int attempt, const std::vector<int>&) {
    return attempt == 2 ? Internal("SPOILT", "for good") : absl::OkStatus();
  });
  Answers answers;
  CommitterOptions options = Quick();
  options.answer_aside = 1;
  options.max_batch = 1;
  IntCommitter committer(options, Through(store));
  std::promise<void> go_on;
  store.Hold();
  committer.Submit(0, kNever, [&](absl::StatusOr<int> outcome) {
    go_on.get_future().wait();
    answers.For(0)(outcome);
  });
  store.AwaitBatch(1);
  committer.Submit(1, kNever, answers.For(1));
  committer.Submit(2, kNever, answers.For(2));
  store.Release();
  store.AwaitBatch(2);
  go_on.set_value();
  CHECK(*answers.Await(2) == 4);
  CHECK(answers.order() == std::vector<int>{0, 1, 2});
  CHECK(ErrorReason(answers.Await(1).status()) == "SPOILT");
}

TEST_CASE("draining waits for answers that are given aside", "[committer]") {
  FakeStore store;
  std::atomic<int> answered{0};
  CommitterOptions options = Quick();
  options.answer_aside = 1;
  options.max_batch = 1;
  IntCommitter committer(options, Through(store));
  store.Hold();
  for (int i = 0; i < 3; ++i) {
    committer.Submit(i, kNever, [&](absl::StatusOr<int>) {
      std::this_thread::yield();
      ++answered;
    });
  }
  store.Release();
  committer.Drain();
  CHECK(answered == 3);
}

TEST_CASE("each caller gets its own outcome", "[committer]") {
  FakeStore store;
  Answers answers;
  IntCommitter committer(Quick(), Through(store));
  store.Hold();
  committer.Submit(0, kNever, answers.For(0));
  store.AwaitBatch(1);
  for (int n : {1, -2, 3}) committer.Submit(n, kNever, answers.For(n));
  store.Release();
  CHECK(*answers.Await(1) == 2);
  CHECK(ErrorReason(answers.Await(-2).status()) == "NEGATIVE");
  CHECK(*answers.Await(3) == 6);
  CHECK(store.batches().size() == 2);
}

TEST_CASE("a full queue refuses at once, and recovers", "[committer]") {
  FakeStore store;
  Answers answers;
  CommitterOptions options = Quick();
  options.max_queued = 2;
  IntCommitter committer(options, Through(store));
  store.Hold();
  committer.Submit(0, kNever, answers.For(0));
  store.AwaitBatch(1);
  committer.Submit(1, kNever, answers.For(1));
  committer.Submit(2, kNever, answers.For(2));
  committer.Submit(3, kNever, answers.For(3));
  REQUIRE(answers.Has(3));  // without waiting
  CHECK(absl::IsResourceExhausted(answers.Await(3).status()));
  CHECK(ErrorReason(answers.Await(3).status()) == "WRITE_QUEUE_FULL");
  store.Release();
  CHECK(*answers.Await(2) == 4);
  committer.Submit(4, kNever, answers.For(4));
  CHECK(*answers.Await(4) == 8);
}

TEST_CASE("a mutation whose time ran out in the queue is not applied", "[committer]") {
  FakeClock clock;
  FakeStore store;
  Answers answers;
  CommitterOptions options = Quick();
  options.clock = &clock;
  IntCommitter committer(options, Through(store));
  store.Hold();
  committer.Submit(0, kNever, answers.For(0));
  store.AwaitBatch(1);
  committer.Submit(1, clock.Now() + absl::Seconds(1), answers.For(1));
  committer.Submit(2, clock.Now() + absl::Seconds(3), answers.For(2));
  clock.Advance(absl::Seconds(2));
  store.Release();
  CHECK(ErrorReason(answers.Await(1).status()) == "NOT_COMMITTED");
  CHECK(absl::IsDeadlineExceeded(answers.Await(1).status()));
  CHECK(*answers.Await(2) == 4);
  CHECK(store.batches() == std::vector<std::vector<int>>{{0}, {2}});
}

TEST_CASE("a batch that met no database is applied again, and health says so", "[committer]") {
  std::atomic<bool> away{true};
  FakeStore store([&](int, const std::vector<int>&) {
    return away ? Unavailable("DATABASE_UNAVAILABLE", "gone") : absl::OkStatus();
  });
  Answers answers;
  IntCommitter committer(Quick(), Through(store));
  CHECK(committer.Healthy());
  committer.Submit(1, kNever, answers.For(1));
  store.AwaitBatch(3);
  CHECK(Eventually([&] { return !committer.Healthy(); }));
  CHECK_FALSE(answers.Has(1));
  committer.Submit(2, kNever, answers.For(2));  // waits its turn behind 1
  away = false;
  CHECK(*answers.Await(1) == 2);
  CHECK(*answers.Await(2) == 4);
  CHECK(Eventually([&] { return committer.Healthy(); }));
  for (const auto& batch : store.batches()) CHECK(batch.size() == 1);
}

// A store that commits and then loses the connection: the answer must come from the request log.
TEST_CASE("a commit in doubt is settled by applying the batch again", "[committer]") {
  std::map<int, int> committed;  // what a request log would know
  int tries = 0;
  Answers answers;
  {
    IntCommitter committer(Quick(), [&](absl::Span<int> batch) -> Result {
      ++tries;
      Outcomes outcomes;
      for (int n : batch) {
        auto [it, is_new] = committed.emplace(n, 100 + static_cast<int>(committed.size()));
        outcomes.push_back(it->second);
      }
      if (tries == 1) return Unavailable("COMMIT_IN_DOUBT", "who knows");
      return outcomes;
    });
    committer.Submit(5, kNever, answers.For(5));
    CHECK(*answers.Await(5) == 100);
  }
  CHECK(tries == 2);
  CHECK(committed.size() == 1);
}

TEST_CASE("while the database is away, deadlines still count", "[committer]") {
  FakeClock clock;
  FakeStore store([](int, const std::vector<int>&) { return Unavailable("GONE", "gone"); });
  Answers answers;
  CommitterOptions options = Quick();
  options.clock = &clock;
  IntCommitter committer(options, Through(store));
  committer.Submit(1, clock.Now() + absl::Seconds(10), answers.For(1));
  store.AwaitBatch(2);
  committer.Submit(2, clock.Now() + absl::Seconds(5), answers.For(2));  // queued behind
  clock.Advance(absl::Seconds(6));
  CHECK(ErrorReason(answers.Await(2).status()) == "NOT_COMMITTED");
  CHECK_FALSE(answers.Has(1));
  clock.Advance(absl::Seconds(6));
  CHECK(ErrorReason(answers.Await(1).status()) == "COMMIT_UNKNOWN");
}

TEST_CASE("one mutation that spoils the batch fails alone", "[committer]") {
  FakeStore store([](int, const std::vector<int>& batch) {
    for (int n : batch) {
      if (n == 13) return Internal("DATABASE_ERROR", "13 is bad luck");
    }
    return absl::OkStatus();
  });
  Answers answers;
  IntCommitter committer(Quick(), Through(store));
  store.Hold();
  committer.Submit(0, kNever, answers.For(0));
  store.AwaitBatch(1);
  for (int n = 10; n < 20; ++n) committer.Submit(n, kNever, answers.For(n));
  store.Release();
  CHECK(answers.Await(19).ok());
  for (int n = 10; n < 20; ++n) {
    CAPTURE(n);
    CHECK(answers.Await(n).ok() == (n != 13));
  }
  CHECK(ErrorReason(answers.Await(13).status()) == "DATABASE_ERROR");
  CHECK(answers.order() == std::vector<int>{0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
  CHECK(committer.Healthy());
}

TEST_CASE("an Apply that throws or miscounts fails the batch, not the process", "[committer]") {
  Answers answers;
  IntCommitter committer(Quick(), [](absl::Span<int> batch) -> Result {
    if (batch[0] == 1) throw std::runtime_error("oops");
    return Outcomes{};
  });
  committer.Submit(1, kNever, answers.For(1));
  committer.Submit(2, kNever, answers.For(2));
  CHECK(ErrorReason(answers.Await(1).status()) == "UNEXPECTED_EXCEPTION");
  CHECK(ErrorReason(answers.Await(2).status()) == "BAD_BATCH");
}

TEST_CASE("draining finishes what was accepted, and takes no more", "[committer]") {
  FakeStore store;
  Answers answers;
  IntCommitter committer(Quick(), Through(store));
  store.Hold();
  for (int i = 0; i < 100; ++i) committer.Submit(i, kNever, answers.For(i));
  store.AwaitBatch(1);
  std::thread drain([&] { committer.Drain(); });
  REQUIRE(Eventually([&] {
    static int probe = 1000;
    int n = probe++;
    committer.Submit(n, kNever, answers.For(n));
    return answers.Has(n) && ErrorReason(answers.Await(n).status()) == "DRAINING";
  }));
  store.Release();
  drain.join();
  for (int i = 0; i < 100; ++i) CHECK(*answers.Await(i) == 2 * i);
  committer.Drain();  // again: no effect
}

TEST_CASE("draining gives up on a database that stays away", "[committer]") {
  FakeStore store([](int, const std::vector<int>&) { return Unavailable("GONE", "gone"); });
  Answers answers;
  CommitterOptions options = Quick();
  options.drain_limit = absl::Milliseconds(20);
  options.max_batch = 1;
  IntCommitter committer(options, Through(store));
  committer.Submit(1, kNever, answers.For(1));
  committer.Submit(2, kNever, answers.For(2));
  store.AwaitBatch(1);
  committer.Drain();
  CHECK(ErrorReason(answers.Await(1).status()) == "GONE");
  CHECK(absl::IsUnavailable(answers.Await(2).status()));
}

TEST_CASE("a completion may submit", "[committer]") {
  FakeStore store;
  Answers answers;
  IntCommitter committer(Quick(), Through(store));
  committer.Submit(1, kNever, [&](absl::StatusOr<int> first) {
    committer.Submit(*first, kNever, answers.For(*first));
  });
  CHECK(*answers.Await(2) == 4);
}

TEST_CASE("under load of several threads every mutation is answered once", "[committer]") {
  constexpr int kThreads = 4, kEach = 3'000;
  std::atomic<int> failures{0};
  std::atomic<int> flaky{0};
  std::atomic<int> answered{0};
  std::atomic<int> at_once{0};  // completions that run now
  std::atomic<size_t> largest{0};
  CommitterOptions options = Quick();
  options.answer_aside = GENERATE(0, 1, 3);
  options.backoff.max = absl::Milliseconds(1);
  options.observe = [&](const BatchReport& report) {
    if (report.size > largest) largest = report.size;
  };
  {
    IntCommitter committer(options, [&](absl::Span<int> batch) -> Result {
      if (++flaky % 10 == 0) return Aborted("TRANSACTION_CONFLICT", "again");
      Outcomes outcomes;
      for (int n : batch) outcomes.push_back(n + 1);
      return outcomes;
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          int n = t * kEach + i;
          committer.Submit(n, kNever, [&, n](absl::StatusOr<int> outcome) {
            if (++at_once != 1 || !outcome.ok() || *outcome != n + 1) ++failures;
            ++answered;
            --at_once;
          });
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(answered == kThreads * kEach);
  CHECK(failures == 0);
  CHECK(largest <= options.max_batch);
}

}  // namespace
}  // namespace muster
