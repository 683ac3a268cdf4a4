#include "services/simulation/random.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "services/simulation/distribution.h"
#include "tests/support/catch.h"

namespace muster::simulation {
namespace {

TEST_CASE("xoshiro256++ gives the numbers of its authors' code") {
  Random random(std::array<std::uint64_t, 4>{1, 2, 3, 4});
  for (const std::uint64_t expected :
       {41943041ULL, 58720359ULL, 3588806011781223ULL, 3591011842654386ULL, 9228616714210784205ULL,
        9973669472204895162ULL}) {
    CHECK(random.Next() == expected);
  }
}

TEST_CASE("SplitMix64 gives the numbers of its authors' code") {
  std::uint64_t state = 1234567;
  for (const std::uint64_t expected :
       {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL}) {
    CHECK(SplitMix(&state) == expected);
  }
}

TEST_CASE("a stream depends on all that names it, and on nothing else") {
  const auto first = [](std::uint64_t seed, std::uint64_t replication, Purpose purpose,
                        std::uint64_t type, std::uint64_t number) {
    return StreamFamily(seed, replication, purpose, type).Of(number).Next();
  };
  const std::uint64_t one = first(1, 2, Purpose::kHandle, 3, 4);
  CHECK(one == first(1, 2, Purpose::kHandle, 3, 4));
  CHECK(one != first(2, 2, Purpose::kHandle, 3, 4));
  CHECK(one != first(1, 3, Purpose::kHandle, 3, 4));
  CHECK(one != first(1, 2, Purpose::kPatience, 3, 4));
  CHECK(one != first(1, 2, Purpose::kHandle, 4, 4));
  CHECK(one != first(1, 2, Purpose::kHandle, 3, 5));
}

TEST_CASE("the normal quantile inverts the normal distribution") {
  for (const double p : {1e-300, 1e-20, 1e-9, 0.001, 0.05, 0.074, 0.08, 0.3, 0.5, 0.7, 0.975}) {
    INFO("p " << p);
    const double x = NormalQuantile(p);
    CHECK(std::erfc(-x / std::sqrt(2)) / 2 == Approx(p).epsilon(1e-12));
    if (p > 1e-9) CHECK(NormalQuantile(1 - p) == Approx(-x).margin(1e-6));
  }
}

struct Moments {
  std::string name;
  Distribution from;
  double mean, deviation, skewness;
};

TEST_CASE("distributions have the moments that they were asked for") {
  constexpr int kDraws = 200'000;
  constexpr std::uint64_t kSeed = 5;
  const auto lognormal_skewness = [](double cv) { return cv * (3 + cv * cv); };
  const Moments cases[] = {
      {"exponential", Distribution::Exponential(120), 120, 120, 2},
      {"lognormal", Distribution::Lognormal(180, 0.5), 180, 90, lognormal_skewness(0.5)},
      {"gamma, shape 4", Distribution::Gamma(60, 0.5), 60, 30, 1},
      {"gamma, shape 0.25", Distribution::Gamma(60, 2), 60, 120, 4},
      {"constant", Distribution::Constant(7), 7, 0, 0},
      {"empirical", Distribution::Empirical({9, 1, 2}), 4, std::sqrt(38.0 / 3), 0.6688},
  };
  for (const Moments& c : cases) {
    INFO(c.name << ", seed " << kSeed);
    const StreamFamily streams(kSeed, 0, Purpose::kHandle, 0);
    double sum = 0, squares = 0, cubes = 0, least = 0;
    for (int i = 0; i < kDraws; ++i) {
      Random random = streams.Of(static_cast<std::uint64_t>(i));
      const double x = c.from.Draw(random);
      least = std::min(least, x);
      sum += x;
      squares += (x - c.mean) * (x - c.mean);
      cubes += std::pow(x - c.mean, 3);
    }
    // Five standard errors of a mean; the higher moments are rougher.
    const double width = 5 * c.deviation / std::sqrt(kDraws);
    CHECK(least == 0);  // none is negative
    CHECK(c.from.Mean() == Approx(c.mean));
    CHECK(std::abs(sum / kDraws - c.mean) <= width + 1e-9);
    CHECK(std::sqrt(squares / kDraws) == Approx(c.deviation).epsilon(0.02));
    if (c.deviation == 0) continue;
    CHECK(cubes / kDraws / std::pow(c.deviation, 3) == Approx(c.skewness).epsilon(0.15));
  }
}

TEST_CASE("draws are the same on every machine") {
  Random random(42);
  CHECK(random.Uniform() == Approx(0.81430514512290986).epsilon(1e-14));
  CHECK(random.Exponential() == Approx(1.14312533656).epsilon(1e-9));
  CHECK(random.Normal() == Approx(2.14177411133).epsilon(1e-9));
  CHECK(random.Gamma(2.5) == Approx(3.03988348852).epsilon(1e-9));
  CHECK(random.Gamma(0.5) == Approx(0.521455011748).epsilon(1e-9));
}

}  // namespace
}  // namespace muster::simulation
