// Where intake's truth is kept. PostgresStore is the real one; tests have a fake that keeps the
// same contract (tests/unit/intake/store_contract.cc runs on both).
//
// Threading: Apply belongs to the committer's thread and blocks. Reads may be called from any
// thread and never block; `done` runs on a thread of the store and must not block. Sweep blocks,
// and belongs to one thread of its own.
//
//   absl::StatusOr<Applied> applied = store.Apply(batch);
//   store.GetTicket("t-01...", deadline, [](absl::StatusOr<Ticket> ticket) { ... });
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/intake/domain/mutation.h"

namespace muster::intake {

struct Applied {
  std::vector<absl::StatusOr<Outcome>> outcomes;  // of each mutation
  std::vector<PoolChange> changes;                // of each pool that changed, in order of id
};

struct TicketFilter {
  std::string pool_id;
  std::vector<TicketState> states;  // none: all
  std::string queue_id;             // empty: all
  std::string customer_id;          // empty: all
  bool newest_first = false;
};

// What a pool was at its revision.
struct PoolSnapshot {
  Pool pool;
  std::vector<Queue> queues;
  std::vector<Ticket> tickets;  // that have not ended, oldest first
};

struct SweepReport {
  int64_t requests = 0;        // forgotten
  int64_t tickets = 0;         // of deleted pools
  int64_t archived = 0;        // tickets that ended long ago
  int64_t changes = 0;         // that feeds no longer tell of
  int64_t deleted_queues = 0;  // of these
  bool more = false;           // there is more to sweep now
};

// How long feeds can tell of a change; who was away for longer takes a snapshot.
inline constexpr absl::Duration kChangeMemory = absl::Minutes(10);
// Most rows that one sweep deletes of a kind, so that it holds nobody up; changes under the lock of
// their pool.
inline constexpr int kMaxSwept = 5'000;
inline constexpr int kMaxSweptChanges = 1'000;

class Store {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;
  using Revisions = std::map<std::string, int64_t>;

  virtual ~Store() = default;

  // One transaction for all; each mutation has its own outcome. An error means that nothing is
  // known to have been committed (as Committer wants it).
  virtual absl::StatusOr<Applied> Apply(absl::Span<const Mutation> batch) = 0;

  // NOT_FOUND if there is none.
  virtual void GetPool(std::string pool_id, absl::Time deadline, Done<Pool> done) = 0;
  virtual void GetQueue(std::string pool_id, std::string queue_id, absl::Time deadline,
                        Done<Queue> done) = 0;
  virtual void GetTicket(std::string ticket_id, absl::Time deadline, Done<Ticket> done) = 0;

  // Up to `limit`, in order, those whose id comes after `after` ("": from the beginning).
  virtual void ListPools(std::string after, int limit, absl::Time deadline,
                         Done<std::vector<Pool>> done) = 0;
  // NOT_FOUND if there is no such pool.
  virtual void ListQueues(std::string pool_id, std::string after, int limit, absl::Time deadline,
                          Done<std::vector<Queue>> done) = 0;
  virtual void ListTickets(TicketFilter filter, std::string after, int limit, absl::Time deadline,
                           Done<std::vector<Ticket>> done) = 0;

  // The whole pool at one revision.
  virtual void ReadSnapshot(std::string pool_id, absl::Time deadline, Done<PoolSnapshot> done) = 0;
  // What changed after `after`, up to about `limit` tickets at a time: `to_revision` says how far.
  // OUT_OF_RANGE if `after` is in the future, or older than what is kept.
  virtual void ReadChanges(std::string pool_id, int64_t after, int limit, absl::Time deadline,
                           Done<PoolChange> done) = 0;
  // The revisions of those of the pools that exist; a deleted one has the one that it left.
  virtual void ReadRevisions(std::vector<std::string> pool_ids, absl::Time deadline,
                             Done<Revisions> done) = 0;
  // How many tickets wait, by pool.
  virtual void CountWaiting(absl::Time deadline, Done<std::map<std::string, int64_t>> done) = 0;

  // Deletes a bounded number of rows that nobody can ask for any more, and moves old ones. One call
  // at a time.
  virtual absl::StatusOr<SweepReport> Sweep(absl::Time now) = 0;
};

}  // namespace muster::intake
