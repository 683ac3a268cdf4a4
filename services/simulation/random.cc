#include "services/simulation/random.h"

#include <cmath>

namespace muster::simulation {
namespace {

std::uint64_t Rotate(std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

// Folds a word into a hash, by way of SplitMix64's bit mixer.
std::uint64_t Fold(std::uint64_t hash, std::uint64_t word) {
  std::uint64_t state = hash ^ Rotate(word, 32);
  const std::uint64_t first = SplitMix(&state);
  state = first + word;
  return SplitMix(&state);
}

// c[0] + c[1] x + ... + c[7] x^7
double Polynomial(const double (&c)[8], double x) {
  double value = 0;
  for (int i = 7; i >= 0; --i) value = value * x + c[i];
  return value;
}

// The coefficients of AS 241, PPND16: numerator and denominator for the middle, for the tails, and
// for the far tails.
constexpr double kMiddle[2][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3},
    {1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3}};
constexpr double kTail[2][8] = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
constexpr double kFarTail[2][8] = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

}  // namespace

std::uint64_t SplitMix(std::uint64_t* state) {
  std::uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double NormalQuantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * Polynomial(kMiddle[0], r) / Polynomial(kMiddle[1], r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double x = r <= 5 ? Polynomial(kTail[0], r - 1.6) / Polynomial(kTail[1], r - 1.6)
                          : Polynomial(kFarTail[0], r - 5) / Polynomial(kFarTail[1], r - 5);
  return q < 0 ? -x : x;
}

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = SplitMix(&seed);
}

std::uint64_t Random::Next() {
  const std::uint64_t next = Rotate(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = Rotate(state_[3], 45);
  return next;
}

double Random::Uniform() { return std::ldexp(static_cast<double>(Next() >> 11) + 0.5, -53); }

double Random::Exponential() { return -std::log(Uniform()); }

double Random::Normal() { return NormalQuantile(Uniform()); }

double Random::Gamma(double shape) {
  if (shape < 1) {
    const double boosted = Gamma(shape + 1);
    return boosted * std::pow(Uniform(), 1 / shape);
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {  // at least 95 of 100 draws are taken
    const double x = Normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = Uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

StreamFamily::StreamFamily(std::uint64_t seed, std::uint64_t replication, Purpose purpose,
                           std::uint64_t type)
    : base_(Fold(Fold(Fold(Fold(0, seed), replication), static_cast<std::uint64_t>(purpose)),
                 type)) {}

Random StreamFamily::Of(std::uint64_t number) const { return Random(Fold(base_, number)); }

}  // namespace muster::simulation
