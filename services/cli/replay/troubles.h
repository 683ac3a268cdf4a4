// Answers that were neither success nor one of the refusals that races bring: kept to be told once
// the replay is over, the first few of them in full.
//
// Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"

namespace muster::replay {

// The services could not take it now; the same again may do.
inline bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

class Troubles {
 public:
  void Add(absl::string_view doing, const absl::Status& status) {
    if (++count_ <= kMaxKept) first_.push_back(absl::StrCat(doing, ": ", Describe(status)));
  }
  int64_t count() const { return count_; }
  const std::vector<std::string>& first() const { return first_; }

 private:
  static constexpr int64_t kMaxKept = 10;

  int64_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace muster::replay
