// When to do what: a trace and a roster as one row of moments, in order of time and, within an
// instant, agents that come before customers that come before agents that go. Also turns the
// trace's seconds into real time, `speed` times shorter, and back.
//
// An agent is there from the word that it comes to the next word that it goes, whatever spells may
// overlap; who goes while at work finishes that first, and may come on again before it has.
//
// Plain values.
//
//   auto plan = MakeSchedule(trace, roster);
//   Pace pace(/*start_s=*/plan.front().at_s, /*speed=*/300);
//   for (const Moment& moment : plan) timers.At(start + pace.After(moment.at_s), ...);
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/cli/replay/roster.h"
#include "services/cli/replay/trace.h"

namespace muster::replay {

inline constexpr double kMinSpeed = 0.1;
inline constexpr double kMaxSpeed = 100'000;

// The order within an instant. Work that ends and patience that ends have their place too, for
// whoever plays a schedule without a clock.
enum class MomentKind {
  kAgentComes = 0,
  kTicketComes = 1,
  kWorkEnds = 2,
  kAgentGoes = 3,
  kCustomerLeaves = 4
};

struct Moment {
  double at_s = 0;
  MomentKind kind = MomentKind::kTicketComes;
  size_t index = 0;  // of the trace's ticket or the roster's spell
};

// Moments of the kinds comes and goes only; the others follow from what happens.
std::vector<Moment> MakeSchedule(const Trace& trace, const Roster& roster);

class Pace {
 public:
  Pace(double start_s, double speed) : start_s_(start_s), speed_(speed) {}

  // How long after the start, in real time, the trace's second comes.
  absl::Duration After(double at_s) const { return Real(at_s - start_s_); }
  absl::Duration Real(double seconds) const { return absl::Seconds(seconds / speed_); }
  double TraceSeconds(absl::Duration real) const { return absl::ToDoubleSeconds(real) * speed_; }
  double SecondAt(absl::Duration after_start) const { return start_s_ + TraceSeconds(after_start); }
  double speed() const { return speed_; }

 private:
  double start_s_;
  double speed_;
};

// What an agent has to say of itself, from whether it is on duty and whether it is at work.
enum class Wish { kOffline, kOnline, kDraining };
Wish WishOf(bool on_duty, bool at_work);

// Queue ids of the trace and the roster's agents with their skills, each once, in order.
std::vector<std::string> QueuesOf(const Trace& trace);
struct AgentProfile {
  std::string agent;
  std::vector<std::string> skills;
};
std::vector<AgentProfile> AgentsOf(const Roster& roster);

}  // namespace muster::replay
