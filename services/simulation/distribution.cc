#include "services/simulation/distribution.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace muster::simulation {

Distribution Distribution::Constant(double value) { return {Kind::kConstant, value, value, 0}; }

Distribution Distribution::Exponential(double mean) { return {Kind::kExponential, mean, mean, 0}; }

Distribution Distribution::Lognormal(double mean, double cv) {
  const double variance = std::log1p(cv * cv);  // of the logarithm
  return {Kind::kLognormal, mean, std::log(mean) - variance / 2, std::sqrt(variance)};
}

Distribution Distribution::Gamma(double mean, double cv) {
  const double shape = 1 / (cv * cv);
  return {Kind::kGamma, mean, shape, mean / shape};
}

Distribution Distribution::Empirical(std::vector<double> values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  Distribution made(Kind::kEmpirical, sum / static_cast<double>(values.size()), 0, 0);
  // Sorted, so that a draw is an inversion: the same luck is long in every scenario.
  std::sort(values.begin(), values.end());
  made.values_ = std::make_shared<const std::vector<double>>(std::move(values));
  return made;
}

double Distribution::Draw(Random& random) const {
  switch (kind_) {
    case Kind::kConstant:
      return a_;
    case Kind::kExponential:
      return a_ * random.Exponential();
    case Kind::kLognormal:
      return std::exp(a_ + b_ * random.Normal());
    case Kind::kGamma:
      return b_ * random.Gamma(a_);
    case Kind::kEmpirical: {
      const auto count = static_cast<double>(values_->size());
      const auto place = static_cast<std::size_t>(random.Uniform() * count);
      return (*values_)[std::min(place, values_->size() - 1)];
    }
  }
  return 0;
}

}  // namespace muster::simulation
