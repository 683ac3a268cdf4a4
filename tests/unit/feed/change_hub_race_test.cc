// The hub with all of its users at once; for ThreadSanitizer, and for what no order may break.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/feed/change_hub.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

using Hub = ChangeHub<int64_t>;
constexpr int64_t kLast = 5'000;

// A client: sees every revision once, in order, whether from memory or from "the database".
class Reader {
 public:
  Reader(Hub& hub, const std::atomic<int64_t>& database) : database_(database) {
    subscription_ = hub.Subscribe("p", [this] { Wake(); });
    thread_ = std::thread([this] { Run(); });
  }
  void Join() { thread_.join(); }
  // Wakes come until the publisher is done: only then may it go.
  bool in_order() const { return in_order_; }
  int64_t seen() const { return seen_; }

 private:
  void Wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }

  void Run() {
    seen_ = database_.load();
    subscription_->Start(seen_);
    while (seen_ < kLast) {
      Hub::Next next = subscription_->Take();
      if (next.kind == FeedNext::kChange) {
        in_order_ = in_order_ && *next.change == seen_ + 1 && next.revision == seen_ + 1;
        seen_ = next.revision;
      } else if (next.kind == FeedNext::kBehind) {
        in_order_ = in_order_ && next.revision == seen_;
        seen_ = database_.load();
        subscription_->CaughtUp(seen_);
      } else {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return woken_; });
        woken_ = false;
      }
    }
  }

  const std::atomic<int64_t>& database_;
  std::shared_ptr<Hub::Subscription> subscription_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool in_order_ = true;
  int64_t seen_ = 0;
  std::thread thread_;
};

TEST_CASE("readers that come at any time see each revision once, in order") {
  Hub hub;
  std::atomic<int64_t> database{0};
  std::vector<std::unique_ptr<Reader>> readers;
  readers.push_back(std::make_unique<Reader>(hub, database));
  std::thread writer([&] {
    for (int64_t i = 1; i <= kLast; ++i) {
      database = i;
      // Now and then it was another node that wrote, and this one only notices.
      if (i % 7 == 0) {
        hub.Notice("p", i);
      } else {
        hub.Publish("p", i - 1, i, std::make_shared<const int64_t>(i));
      }
    }
    hub.Notice("p", kLast);
  });
  std::thread passers_by([&] {
    for (int i = 0; i < 200; ++i) {
      auto sub = hub.Subscribe("p", [] {});
      sub->Start(database.load());
      sub->Take();
      hub.WatchedPools();
    }
  });
  for (int i = 0; i < 3; ++i) readers.push_back(std::make_unique<Reader>(hub, database));
  writer.join();
  passers_by.join();
  for (auto& reader : readers) {
    reader->Join();
    CHECK(reader->in_order());
    CHECK(reader->seen() == kLast);
  }
}

}  // namespace
}  // namespace muster
