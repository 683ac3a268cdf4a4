// The customers of a replay: each sends its ticket when the trace says so, and cancels it when its
// patience ends, unless an agent has taken it up by then.
//
// Threading: one thread. Knows no transport: a Desk carries its words to intake, and sees to
// retries.
//
//   Customers customers(timers, desk, watch, trace, pace, options, idle);
//   customers.Arrive(i);                    // at its moment
//   customers.TakenUp(i);                   // an agent has it
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "muster/intake/v1/intake.pb.h"
#include "services/cli/replay/history.h"
#include "services/cli/replay/offer_watch.h"
#include "services/cli/replay/schedule.h"
#include "services/cli/replay/timers.h"
#include "services/cli/replay/troubles.h"

namespace muster::replay {

// The attribute of a ticket that holds its place in the trace that is played.
inline constexpr char kPlaceAttribute[] = "replay_place";

// Carries a request to intake until it is answered for good.
class Desk {
 public:
  using Answer = std::function<void(const absl::Status&, const intake::v1::Ticket&)>;

  virtual ~Desk() = default;
  virtual void Create(const intake::v1::CreateTicketRequest& request, Answer answer) = 0;
  virtual void Cancel(const intake::v1::CancelTicketRequest& request, Answer answer) = 0;
};

struct CustomerOptions {
  std::string pool;
  // Real time that one step of priority is worth.
  absl::Duration priority_step;
  // Patience is no shorter than this, in real time: what the services and the wire need by
  // themselves is not part of the trace, and no speed makes it shorter.
  absl::Duration min_patience;
};

class Customers {
 public:
  // The skills of each idle agent that can serve a queue.
  using Idle = std::function<std::vector<const OfferWatch::Skills*>(const std::string& queue)>;

  Customers(Timers& timers, Desk& desk, OfferWatch& watch, Troubles& troubles, const Trace& trace,
            const Pace& pace, CustomerOptions options, Idle idle);

  // `due` is when it was to come; patience counts from then.
  void Arrive(size_t place, absl::Duration due);
  void TakenUp(size_t place);

  // Nobody waits for an answer, or for an agent with patience that will end.
  bool Settled() const { return calls_ == 0 && waiting_with_patience_ == 0; }
  int64_t created() const { return static_cast<int64_t>(told_.size()); }
  int64_t waiting() const { return waiting_; }
  std::vector<ToldTicket> Told() const { return told_; }

 private:
  enum class State { kAway, kCreating, kWaiting, kLeaving, kOver };
  struct Customer {
    State state = State::kAway;
    bool out_of_patience = false;  // before the ticket was acknowledged
    bool taken_up = false;         // perhaps before the ticket was acknowledged
    size_t told = 0;               // its place in told_
  };

  void OnCreated(size_t place, const absl::Status& status, const intake::v1::Ticket& ticket);
  void LosePatience(size_t place);
  void Leave(size_t place);
  void OnCancelled(size_t place, const absl::Status& status, const intake::v1::Ticket& ticket);
  void End(size_t place);

  Timers& timers_;
  Desk& desk_;
  OfferWatch& watch_;
  Troubles& troubles_;
  const Trace& trace_;
  const Pace pace_;
  const CustomerOptions options_;
  const Idle idle_;
  std::vector<Customer> customers_;
  std::vector<ToldTicket> told_;
  int64_t calls_ = 0;
  int64_t waiting_ = 0;
  int64_t waiting_with_patience_ = 0;
};

}  // namespace muster::replay
