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

bool IsFinite(absl::Duration d) {
  return d < absl::InfiniteDuration() && d > -absl::InfiniteDuration();
}

}  // namespace

bool WithinLimits(const QueueChanged& event) {
  const QueueRules& r = event.rules;
  constexpr absl::Duration kZero = absl::ZeroDuration();
  return IsId(event.queue_id) && AreSkills(r.required_skills, limits::kMaxSkillsPerDemand) &&
         r.weight >= 1 && r.weight <= limits::kMaxWeight && r.priority_ahead >= kZero &&
         IsFinite(r.priority_ahead) && r.offer_timeout > kZero && r.acknowledge_timeout >= kZero &&
         r.time_to_live >= kZero && r.after_work_time >= kZero && r.decline_price >= kZero &&
         r.expiry_price >= kZero;
}

bool WithinLimits(const TicketSpec& spec) {
  return IsId(spec.ticket_id) && IsId(spec.queue_id) &&
         AreSkills(spec.extra_skills, limits::kMaxSkillsPerDemand) &&
         spec.language.size() <= limits::kMaxIdBytes &&
         spec.preferred_agent_id.size() <= limits::kMaxIdBytes && IsFinite(spec.priority_ahead) &&
         spec.priority_ahead >= absl::ZeroDuration() && spec.create_time > absl::InfinitePast() &&
         spec.create_time < absl::InfiniteFuture();
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

}  // namespace muster::engine
