#include "services/matcher/core/absentees.h"

#include <utility>

namespace muster::matcher {

void Absentees::Away(const std::string& agent_id, absl::Time now) {
  if (patience_ == absl::ZeroDuration()) return;
  const auto [it, is_new] = due_.emplace(agent_id, now + patience_);
  if (is_new) order_.emplace_back(it->second, agent_id);
}

std::vector<std::string> Absentees::TakeDue(absl::Time now) {
  std::vector<std::string> gone;
  while (NextDue() <= now) {
    auto [due, agent_id] = std::move(order_.front());
    order_.pop_front();
    auto it = due_.find(agent_id);
    if (it == due_.end() || it->second != due) continue;  // it has been back since
    due_.erase(it);
    gone.push_back(std::move(agent_id));
  }
  return gone;
}

}  // namespace muster::matcher
