#include "services/simulation/statistics.h"

#include <cmath>

#include "tests/support/catch.h"

namespace muster::simulation {
namespace {

TEST_CASE("Student's quantiles are those of the tables") {
  const struct {
    double p, degrees, t;
  } cases[] = {{0.975, 1, 12.7062},  {0.975, 2, 4.30265},    {0.975, 9, 2.26216},
               {0.975, 19, 2.09302}, {0.975, 1000, 1.96234}, {0.95, 4, 2.13185},
               {0.995, 9, 3.24984},  {0.025, 9, -2.26216}};
  for (const auto& c : cases) {
    INFO("p " << c.p << ", degrees " << c.degrees);
    CHECK(StudentQuantile(c.p, c.degrees) == Approx(c.t).epsilon(1e-5));
  }
}

TEST_CASE("an interval has the mean and the width of its values") {
  // Deviation 1.5811, over the root of 5, times t = 2.77645.
  const Interval interval = IntervalOf({1, 2, 3, 4, 5});
  CHECK(interval.mean == Approx(3));
  CHECK(interval.half_width == Approx(1.96324).epsilon(1e-5));
  CHECK(interval.Low() == Approx(1.03676).epsilon(1e-5));
  CHECK(interval.count == 5);
}

TEST_CASE("what is not there does not count") {
  CHECK_FALSE(IntervalOf({}).Known());
  CHECK(std::isnan(IntervalOf({NAN, NAN}).mean));
  CHECK(IntervalOf({NAN, 4, 6}).mean == 5);
  const Interval one = IntervalOf({4});
  CHECK(one.Known());
  CHECK_FALSE(one.HasWidth());
}

TEST_CASE("paired differences leave out what both have in common") {
  const Interval difference = PairedInterval({10, 200, 3000}, {11, 201, 3001});
  CHECK(difference.mean == 1);
  CHECK(difference.half_width == 0);
}

}  // namespace
}  // namespace muster::simulation
