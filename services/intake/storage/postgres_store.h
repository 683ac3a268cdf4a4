// Intake's truth in PostgreSQL: schema `intake`, see migrations/.
//
// Threading: as Store says. Applies on its own connection, reads on a pool, feeds on another (a big
// snapshot must not keep a GetTicket waiting), sweeps on one more.
//
//   MUSTER_RETURN_IF_ERROR(PostgresStore::MigrateSchema(options));
//   PostgresStore store(options);
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/db/database.h"
#include "common/db/read_pool.h"
#include "services/intake/domain/known_pools.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

class PostgresStore final : public Store {
 public:
  static absl::Status MigrateSchema(const DatabaseOptions& options);

  // Sweep moves tickets that ended so long ago to the archive; zero: none.
  explicit PostgresStore(const DatabaseOptions& options,
                         absl::Duration archive_after = absl::ZeroDuration());

  absl::StatusOr<Applied> Apply(absl::Span<const Mutation> batch) override;
  void GetPool(std::string pool_id, absl::Time deadline, Done<Pool> done) override;
  void GetQueue(std::string pool_id, std::string queue_id, absl::Time deadline,
                Done<Queue> done) override;
  void GetTicket(std::string ticket_id, absl::Time deadline, Done<Ticket> done) override;
  void ListPools(std::string after, int limit, absl::Time deadline,
                 Done<std::vector<Pool>> done) override;
  void ListQueues(std::string pool_id, std::string after, int limit, absl::Time deadline,
                  Done<std::vector<Queue>> done) override;
  void ListTickets(TicketFilter filter, std::string after, int limit, absl::Time deadline,
                   Done<std::vector<Ticket>> done) override;
  void ReadSnapshot(std::string pool_id, absl::Time deadline, Done<PoolSnapshot> done) override;
  void ReadChanges(std::string pool_id, int64_t after, int limit, absl::Time deadline,
                   Done<PoolChange> done) override;
  void ReadRevisions(std::vector<std::string> pool_ids, absl::Time deadline,
                     Done<Revisions> done) override;
  void CountWaiting(absl::Time deadline, Done<std::map<std::string, int64_t>> done) override;
  absl::StatusOr<SweepReport> Sweep(absl::Time now) override;

 private:
  const absl::Duration archive_after_;
  std::string archive_from_;  // Sweep's own: up to this id all has been looked at
  Connection committer_;
  KnownPools known_;       // these three are Apply's own
  Workspace committed_;    // by the last batch, to be learnt before the next
  bool in_doubt_ = false;  // the last try failed, perhaps after it was committed
  Connection sweeper_;
  ReadPool reads_;
  ReadPool feeds_;
};

}  // namespace muster::intake
