// A pool's rules, queues and live tickets, as intake's feed tells them, and what that means to the
// engine.
//
// A snapshot is held against what is known: what is missing in it is gone. What the feed says of a
// ticket is passed over while it is older than what this matcher has told intake of it (`Told`), or
// a ticket that was just served would be offered again.
//
// Threading: not thread-safe; belongs to the pool's own thread.
//
//   TicketMirror mirror;
//   mirror.Apply(std::move(snapshot), &events);     // events for the engine, in order
//   mirror.Apply(std::move(changes), &events);
//   mirror.Told("t-1", entry.progress_revision());
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "muster/intake/v1/intake.pb.h"
#include "services/matcher/convert.h"
#include "services/matcher/core/feed_messages.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/engine/event.h"

namespace muster::matcher {

using Events = std::vector<engine::Event>;
using TicketPtr = std::shared_ptr<const intake::v1::Ticket>;

class TicketMirror {
 public:
  void Apply(TicketSnapshot snapshot, Events* events);
  void Apply(intake::v1::WatchTicketsResponse::Changes changes, Events* events);

  // Intake is being told of the ticket under this revision: what it says below that is old.
  void Told(const std::string& ticket_id, int64_t revision);
  // Intake refused that entry, and will not get to that revision.
  void Refused(const std::string& ticket_id, int64_t revision);
  // It has ended by the matcher's own doing.
  void Drop(const std::string& ticket_id) { tickets_.erase(ticket_id); }
  // It went back to waiting; intake will say so too, in time.
  void Move(const TicketMove& move);

  // Null if it is not known.
  TicketPtr Ticket(const std::string& ticket_id) const;
  const intake::v1::Queue* Queue(const std::string& queue_id) const;
  const std::map<std::string, QueueFacts>& Facts() const { return facts_; }
  size_t size() const { return tickets_.size(); }

 private:
  void Apply(const intake::v1::Pool& pool, Events* events);
  void Apply(intake::v1::Queue queue, Events* events);
  void RemoveQueue(const std::string& queue_id, Events* events);
  void Apply(intake::v1::Ticket ticket, Events* events);
  bool IsOld(const intake::v1::Ticket& ticket) const;

  // As the engine was last told; it begins with the defaults.
  engine::PoolRules pool_rules_;
  std::map<std::string, intake::v1::Queue> queues_;
  std::map<std::string, QueueFacts> facts_;
  absl::flat_hash_map<std::string, TicketPtr> tickets_;
  absl::flat_hash_map<std::string, int64_t> told_;
};

}  // namespace muster::matcher
