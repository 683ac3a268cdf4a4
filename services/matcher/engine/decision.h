// Why an offer was made: what spoke for this ticket and this agent, in seconds, who came next, and
// why the others could not. See engine.h for the terms.
//
// Plain values. Text is the engine's, valid until its next Apply.
//
//   if (const auto* made = std::get_if<DecisionMade>(&effect)) Log(made->decision->terms.Sum());
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/matcher/engine/limits.h"
#include "services/matcher/engine/nanos.h"
#include "services/matcher/engine/types.h"

namespace muster::engine {

// A duration kept in nanoseconds, as the engine reckons: turned into an absl::Duration only by who
// reads it.
class Term {
 public:
  Term() = default;
  explicit Term(Nanos nanos) : nanos_(nanos) {}
  explicit(false) Term(absl::Duration d) : nanos_(ToNanos(d)) {}
  explicit(false) operator absl::Duration() const { return ToDuration(nanos_); }
  friend bool operator==(const Term&, const Term&) = default;
  friend bool operator==(const Term& term, absl::Duration d) { return term == Term(d); }

 private:
  Nanos nanos_ = 0;
};

// The parts of a score. `misfit`, `loaded` and `scarcity` are never above zero, the others never
// below.
struct Terms {
  Term wait;
  Term priority;
  Term urgency;
  Term known;
  Term idle;
  Term misfit;
  Term loaded;
  Term scarcity;

  absl::Duration Sum() const {
    absl::Duration sum = wait;
    for (const Term& term : {priority, urgency, known, idle, misfit, loaded, scarcity}) sum += term;
    return sum;
  }
  friend bool operator==(const Terms&, const Terms&) = default;
};

// A pair that scored less: another agent for the ticket, or another ticket for the agent.
struct RunnerUp {
  std::string_view ticket_id;
  std::string_view agent_id;
  Terms terms;
};

// Agents of the pool that could not take the ticket, each counted once, under the first that holds.
struct Ineligible {
  std::uint32_t lacks_skill = 0;  // as asked for at this relax step
  std::uint32_t lacks_language = 0;
  std::uint32_t offline = 0;   // or its link is cut
  std::uint32_t paused = 0;    // or draining
  std::uint32_t full = 0;      // no room for the weight, or kept for a heavier ticket
  std::uint32_t declined = 0;  // this ticket, a short while ago

  friend bool operator==(const Ineligible&, const Ineligible&) = default;
};

// A list within its owner, so that recording allocates nothing.
class RunnersUp {
 public:
  void push_back(const RunnerUp& runner_up) {
    assert(size_ < list_.size());
    list_[size_++] = runner_up;
  }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const RunnerUp& operator[](std::size_t i) const { return list_[i]; }
  const RunnerUp* begin() const { return list_.data(); }
  const RunnerUp* end() const { return list_.data() + size_; }

 private:
  std::array<RunnerUp, limits::kMaxRunnersUp> list_;
  std::size_t size_ = 0;
};

struct Decision {
  enum class Trigger { kTicketCame, kAgentFreed, kBurst };

  OfferId offer;
  std::string_view ticket_id;
  std::string_view agent_id;
  std::string_view queue_id;
  absl::Time time;
  Trigger trigger = Trigger::kTicketCame;
  int relax_step = 0;
  Terms terms;
  RunnersUp runners_up;  // best first: other agents if a ticket came, other tickets if an agent did
  std::uint32_t eligible = 0;  // agents that could have taken the ticket, with the chosen one
  Ineligible ineligible;
};

// One line, the same for equal decisions everywhere.
std::string DebugString(const Decision& decision);

}  // namespace muster::engine
