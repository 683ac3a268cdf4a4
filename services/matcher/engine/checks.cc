#include "services/matcher/engine/checks.h"

#include <algorithm>

#include "services/matcher/engine/limits.h"

namespace muster::engine {
namespace {

bool IsId(const std::string& id) { return !id.empty() && id.size() <= limits::kMaxIdBytes; }

bool AreSkills(const std::vector<SkillLevel>& skills, std::size_t most) {
  return skills.size() <= most &&
         std::all_of(skills.begin(), skills.end(), [](const SkillLevel& s) {
           return IsId(s.skill) && s.level >= limits::kMinSkillLevel &&
                  s.level <= limits::kMaxSkillLevel;
         });
}

bool IsPrice(absl::Duration d) { return d >= absl::ZeroDuration() && d <= limits::kMaxPrice; }

bool IsAhead(absl::Duration d) { return d >= absl::ZeroDuration() && d <= limits::kMaxAhead; }

bool AreSteps(const std::vector<RelaxStep>& steps) {
  absl::Duration before;
  for (const RelaxStep& step : steps) {
    if (step.after < before || step.skills.size() > limits::kMaxSkillsPerDemand) return false;
    before = step.after;
    for (const SkillLevel& s : step.skills) {
      if (!IsId(s.skill) || s.level < 0 || s.level > limits::kMaxSkillLevel) return false;
    }
  }
  return steps.size() <= limits::kMaxRelaxSteps;
}

}  // namespace

bool WithinLimits(const QueueChanged& event) {
  const QueueRules& r = event.rules;
  constexpr absl::Duration kZero = absl::ZeroDuration();
  return IsId(event.queue_id) && AreSkills(r.required_skills, limits::kMaxSkillsPerDemand) &&
         r.weight >= 1 && r.weight <= limits::kMaxWeight && IsAhead(r.priority_ahead) &&
         r.offer_timeout > kZero && r.acknowledge_timeout >= kZero && r.time_to_live >= kZero &&
         r.after_work_time >= kZero && r.decline_price >= kZero && r.expiry_price >= kZero &&
         AreSkills(r.preferred_skills, limits::kMaxSkillsPerDemand) && AreSteps(r.relax_steps) &&
         r.target_wait >= kZero && IsPrice(r.target_boost) && IsPrice(r.missing_level_price) &&
         IsPrice(r.missing_language_price) && IsPrice(r.known_agent_bonus) &&
         r.capacity_claim_after >= kZero && r.offers_at_once >= 1 &&
         r.offers_at_once <= limits::kMaxOffersAtOnce;
}

bool WithinLimits(const PoolRules& r) {
  return r.fair_window >= absl::ZeroDuration() && r.fair_window <= limits::kMaxFairWindow &&
         IsPrice(r.idle_bound) && IsPrice(r.loaded_price) && IsPrice(r.scarcity_bound);
}

bool WithinLimits(const TicketSpec& spec) {
  return IsId(spec.ticket_id) && IsId(spec.queue_id) &&
         AreSkills(spec.extra_skills, limits::kMaxSkillsPerDemand) &&
         spec.language.size() <= limits::kMaxIdBytes &&
         spec.preferred_agent_id.size() <= limits::kMaxIdBytes && IsAhead(spec.priority_ahead) &&
         spec.create_time >= limits::kMinTime && spec.create_time <= limits::kMaxTime;
}

bool WithinLimits(const AgentSpec& spec) {
  return IsId(spec.agent_id) && AreSkills(spec.skills, limits::kMaxSkillsPerAgent) &&
         spec.languages.size() <= limits::kMaxLanguagesPerAgent &&
         std::all_of(spec.languages.begin(), spec.languages.end(), IsId) &&
         spec.capacity <= limits::kMaxCapacity;
}

void SortLevels(Levels* levels) {
  std::sort(levels->begin(), levels->end(), [](const Level& a, const Level& b) {
    return a.skill != b.skill ? a.skill < b.skill : a.level > b.level;
  });
  const auto same_skill = [](const Level& a, const Level& b) { return a.skill == b.skill; };
  levels->erase(std::unique(levels->begin(), levels->end(), same_skill), levels->end());
}

Levels Merge(const Levels& a, const Levels& b) {
  if (b.empty()) return a;
  Levels both = a;
  both.insert(both.end(), b.begin(), b.end());
  SortLevels(&both);
  return both;
}

bool Covers(const Levels& has, const Levels& needs) {
  auto h = has.begin();
  for (const Level& need : needs) {
    while (h != has.end() && h->skill < need.skill) ++h;
    if (h == has.end() || h->skill != need.skill || h->level < need.level) return false;
  }
  return true;
}

int LevelOf(const Levels& has, Index skill) {
  const auto it = std::lower_bound(has.begin(), has.end(), skill,
                                   [](const Level& l, Index s) { return l.skill < s; });
  return it != has.end() && it->skill == skill ? it->level : 0;
}

bool Contains(const std::vector<Index>& sorted, Index word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

}  // namespace muster::engine
