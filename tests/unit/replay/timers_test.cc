#include "services/cli/replay/timers.h"

#include <string>

#include "services/cli/replay/offer_watch.h"
#include "tests/support/catch.h"

namespace muster::replay {
namespace {

absl::Duration Ms(int64_t ms) { return absl::Milliseconds(ms); }

TEST_CASE("Timers run in order of their time, then of their making") {
  Timers timers;
  std::string ran;
  timers.After(Ms(20), [&] { ran += "c"; });
  timers.After(Ms(10), [&] { ran += "a"; });
  timers.After(Ms(10), [&] { ran += "b"; });
  CHECK(timers.NextDue() == Ms(10));
  timers.Advance(Ms(9));
  CHECK(ran.empty());
  timers.Advance(Ms(10));
  CHECK(ran == "ab");
  timers.Advance(Ms(50));
  CHECK(ran == "abc");
  CHECK(timers.NextDue() == absl::InfiniteDuration());
}

TEST_CASE("A timer may make timers, also ones that are due") {
  Timers timers;
  int runs = 0;
  timers.After(Ms(5), [&] {
    timers.At(Ms(1), [&] { ++runs; });
    timers.After(Ms(5), [&] { ++runs; });
  });
  timers.Advance(Ms(7));
  CHECK(runs == 1);
  CHECK(timers.NextDue() == Ms(12));  // from Now, which was 7
}

TEST_CASE("Time never goes back") {
  Timers timers;
  timers.Advance(Ms(7));
  timers.Advance(Ms(3));
  CHECK(timers.Now() == Ms(7));
}

TEST_CASE("Offer latency counts tickets that found an agent idle, to their first offer") {
  const OfferWatch::Skills both = {"q", "r"}, only_r = {"r"};
  OfferWatch watch;
  watch.Sent(0, "q", Ms(0), {&both});                // finds an agent
  watch.Sent(1, "q", Ms(1), {&both});                // but ticket 0 is on its way to that one
  watch.Sent(2, "q", Ms(1), {&both, &both, &both});  // one is left
  watch.Sent(3, "r", Ms(2), {&only_r});              // nobody else is after this one
  watch.Sent(4, "r", Ms(2), {});                     // nobody is idle
  watch.Acknowledged(0, "t0");
  watch.Offered("t0", "q", Ms(3));
  watch.Offered("t0", "q", Ms(9));  // again, after a decline: not its first
  watch.Offered("t2", "q", Ms(5));  // before its creation was acknowledged
  watch.Acknowledged(2, "t2");
  for (size_t i : {1, 3, 4}) {
    watch.Acknowledged(i, "t" + std::to_string(i));
    watch.Offered("t" + std::to_string(i), i == 1 ? "q" : "r", Ms(100));
  }
  auto latencies = watch.Latencies();
  std::sort(latencies.begin(), latencies.end());
  CHECK(latencies == std::vector<absl::Duration>{Ms(3), Ms(4), Ms(98)});
}

TEST_CASE("Tickets that were offered, or whose customers left, are no rivals any more") {
  const OfferWatch::Skills skills = {"q"};
  OfferWatch watch;
  watch.Sent(0, "q", Ms(0), {});
  watch.Acknowledged(0, "t0");
  watch.Sent(1, "q", Ms(0), {});
  watch.Acknowledged(1, "t1");
  watch.Gone(0);
  watch.Offered("t1", "q", Ms(1));
  watch.Gone(1);  // after its offer: counted once
  watch.Sent(2, "q", Ms(2), {&skills});
  watch.Acknowledged(2, "t2");
  watch.Offered("t2", "q", Ms(5));
  CHECK(watch.Latencies() == std::vector<absl::Duration>{Ms(3)});
}

}  // namespace
}  // namespace muster::replay
