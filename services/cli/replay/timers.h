// Things to do later, in order of their time, without a clock of its own: whoever drives it says
// what time it is. Times are durations since the driver began.
//
// Threading: one thread.
//
//   timers.After(absl::Milliseconds(10), [&] { customer.Leave(); });
//   timers.Advance(now);                 // runs what is due
//   wait_until(timers.NextDue());
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "absl/time/time.h"

namespace muster::replay {

class Timers {
 public:
  using Task = std::function<void()>;

  // As of the last Advance.
  absl::Duration Now() const { return now_; }
  // A task whose time has passed runs at the next Advance. Tasks of one time run in the order in
  // which they were given.
  void At(absl::Duration when, Task task);
  void After(absl::Duration delay, Task task) { At(now_ + delay, std::move(task)); }
  // Time never goes back; tasks may add tasks.
  void Advance(absl::Duration now);
  // InfiniteDuration when there is nothing to do.
  absl::Duration NextDue() const;

 private:
  struct Entry {
    absl::Duration when;
    int64_t order;
    Task task;
    bool operator>(const Entry& o) const {
      return when != o.when ? when > o.when : order > o.order;
    }
  };
  absl::Duration now_ = absl::ZeroDuration();
  int64_t order_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace muster::replay
