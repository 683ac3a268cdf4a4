#include "common/base/smooth_clock.h"

#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace muster {
namespace {

TEST_CASE("a jump of the wall clock is followed slowly, and never back") {
  struct Case {
    const char* what;
    absl::Duration jump;
    absl::Duration after_10_s;  // how far the time has come then
  };
  const std::vector<Case> cases = {
      {"none", absl::ZeroDuration(), absl::Seconds(10)},
      {"an hour ahead", absl::Hours(1), absl::Milliseconds(10'100)},
      {"an hour back", -absl::Hours(1), absl::Milliseconds(9'900)},
      {"a little ahead is made up", absl::Milliseconds(50), absl::Milliseconds(10'050)},
      {"a little back as well", -absl::Milliseconds(50), absl::Milliseconds(9'950)},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    FakeClock wall, steady;
    SmoothClock clock(wall, steady);
    const absl::Time start = clock.Now();
    CHECK(start == wall.Now());
    wall.Advance(c.jump);
    CHECK(clock.Now() == start);
    absl::Time last = start;
    for (int i = 0; i < 100; ++i) {
      wall.Advance(absl::Milliseconds(100));
      steady.Advance(absl::Milliseconds(100));
      const absl::Time now = clock.Now();
      CHECK(now > last);
      last = now;
    }
    CHECK(last - start == c.after_10_s);
  }
}

TEST_CASE("time is told in whole microseconds, and none is lost by asking often") {
  FakeClock wall, steady;
  SmoothClock clock(wall, steady);
  const absl::Time start = clock.Now();
  for (int i = 0; i < 10'000; ++i) {
    wall.Advance(absl::Nanoseconds(300));
    steady.Advance(absl::Nanoseconds(300));
    REQUIRE(absl::ToUnixMicros(clock.Now()) * 1000 == absl::ToUnixNanos(clock.Now()));
  }
  CHECK(clock.Now() - start == absl::Milliseconds(3));
}

}  // namespace
}  // namespace muster
