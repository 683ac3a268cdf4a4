// What a subscriber of the hub gets, step by step.
#include "common/feed/change_hub.h"

#include <memory>
#include <string>

#include "tests/support/catch.h"

namespace muster {
namespace {

using Hub = ChangeHub<std::string>;

std::shared_ptr<const std::string> Text(const std::string& text) {
  return std::make_shared<const std::string>(text);
}

// "change a @3", "behind @2", "nothing @3": all that a test wants to know of a step.
std::string Step(Hub::Subscription& subscription) {
  const Hub::Next next = subscription.Take();
  const std::string at = " @" + std::to_string(next.revision);
  switch (next.kind) {
    case FeedNext::kNothing:
      return "nothing" + at;
    case FeedNext::kChange:
      return "change " + *next.change + at;
    case FeedNext::kBehind:
      return "behind" + at;
    case FeedNext::kCutOff:
      return "cut off";
    case FeedNext::kClosed:
      return "closed";
  }
  return "?";
}

TEST_CASE("changes that follow the snapshot come in order, each once") {
  Hub hub;
  int wakes = 0;
  auto sub = hub.Subscribe("p", [&] { ++wakes; });
  hub.Publish("p", 4, 5, Text("in the snapshot"));
  hub.Publish("p", 5, 6, Text("a"));
  CHECK(wakes == 2);
  CHECK(Step(*sub) == "nothing @0");  // the snapshot is not there yet
  sub->Start(5);
  CHECK(Step(*sub) == "change a @6");
  CHECK(Step(*sub) == "nothing @6");
  hub.Publish("p", 6, 8, Text("b"));
  CHECK(Step(*sub) == "change b @8");
  CHECK(sub->cursor() == 8);
}

TEST_CASE("a change that another node made is a gap, and is read from the database") {
  Hub hub;
  auto sub = hub.Subscribe("p", [] {});
  sub->Start(5);
  hub.Publish("p", 6, 7, Text("after the gap"));
  CHECK(Step(*sub) == "behind @5");
  CHECK(Step(*sub) == "behind @5");  // until it has caught up
  SECTION("up to the gap") {
    sub->CaughtUp(6);
    CHECK(Step(*sub) == "change after the gap @7");
  }
  SECTION("beyond it") {
    sub->CaughtUp(7);
    CHECK(Step(*sub) == "nothing @7");
  }
}

TEST_CASE("a revision found in the database puts the subscriber behind") {
  Hub hub;
  int wakes = 0;
  auto sub = hub.Subscribe("p", [&] { ++wakes; });
  sub->Start(5);
  hub.Notice("p", 5);
  CHECK(wakes == 0);
  CHECK(Step(*sub) == "nothing @5");
  hub.Notice("p", 9);
  CHECK(wakes == 1);
  CHECK(Step(*sub) == "behind @5");
  sub->CaughtUp(9);
  CHECK(Step(*sub) == "nothing @9");
}

TEST_CASE("pools do not hear of one another") {
  Hub hub;
  int wakes = 0;
  auto sub = hub.Subscribe("p", [&] { ++wakes; });
  sub->Start(0);
  hub.Publish("q", 0, 1, Text("a"));
  hub.Notice("q", 3);
  CHECK(wakes == 0);
  CHECK(Step(*sub) == "nothing @0");
  CHECK(hub.WatchedPools() == std::vector<std::string>{"p"});
}

TEST_CASE("a reader who is too slow is cut off") {
  Hub hub({.max_queued = 3});
  auto slow = hub.Subscribe("p", [] {});
  auto quick = hub.Subscribe("p", [] {});
  slow->Start(0);
  quick->Start(0);
  for (int i = 0; i < 4; ++i) {
    hub.Publish("p", i, i + 1, Text("x"));
    CHECK(Step(*quick) == "change x @" + std::to_string(i + 1));
  }
  CHECK(slow->ended());
  CHECK(Step(*slow) == "cut off");
  CHECK(Step(*quick) == "nothing @4");
  hub.Publish("p", 4, 5, Text("y"));
  CHECK(Step(*slow) == "cut off");
  CHECK(Step(*quick) == "change y @5");
}

TEST_CASE("rows count, not commits") {
  Hub hub({.max_queued = 10});
  auto sub = hub.Subscribe("p", [] {});
  sub->Start(0);
  hub.Publish("p", 0, 1, Text("x"), 10);
  CHECK_FALSE(sub->ended());
  hub.Publish("p", 1, 2, Text("x"), 1);
  CHECK(sub->ended());
}

TEST_CASE("what overflows during the snapshot is read again, and cuts nobody off") {
  Hub hub({.max_queued = 2});
  auto sub = hub.Subscribe("p", [] {});
  for (int i = 0; i < 10; ++i) hub.Publish("p", i, i + 1, Text("x"));
  sub->Start(1);
  CHECK(Step(*sub) == "behind @1");
  sub->CaughtUp(10);
  hub.Publish("p", 10, 11, Text("y"));
  CHECK(Step(*sub) == "change y @11");
}

TEST_CASE("a closed hub ends those who are there and those who come") {
  Hub hub;
  int wakes = 0;
  auto sub = hub.Subscribe("p", [&] { ++wakes; });
  sub->Start(0);
  hub.Close();
  CHECK(wakes == 1);
  CHECK(Step(*sub) == "closed");
  auto late = hub.Subscribe("p", [] {});
  CHECK(Step(*late) == "closed");
}

TEST_CASE("a cancelled subscription is forgotten, also when it outlives the hub") {
  auto hub = std::make_unique<Hub>();
  auto sub = hub->Subscribe("p", [] {});
  auto other = hub->Subscribe("p", [] {});
  sub->Start(0);
  sub->Cancel();
  CHECK(hub->subscribers() == 1);
  hub->Publish("p", 0, 1, Text("x"));
  CHECK(Step(*sub) == "nothing @0");
  sub.reset();
  hub.reset();
  CHECK(Step(*other) == "nothing @0");
}

}  // namespace
}  // namespace muster
