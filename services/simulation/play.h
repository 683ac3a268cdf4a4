// Plays a plan in virtual time with the engine that production runs: customers come and leave,
// agents log in, answer their offers, work and log out, and every decision is the engine's own.
//
// Deterministic: the same plan and customers lead to the same events and figures. Not thread-safe,
// but plays share nothing: run as many at once as there are cores.
//
//   ListedCustomers customers(list);
//   Play play(plan, customers, /*replication=*/0);
//   if (absl::Status played = play.Run(nullptr); !played.ok()) return played;
//   const PlayFigures figures = play.Sum();
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/matcher/engine/engine.h"
#include "services/simulation/agenda.h"
#include "services/simulation/plan.h"
#include "services/simulation/random.h"
#include "services/simulation/tally.h"

namespace muster::simulation {

inline absl::Time TimeOf(Nanos at) { return absl::UnixEpoch() + absl::Nanoseconds(at); }
// The first whole nanosecond that is not before the time.
Nanos NanosOf(absl::Time time);

// A ticket's id in the engine: serials in order are ids in order.
std::string TicketId(std::uint64_t serial);
std::uint64_t SerialOf(std::string_view ticket_id);

class Play {
 public:
  // Asked now and then with the virtual time; false ends the play with CANCELLED.
  using GoOn = std::function<bool(Nanos now)>;

  // Both must outlive the play.
  Play(const Plan& plan, CustomerSource& customers, std::uint64_t replication);

  absl::Status Run(const GoOn& go_on);
  PlayFigures Sum();

  // Walks all that the engine holds; for tests.
  absl::Status CheckInvariants() const { return engine_.CheckInvariants(); }

 private:
  struct Agent {
    bool on_duty = false;
    bool paused = false;  // by the engine
    engine::Presence told = engine::Presence::kOffline;
    std::uint32_t units = 0;  // of its jobs
    Nanos since = 0;          // of what was not yet written to the tally
  };
  struct Ticket {
    Customer customer;
    std::uint64_t serial = 0;
    std::uint32_t offers = 0;
    std::uint32_t agent = 0;  // while assigned
    std::uint32_t weight = 0;
    engine::AssignmentId assignment;
    bool assigned = false;
    bool counts = false;
  };
  struct Offer {
    engine::OfferId id;
    std::uint32_t agent = 0;
    bool counts = false;
  };
  enum Answer : std::uint64_t { kAccept, kDecline };

  // play.cc: the course of time
  void SetUp();
  bool Over() const;
  void TakeNextCustomer();
  void Happen(const Happening& happening);
  void Come(const Customer& customer);
  void Leave(std::uint64_t serial);
  void FinishWork(std::uint64_t serial);
  void FinishWrapUp(std::uint64_t serial);
  void Go(std::uint32_t agent, bool on_duty);
  void ComeBack(std::uint32_t agent);
  void PlanShift(std::uint32_t agent, std::uint64_t shift, Nanos midnight);
  void AnswerOffer(std::uint64_t number, Answer answer);

  // play_effects.cc: what the engine wants done
  template <class Event>
  void Tell(Event event) {
    acts_.emplace_back(std::move(event));
    Deliver();
  }
  void Deliver();
  void Do(const engine::MakeOffer& effect);
  void Do(const engine::EndOffer& effect);
  void Do(const engine::Assign& effect);
  void Do(const engine::StartWrapUp& effect);
  void Do(const engine::EndAssignment& effect);
  void Do(const engine::ExpireTicket& effect);
  void Do(const engine::HoldTicket& effect);
  void Do(const engine::PauseAgent& effect);
  template <class Effect>
  void Do(const Effect&) {}

  std::uint32_t AgentOf(std::string_view agent_id) const;
  // The ticket is the engine's no longer.
  void Lose(std::string_view ticket_id, Ending ending);
  void Present(std::uint32_t agent);
  void WriteTime(std::uint32_t agent);
  // The ticket waits no longer, and that is written down, or not.
  void EndWait(Ticket& ticket, Ending ending);
  void GiveUpPlace(const Ticket& ticket);

  const Plan& plan_;
  CustomerSource& customers_;
  engine::Engine engine_;
  Agenda agenda_;
  Tally tally_;
  std::vector<StreamFamily> answers_;  // by type of ticket
  Nanos now_ = 0;
  bool delivering_ = false;

  std::vector<Agent> agents_;
  absl::flat_hash_map<std::string, std::uint32_t> agent_places_;
  absl::flat_hash_map<std::uint64_t, Ticket> tickets_;  // by serial: waiting, or at work
  absl::flat_hash_map<std::uint64_t, Offer> offers_;    // by number: unanswered
  std::vector<std::uint64_t> waiting_;                  // by queue
  std::uint64_t all_waiting_ = 0;
  std::uint64_t counted_waiting_ = 0;  // of those that are measured
  std::optional<Customer> next_customer_;
  std::uint64_t next_serial_ = 0;
  std::uint64_t decisions_ = 0;
  std::uint64_t events_ = 0;
  std::vector<engine::Event> acts_;  // to be told, all at `now_`, in this order
  engine::Effects effects_;
};

}  // namespace muster::simulation
