// Whether what the engine is told is within limits.h, and small helpers over levels of skills.
// Pure functions. Internal to the engine.
//
//   if (!WithinLimits(event)) return Refuse(...);
#pragma once

#include "services/matcher/engine/event.h"
#include "services/matcher/engine/records.h"

namespace muster::engine {

bool WithinLimits(const QueueChanged& event);
bool WithinLimits(const PoolRules& rules);
bool WithinLimits(const TicketSpec& spec);
bool WithinLimits(const AgentSpec& spec);

// Sorts by skill; of a skill that is named twice the higher level stays.
void SortLevels(Levels* levels);

// Both demands at once: the higher level of each skill.
Levels Merge(const Levels& a, const Levels& b);

// Whether `has` covers each of `needs` at its level or above. Both sorted.
bool Covers(const Levels& has, const Levels& needs);

// The level of that skill, or 0. Sorted.
int LevelOf(const Levels& has, Index skill);

// Sorted.
bool Contains(const std::vector<Index>& sorted, Index word);

}  // namespace muster::engine
