// Who stands in which lines, and what is counted of it.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {

bool Core::HasRoom(const AgentRecord& agent) const {
  const std::uint32_t most = pool_rules_.most_offers_per_agent;
  return agent.at_work && Free(agent) > 0 && (most == 0 || agent.offers < most);
}

void Core::Loosen(Index a) {
  Unstand(a);
  AgentRecord& agent = agents_[a];
  if (agent.loose || !HasRoom(agent)) return;
  agent.loose = true;
  loose_.push_back(a);
}

void Core::Stand(Index a) {
  AgentRecord& agent = agents_[a];
  agent.standing = true;
  agent.stood_free = Free(agent);
  agent.worth = WorthNow(agent);
  places_.clear();
  for (const LineFit& fit : agent.lines) {  // each a place in memory of its own: side by side
    places_.push_back(&PlaceFor(a, fit));
    places_.back()->idle.PrefetchEnd();
  }
  for (Group* place : places_) StandIn(a, place);
}

// Counts it there, too.
Group& Core::PlaceFor(Index a, const LineFit& fit) {
  const AgentRecord& agent = agents_[a];
  const bool short_of_units = heads_[fit.line].weight > agent.stood_free;
  if (!short_of_units) ++heads_[fit.line].eligible;
  return GroupFor(&lines_[fit.line], {.misfit = fit.misfit,
                                      .short_of_units = short_of_units,
                                      .worth = agent.worth,
                                      .loaded = LoadedPrice(agent)});
}

void Core::StandIn(Index a, Group* group) {
  if (group->idle.size() >= group->sweep_at) {
    group->idle.Sweep(Idles());
    group->sweep_at = 2 * group->idle.size() + 16;
  }
  group->idle.Push({.key = agents_[a].value, .record = a, .stamp = agent_stamps_[a]}, Idles());
}

void Core::Unstand(Index a) {
  AgentRecord& agent = agents_[a];
  if (!agent.standing) return;
  agent.standing = false;
  agent_stamps_.Bump(a);
  for (const LineFit& fit : agent.lines) {
    if (heads_[fit.line].weight <= agent.stood_free) --heads_[fit.line].eligible;
  }
}

// Groups that nobody stands in are used again before a new one is made.
Group& Core::GroupFor(LineRecord* line, const Group& like) {
  Group* unused = nullptr;
  for (Group& group : line->groups) {
    if (group.Is(like)) return group;
    if (group.idle.empty()) unused = &group;
  }
  if (unused == nullptr) {
    line->groups.push_back(like);
    return line->groups.back();
  }
  unused->misfit = like.misfit;
  unused->short_of_units = like.short_of_units;
  unused->worth = like.worth;
  unused->loaded = like.loaded;
  return *unused;
}

std::uint32_t Core::WorthNow(const AgentRecord& agent) const {
  std::uint32_t worth = 0;
  if (scarcity_bound_ == 0) return worth;
  for (const LineFit& fit : agent.lines) worth = std::max(worth, heads_[fit.line].worth);
  return worth;
}

Nanos Core::LoadedPrice(const AgentRecord& agent) const {
  const std::uint32_t taken = agent.busy + agent.reserved;
  if (taken == 0 || agent.capacity == 0) return 0;
  return loaded_price_ * std::min(taken, agent.capacity) / agent.capacity;
}

void Core::Load(Index a, std::int64_t busy, std::int64_t reserved) {
  AgentRecord& agent = agents_[a];
  const bool had_work = agent.busy > 0;
  const bool was_idle = agent.busy + agent.reserved == 0;
  agent.busy = static_cast<std::uint32_t>(agent.busy + busy);
  agent.reserved = static_cast<std::uint32_t>(agent.reserved + reserved);
  const bool has_work = agent.busy > 0;
  const bool is_idle = agent.busy + agent.reserved == 0;
  pool_.busy += static_cast<std::uint64_t>(has_work) - static_cast<std::uint64_t>(had_work);
  if (agent.at_work) {
    pool_.idle += static_cast<std::uint64_t>(is_idle) - static_cast<std::uint64_t>(was_idle);
  }
  if (agent.presence == Presence::kOnline || agent.presence == Presence::kDraining) {
    pool_.busy_units += static_cast<std::uint64_t>(busy);
    pool_.reserved_units += static_cast<std::uint64_t>(reserved);
  }
}

void Core::Count(const AgentRecord& agent, int sign) {
  const auto add = [sign](std::uint64_t* to, std::uint64_t n) {
    *to = sign > 0 ? *to + n : *to - n;
  };
  if (agent.busy > 0) add(&pool_.busy, 1);
  if (!agent.registered) return;
  add(&pool_.agents, 1);
  if (agent.presence == Presence::kOnline) add(&pool_.online, 1);
  if (agent.presence == Presence::kPaused) add(&pool_.paused, 1);
  if (agent.presence == Presence::kDraining) add(&pool_.draining, 1);
  if (agent.at_work && agent.busy + agent.reserved == 0) add(&pool_.idle, 1);
  if (agent.presence == Presence::kOnline || agent.presence == Presence::kDraining) {
    add(&pool_.busy_units, agent.busy);
    add(&pool_.reserved_units, agent.reserved);
    add(&pool_.capacity_units, agent.capacity);
  }
}

}  // namespace muster::engine
