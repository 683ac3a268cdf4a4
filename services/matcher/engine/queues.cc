// Queues: their rules, and what a change of rules does to the tickets that stand in them.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"

namespace muster::engine {

Index Core::FindQueue(std::string_view id) const {
  return queue_ids_.Find(HashText(id), [&](Index q) { return queues_[q].id == id; });
}

Index Core::QueueFor(std::string_view id) {
  if (const Index known = FindQueue(id); known != kNone) return known;
  const Index q = queues_.Add();
  queues_[q].id.Assign(id);
  queue_ids_.Insert(HashText(id), q);
  queue_order_.insert(queues_[q].id);
  return q;
}

void Core::ForgetQueueIfUnused(Index q) {
  const QueueRecord& queue = queues_[q];
  if (queue.exists || queue.references > 0) return;
  queue_order_.erase(queue.id);
  queue_ids_.Erase(HashText(queue.id), q);
  queues_.Free(q);
}

void Core::On(const QueueChanged& event) {
  if (!WithinLimits(event)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded,
                  absl::StrCat("queue ", event.queue_id));
  }
  const Index q = QueueFor(event.queue_id);
  if (queues_[q].exists && queues_[q].rules == event.rules) return;
  const bool reopens = queues_[q].exists && queues_[q].rules.phase == Phase::kPaused &&
                       event.rules.phase != Phase::kPaused;
  TakeQueueApart(q);
  queues_[q].exists = true;
  SetRules(q, event.rules);
  PutQueueTogether(q);
  RevokeUnfitOffersOf(q);
  burst_ = burst_ || reopens;
}

void Core::SetRules(Index q, const QueueRules& rules) {
  QueueRecord& queue = queues_[q];
  queue.rules = rules;
  queue.paused = rules.phase == Phase::kPaused;
  queue.weight = rules.weight;
  queue.offers_at_once = rules.offers_at_once;
  queue.needs = Intern(rules.required_skills);
  queue.preferred = Intern(rules.preferred_skills);
  queue.relaxed.clear();
  for (const RelaxStep& step : rules.relax_steps) {
    Levels levels = queue.relaxed.empty() ? Levels() : queue.relaxed.back();
    for (const Level& later : Intern(step.skills)) {  // the later step's word counts
      const auto same = std::find_if(levels.begin(), levels.end(),
                                     [&](const Level& l) { return l.skill == later.skill; });
      if (same != levels.end()) {
        same->level = later.level;
      } else {
        levels.push_back(later);
      }
    }
    std::sort(levels.begin(), levels.end());
    queue.relaxed.push_back(std::move(levels));
  }
  queue.offer_timeout = rules.offer_timeout;
  queue.to_acknowledge = rules.acknowledge_timeout > absl::ZeroDuration()
                             ? rules.acknowledge_timeout
                             : rules.offer_timeout;
  queue.half_target = ToNanos(rules.target_wait) / 2;
  queue.boost = ToNanos(rules.target_boost);
  queue.ahead = ToNanos(rules.priority_ahead);
  queue.level_price = ToNanos(rules.missing_level_price);
  queue.language_price = ToNanos(rules.missing_language_price);
  queue.known_bonus = ToNanos(rules.known_agent_bonus);
  queue.claim_after = ToNanos(rules.capacity_claim_after);
  queue.time_to_live = ToNanos(rules.time_to_live);
}

void Core::On(const QueueRemoved& event) {
  const Index q = FindQueue(event.queue_id);
  if (q == kNone || !queues_[q].exists) return;
  TakeQueueApart(q);
  queues_[q].exists = false;
  std::vector<std::pair<OfferId, Index>> offers;
  tickets_.ForEach([&](Index t) {
    TicketRecord& ticket = tickets_[t];
    if (ticket.queue != q) return;
    if (ticket.state == TicketState::kWaiting || ticket.state == TicketState::kOffered) {
      ticket.only_agent = kNone;
    }
    for (std::uint8_t i = 0; i < ticket.offers; ++i) {
      offers.emplace_back(works_[ticket.offer[i]].id, ticket.offer[i]);
    }
  });
  std::sort(offers.begin(), offers.end());
  for (const auto& [id, w] : offers) RevokeToQueue(w, reason::kQueueRemoved);
  ForgetQueueIfUnused(q);
}

void Core::TakeQueueApart(Index q) {
  if (queues_[q].lines.empty()) return;
  tickets_.ForEach([&](Index t) {
    if (tickets_[t].queue != q) return;
    Unshare(t);
    if (tickets_[t].waits) Delist(t);
  });
  QueueRecord& queue = queues_[q];
  while (!queue.lines.empty()) {  // those that others lean on last
    const auto free = std::find_if(queue.lines.begin(), queue.lines.end(), [this](const auto& kl) {
      return lines_[kl.second].leaning == 0;
    });
    DropLine(free->second);
  }
}

void Core::PutQueueTogether(Index q) {
  if (queues_[q].waiting + queues_[q].offered == 0) return;
  tickets_.ForEach([&](Index t) {
    if (tickets_[t].queue != q) return;
    if (tickets_[t].state == TicketState::kWaiting) Enlist(t);
    if (tickets_[t].state != TicketState::kOffered) return;
    tickets_[t].step =
        std::min(tickets_[t].step, static_cast<std::uint8_t>(queues_[q].relaxed.size()));
    Share(t);
  });
}

void Core::RevokeUnfitOffersOf(Index q) {
  if (queues_[q].offered == 0) return;
  std::vector<std::pair<OfferId, Index>> unfit;
  for (const Index w : pending_) {
    const WorkRecord& work = works_[w];
    if (work.queue != q) continue;
    if (!FitsTicket(work.agent, tickets_[work.ticket])) unfit.emplace_back(work.id, w);
  }
  std::sort(unfit.begin(), unfit.end());
  for (const auto& [id, w] : unfit) RevokeToQueue(w, reason::kNoLongerEligible);
}

Index Core::InternWord(std::string_view word) {
  const std::uint32_t hash = HashText(word);
  const Index known = word_ids_.Find(hash, [&](Index w) { return words_[w] == word; });
  if (known != kNone) return known;
  const Index w = static_cast<Index>(words_.size());
  words_.emplace_back(word);
  word_ids_.Insert(hash, w);
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
