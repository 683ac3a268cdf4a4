// The limit on concurrent calls, against a simulated service.
#include "common/rpc/limiter.h"

#include <deque>
#include <map>
#include <random>

#include "common/base/backoff.h"
#include "tests/support/catch.h"

namespace muster {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);

TEST_CASE("methods have their class") {
  const std::pair<const char*, CallClass> cases[] = {
      {"availability.AcceptOffer", CallClass::kAnswer},
      {"availability.Heartbeat", CallClass::kAnswer},
      {"intake.RecordProgress", CallClass::kAnswer},
      {"intake.CreateTicket", CallClass::kTicket},
      {"intake.CancelTicket", CallClass::kTicket},
      {"intake.ListTickets", CallClass::kRead},
      {"matcher.GetStatistics", CallClass::kRead},
      {"server.GetServerInfo", CallClass::kExempt},
      {"matcher.RequeueTicket", CallClass::kTicket},
  };
  for (const auto& [method, wanted] : cases) {
    INFO(method);
    CHECK(ClassOf(method) == wanted);
  }
}

TEST_CASE("lesser classes are refused first") {
  ConcurrencyLimiter limiter({.initial = 100, .shares = {1.0, 0.8, 0.5}});
  const auto fill = [&](CallClass c) {
    int entered = 0;
    while (limiter.Enter(c, kNow)) ++entered;
    return entered;
  };
  CHECK(fill(CallClass::kRead) == 50);
  CHECK(fill(CallClass::kTicket) == 30);
  CHECK(fill(CallClass::kAnswer) == 20);
  CHECK(limiter.in_flight() == 100);
  CHECK(limiter.Enter(CallClass::kExempt, kNow));
  limiter.Leave(kNow, kNow);
  CHECK_FALSE(limiter.Enter(CallClass::kTicket, kNow));
  CHECK(limiter.Enter(CallClass::kAnswer, kNow));
}

// A service that does `rate` calls a second, one after the other, asked by an open loop.
struct Simulation {
  explicit Simulation(uint64_t seed, LimiterOptions options = {})
      : limiter(options), random(seed) {}

  struct Result {
    int taken = 0, refused = 0, in_time = 0;
  };

  // Arrivals at `arrivals` a second for `length`, served at `rate`.
  Result Run(double arrivals, double rate, absl::Duration length,
             CallClass call_class = CallClass::kTicket) {
    Result result;
    const absl::Time end = now + length;
    std::exponential_distribution<double> gap(arrivals);
    // What is still under way goes at the new rate.
    for (size_t i = 0; i < ends.size(); ++i) {
      ends[i].first = now + absl::Seconds((static_cast<double>(i) + 1) / rate);
    }
    while (now < end) {
      now += absl::Seconds(gap(random));
      while (!ends.empty() && ends.front().first <= now) {
        limiter.Leave(ends.front().second, ends.front().first);
        if (ends.front().first - ends.front().second <= kInTime) ++result.in_time;
        ends.pop_front();
      }
      if (!limiter.Enter(call_class, now)) {
        ++result.refused;
        continue;
      }
      ++result.taken;
      const absl::Time free = ends.empty() ? now : std::max(now, ends.back().first);
      ends.emplace_back(free + absl::Seconds(1 / rate), now);
    }
    return result;
  }

  static constexpr absl::Duration kInTime = absl::Milliseconds(500);  // twice the target
  ConcurrencyLimiter limiter;
  std::mt19937_64 random;
  absl::Time now = kNow;
  std::deque<std::pair<absl::Time, absl::Time>> ends;  // of calls taken, and when they began
};

TEST_CASE("below what the service can do, nobody is refused") {
  const uint64_t seed = RandomSeed();
  INFO("seed " << seed);
  Simulation simulation(seed);
  CHECK(simulation.Run(8'000, 10'000, absl::Seconds(10)).refused == 0);
}

TEST_CASE("at three times of it, what is taken is done in time, and no less than it can do") {
  const uint64_t seed = RandomSeed();
  INFO("seed " << seed);
  for (const double rate : {500.0, 5'000.0, 30'000.0}) {
    INFO("rate " << rate);
    Simulation simulation(seed);
    simulation.Run(3 * rate, rate, absl::Seconds(10));  // to find its level
    const auto result = simulation.Run(3 * rate, rate, absl::Seconds(10));
    CHECK(result.in_time >= 0.95 * rate * 10);
    CHECK(result.refused >= 1.5 * rate * 10);
  }
}

TEST_CASE("after overload, and after a stall, all is taken again within 10 s") {
  const uint64_t seed = RandomSeed();
  INFO("seed " << seed);
  Simulation simulation(seed);
  SECTION("overload") { simulation.Run(15'000, 5'000, absl::Seconds(20)); }
  SECTION("a stall") { simulation.Run(4'000, 20, absl::Seconds(20)); }
  simulation.Run(4'000, 5'000, absl::Seconds(10));
  const auto after = simulation.Run(4'000, 5'000, absl::Seconds(5));
  CHECK(after.refused <= after.taken / 100);
  CHECK(after.in_time >= after.taken * 95 / 100);
}

TEST_CASE("the limit keeps within its bounds") {
  ConcurrencyLimiter limiter({.initial = 100, .min = 10, .max = 200});
  absl::Time now = kNow;
  for (int i = 0; i < 100; ++i) {
    now += absl::Seconds(1);
    REQUIRE(limiter.Enter(CallClass::kAnswer, now));
    limiter.Leave(now - absl::Seconds(1), now);
  }
  CHECK(limiter.limit() == 10);
  for (int i = 0; i < 100; ++i) {
    now += absl::Milliseconds(100);
    while (limiter.Enter(CallClass::kAnswer, now)) {
    }
    while (limiter.in_flight() > 0) limiter.Leave(now, now);
  }
  CHECK(limiter.limit() == 200);
}

}  // namespace
}  // namespace muster
