#include "services/cli/replay/ideal.h"

#include <cstdint>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/cli/replay/schedule.h"

namespace muster::replay {
namespace {

struct Agent {
  const std::set<std::string>* skills = nullptr;
  bool on_duty = false;
  bool at_work = false;
  double idle_since_s = 0;

  bool Free() const { return on_duty && !at_work; }
};

// An event to come; `order` keeps those of one instant and kind in the order they were made.
struct Event {
  double at_s;
  MomentKind kind;
  int64_t order;
  size_t index;       // ticket or spell
  std::string agent;  // whose work ends

  bool operator>(const Event& other) const {
    return std::tie(at_s, kind, order) > std::tie(other.at_s, other.kind, other.order);
  }
};

class Day {
 public:
  Day(const Trace& trace, const Roster& roster, double bonus_s)
      : trace_(trace), roster_(roster), bonus_s_(bonus_s) {
    for (const Spell& spell : roster) agents_[spell.agent].skills = &spell.skills;
    for (const Moment& moment : MakeSchedule(trace, roster)) {
      Push(moment.at_s, moment.kind, moment.index);
    }
    outcome_.tickets = static_cast<int64_t>(trace.size());
    outcome_.staffed_s = StaffedSeconds(roster);
  }

  Outcome Play() {
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      Happen(event);
    }
    for (const auto& [queue, line] : waiting_) {
      outcome_.never_served += static_cast<int64_t>(line.size());
    }
    return std::move(outcome_);
  }

 private:
  // Where a ticket stands in its line: smaller is served first.
  using Place = std::tuple<double, int64_t, size_t>;

  Place PlaceOf(size_t ticket) const {
    const TraceTicket& t = trace_[ticket];
    return {t.at_s - bonus_s_ * t.priority, t.number, ticket};
  }

  void Push(double at_s, MomentKind kind, size_t index, std::string agent = "") {
    events_.push({at_s, kind, order_++, index, std::move(agent)});
  }

  void Happen(const Event& event) {
    switch (event.kind) {
      case MomentKind::kAgentComes: {
        const std::string& name = roster_[event.index].agent;
        agents_[name].on_duty = true;
        if (!agents_[name].at_work) TakeNext(event.at_s, name);
        return;
      }
      case MomentKind::kTicketComes:
        return Arrive(event.at_s, event.index);
      case MomentKind::kWorkEnds:
        agents_[event.agent].at_work = false;
        if (agents_[event.agent].on_duty) TakeNext(event.at_s, event.agent);
        return;
      case MomentKind::kAgentGoes:
        agents_[roster_[event.index].agent].on_duty = false;
        return;
      case MomentKind::kCustomerLeaves:
        if (waiting_[trace_[event.index].queue].erase(PlaceOf(event.index)) > 0) {
          outcome_.waits_s.push_back(event.at_s - trace_[event.index].at_s);
          ++outcome_.left;
        }
        return;
    }
  }

  void Arrive(double now_s, size_t ticket) {
    const std::string& queue = trace_[ticket].queue;
    const std::pair<const std::string, Agent>* best = nullptr;
    for (const auto& candidate : agents_) {
      const Agent& agent = candidate.second;
      if (!agent.Free() || agent.skills->count(queue) == 0) continue;
      if (best == nullptr || agent.idle_since_s < best->second.idle_since_s) best = &candidate;
    }
    if (best != nullptr) return Start(now_s, best->first, ticket);
    waiting_[queue].insert(PlaceOf(ticket));
    if (trace_[ticket].patience_s) {
      Push(now_s + *trace_[ticket].patience_s, MomentKind::kCustomerLeaves, ticket);
    }
  }

  void TakeNext(double now_s, const std::string& name) {
    Agent& agent = agents_[name];
    agent.idle_since_s = now_s;
    std::set<Place>* best = nullptr;
    for (const std::string& skill : *agent.skills) {
      const auto line = waiting_.find(skill);
      if (line == waiting_.end() || line->second.empty()) continue;
      if (best == nullptr || *line->second.begin() < *best->begin()) best = &line->second;
    }
    if (best == nullptr) return;
    const size_t ticket = std::get<size_t>(*best->begin());
    best->erase(best->begin());
    Start(now_s, name, ticket);
  }

  void Start(double now_s, const std::string& name, size_t ticket) {
    agents_[name].at_work = true;
    outcome_.waits_s.push_back(now_s - trace_[ticket].at_s);
    outcome_.busy_s += trace_[ticket].handle_s;
    Push(now_s + trace_[ticket].handle_s, MomentKind::kWorkEnds, ticket, name);
  }

  const Trace& trace_;
  const Roster& roster_;
  const double bonus_s_;
  std::map<std::string, Agent> agents_;
  std::map<std::string, std::set<Place>> waiting_;  // by queue
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  int64_t order_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome PlayIdeal(const Trace& trace, const Roster& roster, double bonus_s) {
  return Day(trace, roster, bonus_s).Play();
}

}  // namespace muster::replay
