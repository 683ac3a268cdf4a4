#include "common/base/bounded_queue.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace muster {
namespace {

TEST_CASE("a queue holds no more than its capacity, in order", "[queue]") {
  BoundedQueue<int> queue(2);
  CHECK(queue.TryPush(1));
  CHECK(queue.TryPush(2));
  CHECK_FALSE(queue.TryPush(3));
  CHECK(queue.size() == 2);
  CHECK(queue.Pop() == 1);
  CHECK(queue.TryPush(4));
  CHECK(queue.Pop() == 2);
  CHECK(queue.Pop() == 4);
}

TEST_CASE("what is refused is left with its owner", "[queue]") {
  BoundedQueue<std::unique_ptr<int>> queue(0);
  auto value = std::make_unique<int>(7);
  CHECK_FALSE(queue.TryPush(std::move(value)));
  REQUIRE(value != nullptr);
  CHECK(*value == 7);
}

TEST_CASE("a closed queue gives what it holds, then nothing", "[queue]") {
  BoundedQueue<int> queue(10);
  queue.TryPush(1);
  queue.Close();
  CHECK_FALSE(queue.TryPush(2));
  CHECK(queue.Pop() == 1);
  CHECK_FALSE(queue.Pop().has_value());
}

TEST_CASE("closing can take what is left", "[queue]") {
  BoundedQueue<int> queue(10);
  queue.TryPush(1);
  queue.TryPush(2);
  CHECK(queue.CloseAndTake() == std::deque<int>{1, 2});
  CHECK_FALSE(queue.Pop().has_value());
}

TEST_CASE("closing wakes those who wait", "[queue]") {
  BoundedQueue<int> queue(1);
  std::optional<int> popped = 1;
  std::thread waiter([&] { popped = queue.Pop(); });
  queue.Close();
  waiter.join();
  CHECK_FALSE(popped.has_value());
}

TEST_CASE("between many threads nothing is lost and nothing doubled", "[queue]") {
  constexpr int kProducers = 3, kConsumers = 3, kEach = 5'000;
  BoundedQueue<int> queue(64);
  std::atomic<int64_t> sum{0};
  std::atomic<int> count{0};
  std::vector<std::thread> producers, consumers;
  for (int c = 0; c < kConsumers; ++c) {
    consumers.emplace_back([&] {
      while (auto value = queue.Pop()) {
        sum += *value;
        ++count;
      }
    });
  }
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&] {
      for (int i = 1; i <= kEach; ++i) {
        int value = i;
        while (!queue.TryPush(std::move(value))) std::this_thread::yield();
      }
    });
  }
  for (auto& thread : producers) thread.join();
  queue.Close();
  for (auto& thread : consumers) thread.join();
  CHECK(count == kProducers * kEach);
  CHECK(sum == int64_t{kProducers} * kEach * (kEach + 1) / 2);
}

}  // namespace
}  // namespace muster
