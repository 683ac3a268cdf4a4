// Lines: made when the first ticket with their demands comes, and who stands in them.
#include <algorithm>

#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {
namespace {

void InsertSorted(std::vector<Index>* v, Index x) {
  v->insert(std::lower_bound(v->begin(), v->end(), x), x);
}

void EraseSorted(std::vector<Index>* v, Index x) {
  const auto it = std::lower_bound(v->begin(), v->end(), x);
  if (it != v->end() && *it == x) v->erase(it);
}

}  // namespace

template <typename Fn>
void Core::ForEachCandidate(const LineRecord& line, Fn fn) const {
  if (line.key.only_agent != kNone) {
    fn(line.key.only_agent);
  } else if (line.key_skill != kNone) {
    for (const Index a : agents_by_skill_[line.key_skill]) fn(a);
  } else {
    agents_.ForEach(fn);
  }
}

bool Core::Fits(const AgentRecord& agent, Index a, const LineRecord& line) const {
  if (!agent.registered || agent.spec.capacity < line.weight) return false;
  if (line.key.only_agent != kNone) return line.key.only_agent == a;
  if (line.key.language != kNone &&
      !std::binary_search(agent.languages.begin(), agent.languages.end(), line.key.language)) {
    return false;
  }
  return Covers(agent.skills, line.needs);
}

Index Core::LineFor(Index q, const LineKey& key) {
  QueueRecord& queue = queues_[q];
  if (const auto it = queue.lines.find(key); it != queue.lines.end()) return it->second;
  const Index l = lines_.Add();
  queue.lines.emplace(key, l);
  LineRecord& line = lines_[l];
  line.queue = q;
  line.key = key;
  line.weight = queue.rules.weight;
  if (key.only_agent != kNone) {
    agents_[key.only_agent].reserved_lines.push_back(l);
  } else {
    line.needs = Merge(queue.needs, key.extra);
    for (const Level& need : line.needs) {  // filed under the rarest: the fewest agents to look at
      if (line.key_skill == kNone ||
          agents_by_skill_[need.skill].size() < agents_by_skill_[line.key_skill].size()) {
        line.key_skill = need.skill;
      }
    }
    (line.key_skill == kNone ? lines_without_skill_ : lines_by_skill_[line.key_skill]).insert(l);
  }
  ForEachCandidate(line, [&](Index a) {
    AgentRecord& agent = agents_[a];
    if (!Fits(agent, a, line)) return;
    ++line.fitting;
    InsertSorted(&agent.lines, l);
    if (agent.standing && line.weight <= agent.stood_free) line.idle.insert(agent.stood_key);
  });
  return l;
}

void Core::DropLine(Index l) {
  LineRecord& line = lines_[l];
  NoteInUse(l);
  ForEachCandidate(line, [&](Index a) { EraseSorted(&agents_[a].lines, l); });
  if (line.key.only_agent != kNone) {
    std::vector<Index>& reserved = agents_[line.key.only_agent].reserved_lines;
    reserved.erase(std::find(reserved.begin(), reserved.end(), l));
  } else {
    (line.key_skill == kNone ? lines_without_skill_ : lines_by_skill_[line.key_skill]).erase(l);
  }
  queues_[line.queue].lines.erase(line.key);
  lines_.Free(l);
}

void Core::NoteEmpty(Index l) {
  if (lines_[l].key.only_agent != kNone) return DropLine(l);
  lines_[l].emptied = next_emptied_++;
  empty_lines_.insert({lines_[l].emptied, l});
  if (empty_lines_.size() > limits::kMaxEmptyLines) DropLine(empty_lines_.begin()->second);
}

void Core::NoteInUse(Index l) {
  if (lines_[l].emptied == 0) return;
  empty_lines_.erase({lines_[l].emptied, l});
  lines_[l].emptied = 0;
}

bool Core::FitsTicket(Index a, const TicketRecord& ticket) const {
  if (ticket.only_agent != kNone) return ticket.only_agent == a;
  const AgentRecord& agent = agents_[a];
  const auto level_of = [&](const std::string& skill) {
    const Index w = Find(words_, skill);
    const auto it = std::find_if(agent.skills.begin(), agent.skills.end(),
                                 [w](const Level& has) { return has.skill == w; });
    return it == agent.skills.end() ? 0 : it->level;
  };
  for (const SkillLevel& need : ticket.spec.extra_skills) {
    if (level_of(need.skill) < need.level) return false;
  }
  const std::string& language = ticket.spec.language;
  return (language.empty() || std::binary_search(agent.languages.begin(), agent.languages.end(),
                                                 Find(words_, language))) &&
         Covers(agent.skills, queues_[ticket.queue].needs);
}

void Core::Refit(Index a) {
  AgentRecord& agent = agents_[a];
  for (const Index l : agent.lines) --lines_[l].fitting;
  agent.lines.clear();
  const auto consider = [&](Index l) {
    if (!Fits(agent, a, lines_[l])) return;
    ++lines_[l].fitting;
    agent.lines.push_back(l);
  };
  for (const Index l : lines_without_skill_) consider(l);
  for (const Level& has : agent.skills) {
    for (const Index l : lines_by_skill_[has.skill]) consider(l);
  }
  for (const Index l : agent.reserved_lines) consider(l);
  std::sort(agent.lines.begin(), agent.lines.end());
}

void Core::Withdraw(Index a) {
  AgentRecord& agent = agents_[a];
  Count(agent, -1);
  if (!agent.standing) return;
  agent.standing = false;
  for (const Index l : agent.lines) {
    if (lines_[l].weight <= agent.stood_free) lines_[l].idle.erase(agent.stood_key);
  }
}

void Core::Present(Index a) {
  AgentRecord& agent = agents_[a];
  Count(agent, +1);
  if (!Available(agent) || Free(agent) == 0) return;
  agent.standing = true;
  agent.stood_free = Free(agent);
  agent.stood_key = {.working = agent.busy + agent.reserved > 0,
                     .idle_since = agent.idle_since,
                     .id = &agent.spec.agent_id,
                     .agent = a};
  for (const Index l : agent.lines) {
    if (lines_[l].weight <= agent.stood_free) lines_[l].idle.insert(agent.stood_key);
  }
}

void Core::Count(const AgentRecord& agent, int sign) {
  const auto add = [sign](std::uint64_t* to, std::uint64_t n) {
    *to = sign > 0 ? *to + n : *to - n;
  };
  if (agent.busy > 0) add(&pool_.busy, 1);
  if (!agent.registered) return;
  add(&pool_.agents, 1);
  const Presence presence = agent.spec.presence;
  if (presence == Presence::kOnline) add(&pool_.online, 1);
  if (presence == Presence::kPaused) add(&pool_.paused, 1);
  if (presence == Presence::kDraining) add(&pool_.draining, 1);
  if (Available(agent) && agent.busy + agent.reserved == 0) add(&pool_.idle, 1);
  if (presence == Presence::kOnline || presence == Presence::kDraining) {
    add(&pool_.busy_units, agent.busy);
    add(&pool_.reserved_units, agent.reserved);
    add(&pool_.capacity_units, agent.spec.capacity);
  }
}

}  // namespace muster::engine
