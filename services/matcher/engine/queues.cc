// Queues: their rules, and what a change of rules does to the tickets that stand in them.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

Index Core::QueueFor(std::string_view id) {
  if (const Index known = Find(queue_ids_, id); known != kNone) return known;
  const Index q = queues_.Add();
  queues_[q].id = std::string(id);
  queue_ids_.emplace(queues_[q].id, q);
  queue_order_.insert(queues_[q].id);
  return q;
}

void Core::ForgetQueueIfUnused(Index q) {
  const QueueRecord& queue = queues_[q];
  if (queue.exists || queue.references > 0) return;
  queue_order_.erase(queue.id);
  queue_ids_.erase(queue.id);
  queues_.Free(q);
}

void Core::On(const QueueChanged& event) {
  if (!WithinLimits(event)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded,
                  absl::StrCat("queue ", event.queue_id));
  }
  const Index q = QueueFor(event.queue_id);
  QueueRecord& queue = queues_[q];
  const QueueRules& rules = event.rules;
  const bool lines_change = !queue.exists || queue.rules.required_skills != rules.required_skills ||
                            queue.rules.weight != rules.weight ||
                            queue.rules.priority_ahead != rules.priority_ahead;
  const bool expiry_changes = queue.rules.time_to_live != rules.time_to_live;
  if (lines_change) TakeQueueApart(q);
  queue.exists = true;
  queue.rules = rules;
  queue.needs = Intern(rules.required_skills);
  if (lines_change) {
    PutQueueTogether(q);
    RevokeUnfitOffersOf(q);
  } else if (expiry_changes) {
    for (const auto& [create_time, t] : queue.unassigned) {
      if (tickets_[t].line == kNone) continue;
      DisarmExpiry(t);
      ArmExpiry(t);
    }
  }
}

void Core::On(const QueueRemoved& event) {
  const Index q = Find(queue_ids_, event.queue_id);
  if (q == kNone || !queues_[q].exists) return;
  TakeQueueApart(q);
  queues_[q].exists = false;
  std::vector<Index> offers;
  for (const auto& [create_time, t] : queues_[q].unassigned) {
    tickets_[t].only_agent = kNone;
    if (tickets_[t].state == TicketState::kOffered) offers.push_back(tickets_[t].offer);
  }
  for (const Index o : offers) RevokeToQueue(o, reason::kQueueRemoved);
  ForgetQueueIfUnused(q);
}

void Core::TakeQueueApart(Index q) {
  QueueRecord& queue = queues_[q];
  for (const auto& [create_time, t] : queue.unassigned) {
    if (tickets_[t].line != kNone) Delist(t);
  }
  while (!queue.lines.empty()) DropLine(queue.lines.begin()->second);
}

void Core::PutQueueTogether(Index q) {
  for (const auto& [create_time, t] : queues_[q].unassigned) {
    if (tickets_[t].state == TicketState::kWaiting) Enlist(t);
  }
}

void Core::RevokeUnfitOffersOf(Index q) {
  std::vector<Index> unfit;
  for (const auto& [create_time, t] : queues_[q].unassigned) {
    const TicketRecord& ticket = tickets_[t];
    if (ticket.state != TicketState::kOffered) continue;
    if (!FitsTicket(offers_[ticket.offer].agent, ticket)) unfit.push_back(ticket.offer);
  }
  for (const Index o : unfit) RevokeToQueue(o, reason::kNoLongerEligible);
}

Index Core::InternWord(std::string_view word) {
  if (const Index known = Find(words_, word); known != kNone) return known;
  const Index w = static_cast<Index>(words_.size());
  words_.emplace(std::string(word), w);
  agents_by_skill_.emplace_back();
  lines_by_skill_.emplace_back();
  return w;
}

Levels Core::Intern(const std::vector<SkillLevel>& skills) {
  Levels levels;
  levels.reserve(skills.size());
  for (const SkillLevel& s : skills) levels.push_back({InternWord(s.skill), s.level});
  SortLevels(&levels);
  return levels;
}

}  // namespace muster::engine
