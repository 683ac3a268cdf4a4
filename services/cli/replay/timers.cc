#include "services/cli/replay/timers.h"

#include <algorithm>
#include <utility>

namespace muster::replay {

void Timers::At(absl::Duration when, Task task) {
  entries_.push({when, order_++, std::move(task)});
}

void Timers::Advance(absl::Duration now) {
  now_ = std::max(now_, now);
  while (NextDue() <= now_) {
    const Task task = entries_.top().task;
    entries_.pop();
    task();
  }
}

absl::Duration Timers::NextDue() const {
  return entries_.empty() ? absl::InfiniteDuration() : entries_.top().when;
}

}  // namespace muster::replay
