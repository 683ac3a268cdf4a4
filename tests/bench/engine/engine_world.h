// A pool in its steady state, for measuring the engine: as many agents as wanted with 1 to 5 of 200
// skills, 1,000 queues, and an endless stream of tickets, one decision after the other.
//
// Loaded: every agent is busy and tickets wait; a decision is "a ticket comes, an agent completes,
// takes the next one, and accepts it". Idle: nine agents in ten are idle and nobody waits; a
// decision is "an agent completes, a ticket comes, finds an agent, and is accepted". A decision
// that does not happen ends the program.
//
// The world itself allocates nothing in Decide(): events and effects are used again, ids are worked
// out from numbers. The same options give the same events. Not thread-safe.
//
//   World world({.agents = 100'000, .waiting = 10'000});
//   for (int i = 0; i < 1'000'000; ++i) world.Decide();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/matcher/engine/engine.h"
#include "services/matcher/tape/event_codec.h"

namespace muster::bench {

struct WorldOptions {
  std::uint32_t agents = 100'000;
  std::uint32_t waiting = 10'000;  // 0: the idle variant
  bool record_decisions = false;
  bool tape = false;  // written after each event, as a matcher does

  friend bool operator==(const WorldOptions&, const WorldOptions&) = default;
};

class World {
 public:
  explicit World(WorldOptions options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Decide();

  const engine::Engine& engine() const { return engine_; }
  // What the engine took for itself while the world was made, by operator new.
  double bytes_per_agent() const { return bytes_per_agent_; }
  double bytes_per_ticket() const { return bytes_per_ticket_; }  // that waits; loaded only

 private:
  struct Agent {
    engine::AssignmentId assignment;  // while busy
    std::uint32_t ticket = 0;
    std::uint32_t place = 0;  // in busy_; kNowhere while idle
  };
  struct Ticket {
    std::uint32_t queue = 0;
    std::uint32_t place = 0;  // in waiting_; kNowhere otherwise
  };

  std::uint64_t Below(std::uint64_t n);
  engine::AgentSpec MakeAgent(std::uint32_t number);
  void MakeQueue(std::uint32_t number);
  void FindFits();
  void HireAll();
  void OccupyAll();
  void FillLines();

  void Apply(const engine::Event& event);
  void QueueTicket(std::uint32_t queue);
  void Complete(std::uint32_t agent);
  void AcceptTheOffer();
  std::uint32_t SomeAgentOf(std::uint32_t queue);

  const WorldOptions options_;
  engine::Engine engine_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  absl::Duration step_;  // between decisions: a job takes 300 s
  std::uint64_t random_state_ = 0x9E3779B97F4A7C15;

  std::vector<std::vector<engine::SkillLevel>> demands_;  // by queue
  std::vector<std::vector<engine::SkillLevel>> skills_;   // by agent; gone once it is built
  std::vector<std::uint32_t> usable_queues_;              // that some agent fits
  // agents_of_[first_agent_of_[q]...]: who fits queue q; and the other way round.
  std::vector<std::uint32_t> first_agent_of_, agents_of_;
  std::vector<std::uint32_t> first_queue_of_, queues_of_;

  std::vector<Agent> agents_;
  std::vector<Ticket> tickets_;
  std::vector<std::uint32_t> free_tickets_, waiting_, busy_;

  engine::Event queued_ = engine::TicketQueued{};
  engine::Event accepted_ = engine::OfferAccepted{};
  engine::Event completed_ = engine::AssignmentCompleted{};
  engine::Effects effects_;
  tape::EventWriter tape_;
  std::string taped_;
  double bytes_per_agent_ = 0;
  double bytes_per_ticket_ = 0;
};

}  // namespace muster::bench
