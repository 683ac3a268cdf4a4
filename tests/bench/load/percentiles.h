// Times that were measured, and what share of them was how long.
//
//   Percentiles waits;  waits.Add(took);  waits.At(0.99);
//
// Threading: one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace muster::bench {

class Percentiles {
 public:
  void Add(absl::Duration took) {
    values_.push_back(took);
    sorted_ = false;
  }
  size_t count() const { return values_.size(); }
  // Zero when nothing was measured.
  absl::Duration At(double share) {
    if (values_.empty()) return absl::ZeroDuration();
    if (!sorted_) std::sort(values_.begin(), values_.end());
    sorted_ = true;
    const auto rank = static_cast<size_t>(share * static_cast<double>(values_.size()));
    return values_[std::min(rank, values_.size() - 1)];
  }

 private:
  std::vector<absl::Duration> values_;
  bool sorted_ = false;
};

// Of an even number of values, the upper of the two in the middle. There has to be one.
inline double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace muster::bench
