// Skills and units as the engine takes them. For convert*.cc alone.
//
// Threading: pure functions.
//
//   rules.required_skills = ToSkillLevels(queue.required_skills());
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "services/matcher/engine/types.h"

namespace muster::matcher {

// Level 0 counts as `least`: of a demand as 1, of a relaxing step as what it says.
template <class Skills>
std::vector<engine::SkillLevel> ToSkillLevels(const Skills& skills, int least = 1) {
  std::vector<engine::SkillLevel> levels;
  levels.reserve(static_cast<size_t>(skills.size()));
  for (const auto& skill : skills) {
    levels.push_back({skill.skill(), std::max(static_cast<int>(skill.level()), least)});
  }
  return levels;
}

inline uint32_t AtLeastOne(int32_t units) { return static_cast<uint32_t>(std::max(units, 1)); }

}  // namespace muster::matcher
