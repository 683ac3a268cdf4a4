// Lines: made when the first ticket with their demands comes, and who fits them.
#include <algorithm>

#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {
namespace {

bool EarlierLine(const LineFit& fit, Index l) { return fit.line < l; }

// What is still needed of `levels` once a relax step has named `relaxed`.
Levels Relax(const Levels& levels, const Levels& relaxed) {
  Levels left;
  for (Level need : levels) {
    for (const Level& step : relaxed) {
      if (step.skill == need.skill) need.level = std::min(need.level, step.level);
    }
    if (need.level > 0) left.push_back(need);
  }
  return left;
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

Core::Fit Core::FitOf(Index a, Index l) const {
  const LineRecord& line = lines_[l];
  const AgentProfile& profile = profiles_[a];
  if (!agents_[a].registered) return Fit::kUnskilled;
  if (line.key.only_agent != kNone) {
    if (line.key.only_agent != a) return Fit::kUnskilled;
  } else {
    if (!Covers(profile.skills, line.needs)) return Fit::kUnskilled;
    if (line.speaks != kNone && !Contains(profile.languages, line.speaks)) return Fit::kMute;
  }
  return agents_[a].capacity < heads_[l].weight ? Fit::kSmall : Fit::kFits;
}

Misfit Core::MisfitOf(Index a, const LineRecord& line) const {
  if (line.key.only_agent != kNone) return {};
  const AgentProfile& profile = profiles_[a];
  Misfit misfit;
  misfit.language = line.key.language != kNone && !Contains(profile.languages, line.key.language);
  for (const Level& want : line.wants) {
    const int has = LevelOf(profile.skills, want.skill);
    if (has < want.level) misfit.levels += static_cast<std::uint16_t>(want.level - has);
  }
  return misfit;
}

const LineFit* Core::FitIn(Index a, Index l) const {
  const std::vector<LineFit>& lines = agents_[a].lines;
  const auto it = std::lower_bound(lines.begin(), lines.end(), l, EarlierLine);
  return it != lines.end() && it->line == l ? &*it : nullptr;
}

void Core::AddToLine(Index a, Index l) {
  const Fit fit = FitOf(a, l);
  LineRecord& line = lines_[l];
  if (fit == Fit::kUnskilled) return;
  ++line.skilled;
  if (fit == Fit::kMute) return;
  ++line.speaking;
  if (fit == Fit::kSmall) return;
  ++line.fitting;
  const AgentRecord& agent = agents_[a];
  if (agent.presence == Presence::kPaused || agent.presence == Presence::kDraining) {
    ++line.fitting_paused;
  } else if (!agent.at_work) {
    ++line.fitting_offline;
  }
  std::vector<LineFit>& lines = agents_[a].lines;
  lines.insert(std::lower_bound(lines.begin(), lines.end(), l, EarlierLine),
               {l, MisfitOf(a, line)});
}

void Core::RemoveFromLine(Index a, Index l) {
  const Fit fit = FitOf(a, l);
  LineRecord& line = lines_[l];
  if (fit == Fit::kUnskilled) return;
  --line.skilled;
  if (fit == Fit::kMute) return;
  --line.speaking;
  if (fit == Fit::kSmall) return;
  --line.fitting;
  const AgentRecord& agent = agents_[a];
  if (agent.presence == Presence::kPaused || agent.presence == Presence::kDraining) {
    --line.fitting_paused;
  } else if (!agent.at_work) {
    --line.fitting_offline;
  }
}

Index Core::LineFor(Index q, const LineKey& key) {
  QueueRecord& queue = queues_[q];
  if (const auto it = queue.lines.find(key); it != queue.lines.end()) return it->second;
  const Index l = lines_.Add();
  if (heads_.size() <= l) heads_.resize(l + 1);
  queue.lines.emplace(key, l);
  MakeLine(l, q, key);
  LineKey last = key;
  last.step = key.only_agent == kNone ? static_cast<int>(queue.relaxed.size()) : 0;
  const Index last_line = last.step == key.step ? l : LineFor(q, last);
  lines_[l].last = last_line;
  if (last_line != l) {
    ++lines_[last_line].leaning;
    NoteInUse(last_line);
  }
  if (key.only_agent == kNone) DropLineIfEmpty(l);
  return l;
}

void Core::MakeLine(Index l, Index q, const LineKey& key) {
  const QueueRecord& queue = queues_[q];
  LineRecord& line = lines_[l];
  line.queue = q;
  line.key = key;
  heads_[l] = {.half_target = queue.half_target, .boost = queue.boost, .weight = queue.weight};
  if (key.only_agent != kNone) {
    profiles_[key.only_agent].reserved_lines.push_back(l);
  } else {
    const Levels asked = Merge(queue.needs, key.extra);
    line.wants = Merge(asked, queue.preferred);
    line.needs = key.step > 0 ? Relax(asked, queue.relaxed[key.step - 1]) : asked;
    bool any_language = key.language == kNone;
    for (int s = 0; s < key.step; ++s) {
      any_language = any_language || queue.rules.relax_steps[s].any_language;
    }
    line.speaks = any_language ? kNone : key.language;
    for (const Level& need : line.needs) {  // filed under the rarest: the fewest agents to look at
      if (line.key_skill == kNone ||
          agents_by_skill_[need.skill].size() < agents_by_skill_[line.key_skill].size()) {
        line.key_skill = need.skill;
      }
    }
    (line.key_skill == kNone ? lines_without_skill_ : lines_by_skill_[line.key_skill]).insert(l);
  }
  ForEachCandidate(line, [&](Index a) {
    AddToLine(a, l);
    if (!agents_[a].standing) return;
    if (const LineFit* fit = FitIn(a, l)) StandIn(a, &PlaceFor(a, *fit));
  });
}

void Core::DropLine(Index l) {
  LineRecord& line = lines_[l];
  NoteInUse(l);
  ForEachCandidate(line, [&](Index a) {
    std::vector<LineFit>& lines = agents_[a].lines;
    const auto it = std::lower_bound(lines.begin(), lines.end(), l, EarlierLine);
    if (it != lines.end() && it->line == l) lines.erase(it);
  });
  if (line.key.only_agent != kNone) {
    std::vector<Index>& reserved = profiles_[line.key.only_agent].reserved_lines;
    reserved.erase(std::find(reserved.begin(), reserved.end(), l));
  } else {
    (line.key_skill == kNone ? lines_without_skill_ : lines_by_skill_[line.key_skill]).erase(l);
  }
  QueueRecord& queue = queues_[line.queue];
  if (queue.plain_line == l) queue.plain_line = kNone;
  queue.lines.erase(line.key);
  const Index last = line.last;
  heads_[l] = LineHead();
  lines_.Free(l);
  if (last == l) return;
  --lines_[last].leaning;
  DropLineIfEmpty(last);
}

// Kept for the next ticket with the same demands, up to a limit.
void Core::DropLineIfEmpty(Index l) {
  LineRecord& line = lines_[l];
  if (line.emptied != 0 || line.leaning > 0 || !line.waiting.empty() || !line.more.empty()) return;
  if (line.key.only_agent != kNone) return DropLine(l);
  line.emptied = next_emptied_++;
  empty_lines_.insert({line.emptied, l});
}

void Core::NoteInUse(Index l) {
  if (lines_[l].emptied == 0) return;
  empty_lines_.erase({lines_[l].emptied, l});
  lines_[l].emptied = 0;
}

void Core::HeadChanged(Index l) {
  const LineRecord& line = lines_[l];
  LineHead& head = heads_[l];
  const bool offers = !queues_[line.queue].paused;
  head.first = kNone;
  head.rank = kNever;
  if (offers && !line.waiting.empty()) {
    const Entry& first = line.waiting.Front(Waits());
    head.first = first.record;
    head.rank = first.key;
    head.priced = priced_[first.record] != 0;
  }
  head.more = offers && !line.more.empty() ? line.more.Front(Waits()).record : kNone;
}

LineKey Core::KeyOf(const TicketRecord& ticket) const {
  if (ticket.only_agent != kNone) return {.only_agent = ticket.only_agent};
  return {.extra = ticket.extra, .language = ticket.language, .step = ticket.step};
}

void Core::DropSpareLines() {
  while (empty_lines_.size() > limits::kMaxEmptyLines) DropLine(empty_lines_.begin()->second);
}

bool Core::FitsTicket(Index a, const TicketRecord& ticket) {
  if (ticket.only_agent != kNone) return ticket.only_agent == a;
  const Fit fit = FitOf(a, LineFor(ticket.queue, KeyOf(ticket)));
  return fit == Fit::kFits || fit == Fit::kSmall;
}

}  // namespace muster::engine
