// Decisions on their way to the records: they ride along with other commits, and go on their own
// only when there has been none for a while. Who is behind forgets the oldest, never waits.
//
// Threading: not thread-safe; belongs to the pool's own thread.
//
//   DecisionLog log({});
//   dropped += log.Add(record, now);
//   mutation.decisions = log.Take();            // with whatever is committed next
//   if (log.due() <= now) Commit(RecordDecisions{hold, log.Take()});
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/matcher/domain/decision_record.h"

namespace muster::matcher {

struct DecisionLogOptions {
  size_t most_held = 10'000;
  size_t most_taken = 500;  // with one commit
  // How long a decision waits for another commit to ride along with.
  absl::Duration delay = absl::Seconds(1);
};

class DecisionLog {
 public:
  explicit DecisionLog(DecisionLogOptions options) : options_(options) {}

  // How many were forgotten for it.
  size_t Add(DecisionRecord record, absl::Time now) {
    if (held_.empty()) due_ = now + options_.delay;
    held_.push_back(std::move(record));
    if (held_.size() <= options_.most_held) return 0;
    held_.pop_front();
    return 1;
  }

  std::vector<DecisionRecord> Take() {
    const auto end =
        held_.begin() + static_cast<std::ptrdiff_t>(std::min(held_.size(), options_.most_taken));
    std::vector<DecisionRecord> taken(std::make_move_iterator(held_.begin()),
                                      std::make_move_iterator(end));
    held_.erase(held_.begin(), end);
    if (held_.empty()) due_ = absl::InfiniteFuture();
    return taken;
  }

  // When what is held has waited long enough.
  absl::Time due() const { return due_; }
  void Delay(absl::Time now) {
    if (!held_.empty()) due_ = now + options_.delay;
  }
  size_t held() const { return held_.size(); }

 private:
  const DecisionLogOptions options_;
  std::deque<DecisionRecord> held_;
  absl::Time due_ = absl::InfiniteFuture();
};

}  // namespace muster::matcher
