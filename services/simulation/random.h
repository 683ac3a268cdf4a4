// Random numbers that are the same with every compiler and library, in streams that do not disturb
// one another.
//
// A stream is named by what it is for (seed, replication, purpose, type of ticket, number of the
// customer), not by the order of events: a customer brings the same patience and the same work into
// every scenario, whatever happened before. That is what makes scenarios comparable on common
// random numbers.
//
// - Generator: xoshiro256++ (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number
//   generators", ACM TOMS 47(4), 2021), its state filled by SplitMix64 (G. Steele, D. Lea,
//   C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
// - Uniform numbers are odd multiples of 2^-54: never 0, never 1. Exponential by inversion.
// - Normal by inversion with algorithm AS 241, PPND16 (M. Wichura, Applied Statistics 37, 1988).
// - Gamma by the rejection of G. Marsaglia and W. Tsang, "A simple method for generating gamma
//   variables", ACM TOMS 26(3), 2000; a shape below 1 by their boost, x(a + 1) * u^(1/a).
//
// Plain values; not thread-safe.
//
//   const StreamFamily patience(/*seed=*/7, /*replication=*/0, Purpose::kPatience, /*type=*/2);
//   Random random = patience.Of(/*number=*/41);
//   const double seconds = 120 * random.Exponential();
#pragma once

#include <array>
#include <cstdint>

namespace muster::simulation {

class Random {
 public:
  // Every seed is good, and alike seeds lead to unlike streams.
  explicit Random(std::uint64_t seed);
  // With this state, which must not be all zero.
  explicit Random(const std::array<std::uint64_t, 4>& state) : state_(state) {}

  std::uint64_t Next();
  double Uniform();            // within (0, 1)
  double Exponential();        // of mean 1
  double Normal();             // of mean 0 and deviation 1
  double Gamma(double shape);  // of scale 1; shape > 0

 private:
  std::array<std::uint64_t, 4> state_;
};

// SplitMix64: moves the state on and returns the next number.
std::uint64_t SplitMix(std::uint64_t* state);

// The x that a standard normal variable stays under with probability p, within (0, 1).
double NormalQuantile(double p);

enum class Purpose : std::uint64_t { kArrival = 1, kHandle, kPatience, kAfterWork, kAnswer, kDay };

// The streams of one purpose: one for each number.
class StreamFamily {
 public:
  StreamFamily(std::uint64_t seed, std::uint64_t replication, Purpose purpose, std::uint64_t type);

  Random Of(std::uint64_t number) const;

 private:
  std::uint64_t base_;
};

}  // namespace muster::simulation
