// A distribution of times (or of factors): how long work takes, how long a customer waits, how busy
// a day is. Values are never negative. Where a moment is named the others follow from it, so that
// two scenarios can differ in the spread alone.
//
// Plain values, safe to share between threads; each draw uses the caller's Random.
//
//   const Distribution handle = Distribution::Lognormal(/*mean=*/180, /*cv=*/0.8);
//   Random random(7);
//   const double seconds = handle.Draw(random);
#pragma once

#include <memory>
#include <vector>

#include "services/simulation/random.h"

namespace muster::simulation {

class Distribution {
 public:
  Distribution() = default;  // always 0
  static Distribution Constant(double value);
  static Distribution Exponential(double mean);
  // `cv`: the standard deviation as a part of the mean.
  static Distribution Lognormal(double mean, double cv);
  static Distribution Gamma(double mean, double cv);
  // Each of the values, which must not be none, is as likely as any other.
  static Distribution Empirical(std::vector<double> values);

  double Draw(Random& random) const;
  double Mean() const { return mean_; }
  bool IsZero() const { return kind_ == Kind::kConstant && a_ == 0; }

 private:
  enum class Kind { kConstant, kExponential, kLognormal, kGamma, kEmpirical };
  Distribution(Kind kind, double mean, double a, double b)
      : kind_(kind), mean_(mean), a_(a), b_(b) {}

  Kind kind_ = Kind::kConstant;
  double mean_ = 0;
  double a_ = 0;  // value; mean; mean of the logarithm; shape
  double b_ = 0;  // -; -; deviation of the logarithm; scale
  std::shared_ptr<const std::vector<double>> values_;
};

}  // namespace muster::simulation
