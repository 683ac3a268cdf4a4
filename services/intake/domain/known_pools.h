// What a committer knows of pools, their queues and their live tickets from its own last commits.
//
// Whatever changes anything in a pool, its tickets included, gives it a new revision, under the
// pool's lock. So what was known at a revision still holds when a batch is saved, if the pool still
// has that revision then: the batch need not read, and need not lock before it saves.
//
// Threading: the committer's own.
//
//   Workspace workspace;
//   if (known.Load(needs, &workspace) && known.TakeTickets(needs, &workspace).empty()) {
//     ...apply, and save...
//   }
//   known.Learn(std::move(workspace));  // when it has been committed
//   known.Forget();                     // when it has not: something was not as known
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "services/intake/domain/workspace.h"

namespace muster::intake {

class KnownPools {
 public:
  // More than this, and all is forgotten: it is a help, not a truth. Of tickets, what they take.
  static constexpr size_t kMostQueues = 20'000;
  static constexpr size_t kMostTicketBytes = 64 << 20;

  // Fills in the pools and queues that are named; false if not all of them are known, or if whole
  // pools are needed.
  bool Load(const Needs& needs, Workspace* workspace) const;
  // The pool and the queue of a ticket that was loaded, and the ticket.
  bool LoadWith(Ticket ticket, Workspace* workspace) const;
  // Fills in those of the tickets named that are known, each with its pool and its queue, and knows
  // them no more until they are learnt again. Returns the ids of the others.
  std::set<std::string> TakeTickets(const Needs& needs, Workspace* workspace);

  void Learn(Workspace workspace);
  void Forget();

 private:
  struct KnownQueue {
    Queue queue;
    int64_t waiting = 0;
    int64_t live = 0;
  };
  struct KnownPool {
    Pool pool;
    int64_t base_revision = 0;
    // Since then all its changes are known: they were this committer's own.
    int64_t known_since = 0;
    std::map<std::string, KnownQueue> queues;
  };
  struct KnownTicket {
    Ticket ticket;
    size_t bytes = 0;
  };

  bool LoadPool(const std::string& pool_id, Workspace* workspace) const;
  bool LoadQueue(const std::string& pool_id, const std::string& queue_id,
                 Workspace* workspace) const;
  void LearnPools(const Workspace& workspace);
  void LearnQueues(const Workspace& workspace);
  void LearnTickets(Workspace& workspace);

  std::map<std::string, KnownPool> pools_;
  size_t queues_ = 0;
  // Only what has changed since its pool is known may be used: what is older may be another's past.
  absl::flat_hash_map<std::string, KnownTicket> tickets_;
  size_t ticket_bytes_ = 0;
};

}  // namespace muster::intake
