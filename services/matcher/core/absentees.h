// Agents who are away from accepted work, and since when: after a while it is taken from them.
//
// Counted by the matcher's own clock, from when it saw that they were away, and anew after a
// takeover: what another machine's clock says of it does not count.
//
// Threading: not thread-safe; belongs to the pool's own thread.
//
//   Absentees absentees(absl::Minutes(2));
//   absentees.Away("ann", now);  absentees.Back("ann");
//   for (const std::string& id : absentees.TakeDue(now)) ...   // at absentees.NextDue()
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace muster::matcher {

class Absentees {
 public:
  // Zero: nobody is ever given up.
  explicit Absentees(absl::Duration patience) : patience_(patience) {}

  // Again: no effect. `now` does not go back.
  void Away(const std::string& agent_id, absl::Time now);
  void Back(const std::string& agent_id) { due_.erase(agent_id); }
  bool IsAway(const std::string& agent_id) const { return due_.contains(agent_id); }

  // When to look; nobody may be due then.
  absl::Time NextDue() const {
    return order_.empty() ? absl::InfiniteFuture() : order_.front().first;
  }
  // Those who have been away for too long; they are no longer waited for.
  std::vector<std::string> TakeDue(absl::Time now);

 private:
  const absl::Duration patience_;
  absl::flat_hash_map<std::string, absl::Time> due_;
  // In order of time. An entry counts if it says what `due_` says.
  std::deque<std::pair<absl::Time, std::string>> order_;
};

}  // namespace muster::matcher
