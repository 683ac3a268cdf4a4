// What has to be well for the matcher to be well, and what is not.
//
// A part that fails counts only after a tolerance, so that a restart of a neighbour does not make
// the matcher flap; one that has never been well counts at once.
//
// Threading: thread-safe.
//
//   HealthBoard board(absl::Seconds(2));
//   board.Set("delivery", false, "connection refused", now);
//   absl::Status status = board.Evaluate(now);     // UNAVAILABLE: "delivery: connection refused"
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace muster::matcher {

class HealthBoard {
 public:
  explicit HealthBoard(absl::Duration tolerance) : tolerance_(tolerance) {}

  // True if this changed whether the part is well.
  bool Set(const std::string& part, bool well, std::string_view reason, absl::Time now) {
    std::lock_guard lock(mutex_);
    auto [it, added] = parts_.try_emplace(part);
    Part& p = it->second;
    bool changed = added || p.well != well;
    if (!well) {
      if (p.well) p.bad_since = now;
      if (added) p.bad_since = absl::InfinitePast();
      p.reason = std::string(reason);
    }
    p.well = well;
    return changed;
  }

  void Remove(const std::string& part) {
    std::lock_guard lock(mutex_);
    parts_.erase(part);
  }

  absl::Status Evaluate(absl::Time now) const {
    std::lock_guard lock(mutex_);
    for (const auto& [name, part] : parts_) {
      if (part.well || now - part.bad_since < tolerance_) continue;
      return absl::UnavailableError(absl::StrCat(name, ": ", part.reason));
    }
    return absl::OkStatus();
  }

 private:
  struct Part {
    bool well = false;
    absl::Time bad_since;
    std::string reason;
  };
  const absl::Duration tolerance_;
  mutable std::mutex mutex_;  // std: TSan sees it
  std::map<std::string, Part> parts_;
};

}  // namespace muster::matcher
