#include "tests/simulation/engine/fcfs_oracle.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <utility>

#include "services/matcher/engine/engine.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {
namespace {

// What can happen at one moment, in the order in which it does.
enum class Kind { kOn, kArrive, kDone, kOff, kLeave };
// When, what, to which agent's shift or which customer.
using Happening = std::tuple<Micros, Kind, std::size_t>;

// The customers and shifts of a day as they come up; `done` and `leave` are added on the way.
class Agenda {
 public:
  explicit Agenda(const Day& day) {
    for (std::size_t s = 0; s < day.shifts.size(); ++s) {
      Add(day.shifts[s].on, Kind::kOn, s);
      Add(day.shifts[s].off, Kind::kOff, s);
    }
    for (std::size_t c = 0; c < day.customers.size(); ++c) {
      Add(day.customers[c].at, Kind::kArrive, c);
    }
  }
  void Add(Micros at, Kind kind, std::size_t subject) { agenda_.insert({at, kind, subject}); }
  std::optional<Happening> Next() {
    if (agenda_.empty()) return std::nullopt;
    const Happening next = *agenda_.begin();
    agenda_.erase(agenda_.begin());
    return next;
  }

 private:
  std::set<Happening> agenda_;
};

class Oracle {
 public:
  explicit Oracle(const Day& day) : day_(day), agenda_(day), outcomes_(day.customers.size()) {}

  std::vector<Outcome> Run() {
    while (const std::optional<Happening> next = agenda_.Next()) {
      const auto [at, kind, subject] = *next;
      if (kind == Kind::kOn) ComeOn(at, day_.shifts[subject]);
      if (kind == Kind::kOff) GoOff(day_.shifts[subject].agent);
      if (kind == Kind::kArrive) Arrive(at, subject);
      if (kind == Kind::kDone) Finish(at, outcomes_[subject].agent);
      if (kind == Kind::kLeave && waiting_.erase(subject) > 0) outcomes_[subject].start = at;
    }
    return outcomes_;
  }

 private:
  void ComeOn(Micros at, const Shift& shift) {
    on_[shift.agent] = &shift;
    if (busy_.count(shift.agent) == 0) Free(at, shift.agent);
  }

  void GoOff(const std::string& agent) {
    on_.erase(agent);
    idle_.erase(agent);
  }

  void Finish(Micros at, const std::string& agent) {
    busy_.erase(agent);
    if (on_.count(agent) > 0) Free(at, agent);
  }

  bool HasSkill(const std::string& agent, std::size_t customer) const {
    const std::vector<std::string>& skills = on_.at(agent)->skills;
    return std::count(skills.begin(), skills.end(), day_.customers[customer].queue) > 0;
  }

  void Free(Micros at, const std::string& agent) {
    idle_[agent] = at;
    std::optional<std::pair<Micros, std::size_t>> best;
    for (const std::size_t c : waiting_) {
      const Customer& customer = day_.customers[c];
      const Micros rank = customer.at - (customer.priority ? day_.priority_ahead : 0);
      if (HasSkill(agent, c) && (!best || std::make_pair(rank, c) < *best)) best = {rank, c};
    }
    if (best) Start(at, agent, best->second);
  }

  void Arrive(Micros at, std::size_t c) {
    std::optional<std::pair<Micros, std::string>> best;
    for (const auto& [agent, since] : idle_) {
      if (HasSkill(agent, c) && (!best || std::make_pair(since, agent) < *best)) {
        best = {since, agent};
      }
    }
    waiting_.insert(c);
    if (best) return Start(at, best->second, c);
    agenda_.Add(at + day_.customers[c].patience, Kind::kLeave, c);
  }

  void Start(Micros at, const std::string& agent, std::size_t c) {
    waiting_.erase(c);
    idle_.erase(agent);
    busy_.insert(agent);
    outcomes_[c] = {agent, at};
    agenda_.Add(at + day_.customers[c].handle, Kind::kDone, c);
  }

  const Day& day_;
  Agenda agenda_;
  std::map<std::string, const Shift*> on_;
  std::map<std::string, Micros> idle_;  // since when
  std::set<std::string> busy_;
  std::set<std::size_t> waiting_;
  std::vector<Outcome> outcomes_;
};

absl::Time TimeAt(Micros at) { return absl::UnixEpoch() + absl::Microseconds(at); }

// Six digits, so that ids are in the order of the customers.
std::string TicketId(std::size_t c) {
  std::string digits = std::to_string(c);
  return "t" + std::string(6 - digits.size(), '0') + digits;
}

// Feeds the engine a day in virtual time; each offer is accepted in the moment in which it is made.
class EngineRun {
 public:
  explicit EngineRun(const Day& day)
      : day_(day), agenda_(day), engine_(EngineOptions{}), outcomes_(day.customers.size()) {
    std::set<std::string> queues;
    for (const Customer& c : day.customers) queues.insert(c.queue);
    for (const std::string& q : queues) {
      Tell(0, QueueChanged{q, {.required_skills = {{q, 1}}, .target_boost = absl::ZeroDuration()}});
    }
    // Seconds of waiting and of idleness alone.
    Tell(0, PoolChanged{{.fair_window = absl::ZeroDuration(),
                         .idle_bound = limits::kMaxPrice,
                         .scarcity = false}});
    Tell(0, MatchingOpened{});
  }

  std::vector<Outcome> Run() {
    while (const std::optional<Happening> next = agenda_.Next()) {
      const auto [at, kind, subject] = *next;
      if (kind == Kind::kOn) Tell(at, Presents(day_.shifts[subject], Presence::kOnline));
      if (kind == Kind::kOff) Tell(at, Presents(day_.shifts[subject], Presence::kOffline));
      if (kind == Kind::kArrive) Arrive(at, subject);
      if (kind == Kind::kDone) Tell(at, AssignmentCompleted{assignments_[subject], "", 0});
      if (kind == Kind::kLeave && outcomes_[subject].start < 0) {
        Tell(at, TicketGone{TicketId(subject)});
        outcomes_[subject].start = at;
      }
    }
    return outcomes_;
  }

 private:
  static AgentChanged Presents(const Shift& shift, Presence presence) {
    AgentChanged event{{.agent_id = shift.agent, .presence = presence}};
    for (const std::string& skill : shift.skills) event.agent.skills.push_back({skill, 1});
    return event;
  }

  void Arrive(Micros at, std::size_t c) {
    const Customer& customer = day_.customers[c];
    const Micros ahead = customer.priority ? day_.priority_ahead : 0;
    customers_[TicketId(c)] = c;
    Tell(at, TicketQueued{{.ticket_id = TicketId(c),
                           .queue_id = customer.queue,
                           .create_time = TimeAt(at),
                           .priority_ahead = absl::Microseconds(ahead)}});
    if (outcomes_[c].start < 0) agenda_.Add(at + customer.patience, Kind::kLeave, c);
  }

  void Tell(Micros at, const Event& event) {
    Effects effects;
    engine_.Apply(event, TimeAt(at), &effects);
    for (const Effect& effect : effects) {
      if (const auto* offer = std::get_if<MakeOffer>(&effect)) {
        const std::size_t c = customers_.at(std::string(offer->ticket_id));
        outcomes_[c] = {std::string(offer->agent_id), at};
        assignments_[c] = offer->offer;
        agenda_.Add(at + day_.customers[c].handle, Kind::kDone, c);
        Tell(at, OfferAccepted{offer->offer, std::string(offer->agent_id), 0});
      }
    }
  }

  const Day& day_;
  Agenda agenda_;
  Engine engine_;
  std::map<std::string, std::size_t> customers_;
  std::map<std::size_t, AssignmentId> assignments_;
  std::vector<Outcome> outcomes_;
};

}  // namespace

Day MakeDay(std::uint64_t seed) {
  constexpr Micros kSecond = 1'000'000;
  constexpr Micros kHour = 3600 * kSecond;
  std::mt19937_64 random(seed);
  const auto below = [&](Micros n) { return static_cast<Micros>(random() % n); };
  const std::vector<std::string> queues = {"cards", "cards", "cards", "loans", "loans", "abroad"};
  Day day{.priority_ahead = 90 * kSecond};
  for (int c = 0; c < 3000; ++c) {
    // Half of them in two peaks. On whole seconds: so that ties happen, as in any real record.
    Micros at = 8 * kHour + below(10 * kHour);
    if (below(4) == 0) at = 10 * kHour + below(kHour);
    if (below(4) == 0) at = 15 * kHour + below(kHour);
    day.customers.push_back({.at = at / kSecond * kSecond,
                             .queue = queues[random() % queues.size()],
                             .priority = below(5) == 0,
                             .handle = 20 * kSecond + below(300 * kSecond),
                             .patience = 10 * kSecond + below(600 * kSecond)});
  }
  std::stable_sort(day.customers.begin(), day.customers.end(),
                   [](const Customer& a, const Customer& b) { return a.at < b.at; });
  for (int a = 0; a < 24; ++a) {
    const std::string agent = "a" + std::to_string(100 + a);
    std::vector<std::string> skills = {queues[random() % queues.size()]};
    for (const char* more : {"cards", "loans", "abroad"}) {
      if (skills[0] != more && below(3) == 0) skills.push_back(more);
    }
    Micros at = 8 * kHour + below(2 * kHour) / kSecond * kSecond;
    while (at < 17 * kHour) {
      const Micros off = at + kHour + below(2 * kHour);
      day.shifts.push_back({.on = at, .off = off, .agent = agent, .skills = skills});
      at = off + kSecond + below(kHour);
    }
  }
  return day;
}

std::vector<Outcome> RunOracle(const Day& day) { return Oracle(day).Run(); }
std::vector<Outcome> RunEngine(const Day& day) { return EngineRun(day).Run(); }

}  // namespace muster::engine
