// Means over independent replications, and how far they can be trusted.
//
// Pure.
//
//   const Interval wait = IntervalOf({10.1, 9.8, 10.4});   // 10.1 ± 0.7 at 95 %
#pragma once

#include <cstddef>
#include <vector>

namespace muster::simulation {

// The t that a Student variable of so many degrees of freedom (at least 1) stays under with
// probability p, within (0, 1).
double StudentQuantile(double p, double degrees);

// I_x(a, b), the regularized incomplete beta function, by its continued fraction (Abramowitz and
// Stegun 26.5.8) in the modified Lentz form.
double IncompleteBeta(double a, double b, double x);

// A mean over values that are independent of one another, with half the width of its 95 % interval
// (Student's t).
struct Interval {
  double mean = 0;
  double half_width = 0;
  std::size_t count = 0;  // of the values; below 2 nothing is known of the spread

  bool Known() const { return count > 0; }
  bool HasWidth() const { return count > 1; }
  double Low() const { return mean - half_width; }
  double High() const { return mean + half_width; }
};

// NaN is a value that is not there, and is left out.
Interval IntervalOf(const std::vector<double>& values);

// Of b[i] - a[i]: what differs when everything else was equal.
Interval PairedInterval(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace muster::simulation
