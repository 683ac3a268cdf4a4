// What a committer knows of pools and their queues from its own last commits.
//
// Whatever changes anything in a pool gives it a new revision, under the pool's lock. So what was
// known at a revision still holds when a batch is saved, if the pool still has that revision then:
// the batch need not read, and need not lock before it saves.
//
// Threading: the committer's own.
//
//   Workspace workspace;
//   if (known.Load(needs, &workspace)) { ...apply, and save... }
//   known.Learn(workspace);  // when it has been committed
//   known.Forget();          // when it has not: something was not as known
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "services/intake/domain/workspace.h"

namespace muster::intake {

class KnownPools {
 public:
  // More than this, and all is forgotten: it is a help, not a truth.
  static constexpr size_t kMostQueues = 20'000;

  // Fills in the pools and queues that are named; false if not all of them are known, or if whole
  // pools are needed. Tickets are never known: see LoadWith.
  bool Load(const Needs& needs, Workspace* workspace) const;
  // The pool and the queue of a ticket that was loaded, and the ticket.
  bool LoadWith(const Ticket& ticket, Workspace* workspace) const;

  void Learn(const Workspace& workspace);
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
    std::map<std::string, KnownQueue> queues;
  };

  bool LoadPool(const std::string& pool_id, Workspace* workspace) const;
  bool LoadQueue(const std::string& pool_id, const std::string& queue_id,
                 Workspace* workspace) const;

  std::map<std::string, KnownPool> pools_;
  size_t queues_ = 0;
};

}  // namespace muster::intake
