// A Store in memory, with the contract of the real one: the same rules (domain/workspace.h), maps
// in place of tables.
//
// Threading: Apply, Sweep and reads may be called from any thread. Reads answer before they return.
//
//   FakeStore store;
//   store.Apply({{.act = CreatePool{{.pool_id = "p"}}, .now = now}});
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "services/intake/domain/workspace.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

class FakeStore final : public Store {
 public:
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
  struct PoolRow {
    Pool pool;
    int64_t base_revision = 0;
    int64_t purged_revision = 0;
  };
  struct QueueRow {
    Queue queue;
    int64_t waiting = 0;
    int64_t live = 0;
  };
  struct DeletedQueueRow {
    std::string queue_id;
    absl::Time delete_time;
  };
  struct RequestRow {
    int64_t fingerprint = 0;
    absl::StatusOr<Outcome> answer;
    absl::Time created_at;
  };

  Workspace Load(const Needs& needs) const;
  void Save(const Workspace& workspace, absl::Time now);
  absl::StatusOr<PoolChange> ChangesAfter(const std::string& pool_id, int64_t after, size_t limit);
  // Null if there is none, or its pool is gone.
  const Ticket* FindTicket(const std::string& ticket_id) const;
  const PoolRow* FindPool(const std::string& pool_id) const;

  std::mutex mutex_;
  std::map<std::string, PoolRow> pools_;
  std::map<std::string, int64_t> deleted_pools_;
  std::map<QueueKey, QueueRow> queues_;
  std::map<std::pair<std::string, int64_t>, DeletedQueueRow> deleted_queues_;  // pool, revision
  std::map<std::string, Ticket> tickets_;
  std::map<std::string, RequestRow> requests_;
};

}  // namespace muster::intake
