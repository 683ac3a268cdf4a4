#include "common/base/backoff.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace muster {
namespace {

const BackoffOptions kOptions = {.initial = absl::Milliseconds(10),
                                 .max = absl::Milliseconds(100),
                                 .multiplier = 2.0,
                                 .min = absl::Milliseconds(1)};

TEST_CASE("waits stay under a ceiling that doubles up to the maximum", "[backoff]") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Backoff backoff(kOptions, seed);
    absl::Duration ceiling = kOptions.initial;
    for (int i = 0; i < 20; ++i) {
      absl::Duration wait = backoff.Next();
      REQUIRE(wait >= kOptions.min);
      REQUIRE(wait <= ceiling);
      ceiling = std::min(ceiling * 2, kOptions.max);
    }
  }
}

TEST_CASE("jitter uses the whole range", "[backoff]") {
  absl::Duration least = absl::InfiniteDuration(), most = absl::ZeroDuration();
  Backoff backoff(kOptions, 42);
  for (int i = 0; i < 1000; ++i) {
    absl::Duration wait = backoff.Next();
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  CHECK(least < absl::Milliseconds(5));
  CHECK(most > absl::Milliseconds(95));
}

TEST_CASE("reset begins again", "[backoff]") {
  Backoff backoff(kOptions, 7);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  CHECK(backoff.Next() <= kOptions.initial);
}

TEST_CASE("the same seed gives the same waits, and seeds differ", "[backoff]") {
  Backoff a(kOptions, 5), b(kOptions, 5);
  for (int i = 0; i < 10; ++i) CHECK(a.Next() == b.Next());
  CHECK(RandomSeed() != RandomSeed());
}

}  // namespace
}  // namespace muster
