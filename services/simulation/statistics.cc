#include "services/simulation/statistics.h"

#include <cmath>
#include <limits>

namespace muster::simulation {
namespace {

constexpr double kConfidence = 0.95;
constexpr int kMostTerms = 10'000;
constexpr double kTiny = 1e-300;
constexpr double kCloseEnough = 1e-15;
constexpr int kMostHalvings = 200;

double AwayFromZero(double x) { return std::abs(x) < kTiny ? kTiny : x; }

double BetaFraction(double a, double b, double x) {
  double c = 1;
  double d = 1 / AwayFromZero(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double term : {even, odd}) {
      d = 1 / AwayFromZero(1 + term * d);
      c = AwayFromZero(1 + term / c);
      value *= c * d;
    }
    if (std::abs(c * d - 1) < kCloseEnough) break;
  }
  return value;
}

// P(T <= t), t >= 0.
double StudentProbability(double t, double degrees) {
  return 1 - IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

}  // namespace

double IncompleteBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  // The fraction converges fast on this side only.
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

double StudentQuantile(double p, double degrees) {
  if (p < 0.5) return -StudentQuantile(1 - p, degrees);
  double low = 0;
  double high = 1;
  while (StudentProbability(high, degrees) < p) high *= 2;
  for (int i = 0; i < kMostHalvings && high - low > kCloseEnough * high; ++i) {
    const double middle = (low + high) / 2;
    (StudentProbability(middle, degrees) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

Interval IntervalOf(const std::vector<double>& values) {
  Interval interval;
  double squares = 0;  // of the distances from the mean, by Welford's update
  for (const double value : values) {
    if (std::isnan(value)) continue;
    ++interval.count;
    const double before = value - interval.mean;
    interval.mean += before / static_cast<double>(interval.count);
    squares += before * (value - interval.mean);
  }
  if (interval.count == 0) interval.mean = std::numeric_limits<double>::quiet_NaN();
  if (interval.count < 2) return interval;
  const auto count = static_cast<double>(interval.count);
  interval.half_width = StudentQuantile(1 - (1 - kConfidence) / 2, count - 1) *
                        std::sqrt(squares / (count - 1) / count);
  return interval;
}

Interval PairedInterval(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) differences.push_back(b[i] - a[i]);
  return IntervalOf(differences);
}

}  // namespace muster::simulation
