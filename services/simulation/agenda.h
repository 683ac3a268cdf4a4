// What is still to happen in a play, in order of time; within an instant in the order of Kind, and
// then in the order in which it was put down.
//
// Not thread-safe.
//
//   Agenda agenda;
//   agenda.Add(customer.at, Kind::kTicketComes);
//   const Happening next = agenda.Take();
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

#include "services/simulation/plan.h"

namespace muster::simulation {

// Those of one instant, first to last: who comes is there for what ends, and work that ends makes
// room before anybody leaves.
enum class Kind : std::uint8_t {
  kAgentComes,
  kTicketComes,
  kWorkEnds,
  kAgentGoes,
  kCustomerLeaves,
  kAnswer,
  kWrapUpEnds,
  kAgentBack
};

struct Happening {
  Nanos at = 0;
  Kind kind = Kind::kTicketComes;
  std::uint64_t order = 0;
  std::uint64_t subject = 0;  // an agent, a ticket's serial or an offer's number
  std::uint64_t detail = 0;   // a shift, or what is answered

  friend bool operator>(const Happening& a, const Happening& b) {
    return std::tie(a.at, a.kind, a.order) > std::tie(b.at, b.kind, b.order);
  }
};

class Agenda {
 public:
  void Add(Nanos at, Kind kind, std::uint64_t subject = 0, std::uint64_t detail = 0) {
    if (at != kNever) happenings_.push({at, kind, next_++, subject, detail});
  }
  // Nothing if that is beyond the end of time.
  void AddAfter(Nanos now, Nanos delay, Kind kind, std::uint64_t subject,
                std::uint64_t detail = 0) {
    if (delay < kNever - now) Add(now + delay, kind, subject, detail);
  }
  bool Empty() const { return happenings_.empty(); }
  Nanos NextTime() const { return happenings_.empty() ? kNever : happenings_.top().at; }
  Happening Take() {
    const Happening next = happenings_.top();
    happenings_.pop();
    return next;
  }

 private:
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> happenings_;
  std::uint64_t next_ = 0;
};

}  // namespace muster::simulation
