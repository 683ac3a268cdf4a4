// One batch of mutations at work on the rows that it needs.
//
// A store loads those rows under the locks of their pools, lets `Apply` do each mutation in memory,
// in order, and writes back what changed: so a batch of any mix costs a fixed handful of
// statements, and every store keeps the same rules, which are here.
//
// Threading: none; it belongs to one batch of one store.
//
//   Needs needs;
//   for (const Mutation& m : batch) AddNeeds(m, needs);
//   Workspace workspace;               // fill in pools, queues and tickets as `needs` says
//   for (const Mutation& m : batch) outcomes.push_back(Apply(workspace, m));
//   ...write what the slots say has changed...; Publish(workspace.Changes());
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/intake/domain/mutation.h"
#include "services/intake/domain/pool.h"
#include "services/intake/domain/ticket.h"

namespace muster::intake {

using QueueKey = std::pair<std::string, std::string>;  // pool_id, queue_id

// What must be loaded before a batch can be applied. Of each ticket also its pool and its queue.
struct Needs {
  std::set<std::string> pools;        // with the revision that a deleted one left, if it is gone
  std::set<std::string> whole_pools;  // of these, all queues
  std::set<QueueKey> queues;
  std::set<std::string> tickets;
};
void AddNeeds(const Mutation& mutation, Needs& needs);

// A slot knows what was loaded and what is now; a store writes the difference.
struct PoolSlot {
  Pool pool;
  bool existed = false;         // when loaded
  bool exists = false;          // now
  int64_t loaded_revision = 0;  // of the pool, or what a deleted one of this id left
  int64_t revision = 0;         // now; never falls, not even when the pool is deleted and made anew
  int64_t base_revision = 0;    // from which the present pool began: older rows are a dead one's
  int64_t deleted_revision = 0;  // of the last deletion in this batch; 0: none

  bool deleted() const { return deleted_revision > 0; }
  bool created() const { return exists && (!existed || deleted()); }
  bool changed() const { return revision != loaded_revision; }
};

struct QueueSlot {
  Queue queue;
  bool existed = false;
  bool exists = false;
  int64_t waiting = 0;  // tickets that are QUEUED
  int64_t live = 0;     // and also ASSIGNED or HELD
  bool settings_changed = false;
  bool counters_changed = false;
  int64_t deleted_revision = 0;
};

struct TicketSlot {
  Ticket ticket;
  bool existed = false;
  int64_t loaded_revision = 0;
  TicketState loaded_state = TicketState::kUnspecified;

  bool changed() const { return ticket.revision != loaded_revision; }
};

struct Workspace {
  std::map<std::string, PoolSlot> pools;
  std::map<QueueKey, QueueSlot> queues;
  std::map<std::string, TicketSlot> tickets;

  // How a store fills it in.
  void LoadPool(Pool pool, int64_t base_revision);
  void LoadDeletedPool(const std::string& pool_id, int64_t revision);
  void LoadQueue(Queue queue, int64_t waiting, int64_t live);
  // Leaves out the tickets of a pool that is gone: they only wait to be swept.
  void LoadTicket(Ticket ticket);

  // Null if there is none.
  PoolSlot* FindPool(const std::string& pool_id);
  QueueSlot* FindQueue(const std::string& pool_id, const std::string& queue_id);
  TicketSlot* FindTicket(const std::string& ticket_id);
  std::vector<QueueSlot*> QueuesOf(const std::string& pool_id);  // in order of id

  // What changed, a pool each, in order of id.
  std::vector<PoolChange> Changes() const;
};

// Does one mutation in memory. A status leaves the workspace as it was.
absl::StatusOr<Outcome> Apply(Workspace& workspace, const Mutation& mutation);

}  // namespace muster::intake
