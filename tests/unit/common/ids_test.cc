#include "common/base/ids.h"

#include <set>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace muster {
namespace {

TEST_CASE("ids have the form that other services check", "[ids]") {
  std::string id = NewId("t");
  CHECK(id.size() == 28);
  CHECK(id.substr(0, 2) == "t-");
  CHECK(IsValidId(id));
}

TEST_CASE("ids of one thread rise, however fast they are made", "[ids]") {
  std::string last = NewId("t");
  for (int i = 0; i < 100'000; ++i) {
    std::string next = NewId("t");
    REQUIRE(last < next);
    last = std::move(next);
  }
}

TEST_CASE("threads never get the same id", "[ids]") {
  constexpr int kThreads = 4, kEach = 5'000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kEach; ++i) mine.push_back(NewId("x"));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (auto& mine : made) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == size_t{kThreads} * kEach);
}

TEST_CASE("which ids are valid", "[ids]") {
  struct Case {
    std::string id;
    bool valid;
  };
  std::vector<Case> cases = {
      {"a", true},
      {"7", true},
      {"bank-calls", true},
      {"a.b_c-d", true},
      {std::string(64, 'a'), true},
      {"", false},
      {std::string(65, 'a'), false},
      {"-a", false},
      {"a-", false},
      {".a", false},
      {"a_", false},
      {"A", false},
      {"a b", false},
      {"a/b", false},
      {"\xc3\xa4", false},
      {std::string("a\0b", 3), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.id);
    CHECK(IsValidId(c.id) == c.valid);
  }
}

TEST_CASE("which request ids are valid", "[ids]") {
  CHECK(IsValidRequestId("a"));
  CHECK(IsValidRequestId("Order 4711/~"));
  CHECK(IsValidRequestId(std::string(128, 'x')));
  CHECK_FALSE(IsValidRequestId(""));
  CHECK_FALSE(IsValidRequestId(std::string(129, 'x')));
  CHECK_FALSE(IsValidRequestId("a\n"));
  CHECK_FALSE(IsValidRequestId("\x7f"));
  CHECK_FALSE(IsValidRequestId("\xc3\xa4"));
}

}  // namespace
}  // namespace muster
