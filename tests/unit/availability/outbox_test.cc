// What is kept of what an agent was told, and how many may come back at once.
#include "services/availability/domain/outbox.h"

#include <string>
#include <vector>

#include "services/availability/domain/hello_gate.h"
#include "services/availability/domain/inbox.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

using Texts = std::vector<std::string>;

constexpr uint64_t kLink = 7, kOther = 8;

// On a link on which nothing has been sent.
Texts After(Outbox<std::string> outbox, int64_t sequence, uint64_t link = kOther) {
  Texts texts;
  outbox.Repeat(sequence, link, [&](const std::string& text) { texts.push_back(text); });
  return texts;
}

Outbox<std::string> WithFrames(int frames, size_t bytes = 10) {
  Outbox<std::string> outbox("s");
  for (int i = 1; i <= frames; ++i) {
    CHECK(outbox.next() == i);
    outbox.Add(std::to_string(i), bytes, kLink);
  }
  return outbox;
}

TEST_CASE("an agent gets what it has not seen, and nothing else") {
  struct Case {
    int frames;
    int64_t seen;
    bool possible;
    Texts rest;
  };
  const Case cases[] = {
      {0, 0, true, {}},    {0, 1, false, {}}, {3, 0, true, {"1", "2", "3"}},
      {3, 2, true, {"3"}}, {3, 3, true, {}},  {3, 4, false, {}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.frames, one.seen);
    const Outbox<std::string> outbox = WithFrames(one.frames);
    CHECK(outbox.HasAllAfter(one.seen) == one.possible);
    if (one.possible) CHECK(After(outbox, one.seen) == one.rest);
  }
}

TEST_CASE("the latest frames are kept, within bounds of number and size") {
  const Outbox<std::string> many = WithFrames(kMaxOutboxFrames + 5);
  CHECK_FALSE(many.HasAllAfter(4));
  CHECK(many.HasAllAfter(5));
  CHECK(After(many, 5).front() == "6");
  CHECK(After(many, 5).size() == kMaxOutboxFrames);

  const Outbox<std::string> large = WithFrames(5, kMaxOutboxBytes / 2);
  CHECK_FALSE(large.HasAllAfter(2));
  CHECK(After(large, 3) == Texts{"4", "5"});

  const Outbox<std::string> too_large = WithFrames(1, kMaxOutboxBytes + 1);
  CHECK_FALSE(too_large.HasAllAfter(0));
  CHECK(too_large.HasAllAfter(1));
}

TEST_CASE("what was seen is let go of; a number that was never given says nothing") {
  Outbox<std::string> outbox = WithFrames(4);
  outbox.Forget(2);
  CHECK_FALSE(outbox.HasAllAfter(1));
  CHECK(After(outbox, 2) == Texts{"3", "4"});
  outbox.Forget(9);
  CHECK(After(outbox, 2) == Texts{"3", "4"});
  outbox.Forget(4);
  CHECK(outbox.HasAllAfter(4));
  CHECK(outbox.next() == 5);
}

TEST_CASE("what was sent on a link is not sent on it again") {
  Outbox<std::string> outbox = WithFrames(2);
  outbox.Add("3", 10, 0);  // while no link stood
  CHECK(After(outbox, 0, kLink) == Texts{"3"});
  CHECK(After(outbox, 1) == Texts{"2", "3"});
  outbox.Repeat(0, kLink, [](const std::string&) {});
  CHECK(After(outbox, 0, kLink).empty());
}

TEST_CASE("assignments that are not told again have ended") {
  Inbox<std::string, std::string> inbox;
  for (const char* id : {"a", "b", "c"}) inbox.Confirm(id, id);
  inbox.Doubt();
  inbox.Confirm("b", "b");
  inbox.RemoveAssignment("c");
  CHECK(inbox.TakeDoubted() == Texts{"a"});
  CHECK(inbox.assignments().size() == 1);
  CHECK(inbox.TakeDoubted().empty());
}

TEST_CASE("so many hellos a second, and the others spread over the time that these take") {
  const absl::Time now = absl::FromUnixSeconds(1'767'225'600);
  HelloGate gate({.per_second = 100, .burst = 50, .most_under_way = 1'000});
  for (int i = 0; i < 50; ++i) CHECK(gate.Admit(now, 0.5) == absl::ZeroDuration());
  absl::Duration longest;
  for (int i = 0; i < 1'000; ++i) longest = std::max(longest, gate.Admit(now, 0.99));
  CHECK(longest > absl::Seconds(10));  // a thousand at a hundred a second
  CHECK(longest < absl::Seconds(15));
  CHECK(gate.Admit(now, 0) == HelloGate::kLeastWait);
  for (int i = 0; i < 100'000; ++i) gate.Admit(now, 0.5);
  CHECK(gate.Admit(now, 0.999) <= HelloGate::kMostWait);
  // A second later as many as a second's may come, and no more than the burst.
  for (int i = 0; i < 50; ++i) {
    CHECK(gate.Admit(now + absl::Seconds(1), 0.5) == absl::ZeroDuration());
  }
  CHECK(gate.Admit(now + absl::Seconds(1), 0.5) > absl::ZeroDuration());
  // A clock that goes back lets nobody in for that.
  CHECK(gate.Admit(now, 0.5) > absl::ZeroDuration());
}

TEST_CASE("no more hellos are under way than may be, and who waits comes at the pace of answers") {
  const absl::Time start = absl::FromUnixSeconds(1'767'225'600);
  const absl::Duration kStep = absl::Milliseconds(10);
  HelloGate gate({.per_second = 1'000, .burst = 1'000, .most_under_way = 10});
  for (int i = 0; i < 10; ++i) CHECK(gate.Admit(start, 0.5) == absl::ZeroDuration());
  CHECK(gate.Admit(start, 0) == HelloGate::kLeastWait);
  gate.Leave();
  CHECK(gate.Admit(start, 0.5) == absl::ZeroDuration());
  CHECK(gate.Admit(start, 0.5) > absl::ZeroDuration());
  // A hundred a second are answered, and for each of them seven more come.
  absl::Time now = start;
  absl::Duration longest;
  for (int i = 0; i < 300; ++i) {
    now += kStep;
    gate.Leave();
    CHECK(gate.Admit(now, 0.5) == absl::ZeroDuration());
    for (int j = 0; j < 7; ++j) longest = std::max(longest, gate.Admit(now, 0.99));
  }
  CHECK(longest > absl::Seconds(10));  // twelve hundred wait, as far as it knows
  // Once all are answered they come at the full rate again.
  for (int i = 0; i < 10; ++i) gate.Leave();
  now += absl::Seconds(60);
  for (int i = 0; i < 10; ++i) CHECK(gate.Admit(now, 0.5) == absl::ZeroDuration());
  CHECK(gate.Admit(now, 0.99) < absl::Milliseconds(110));
}

}  // namespace
}  // namespace muster::availability
