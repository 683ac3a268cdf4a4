// Availability's truth in PostgreSQL, schema `availability`.
//
// Threading: as Store says. Reads run on the read pool's threads.
//
//   PostgresStore store({.url = config.database_url});
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/db/database.h"
#include "common/db/read_pool.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

inline constexpr char kSchema[] = "availability";

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(const DatabaseOptions& options, const Clock& clock = SystemClock());

  absl::StatusOr<Applied> Apply(absl::Span<const Mutation> mutations) override;
  absl::StatusOr<int64_t> Forget(absl::Time requests_before, absl::Time deletions_before) override;
  void Get(const AgentKey& key, absl::Time deadline, Done<Agent> done) override;
  void List(const AgentFilter& filter, absl::Time deadline, Done<AgentPage> done) override;
  void Snapshot(const std::string& pool_id, absl::Time deadline, Done<PoolHistory> done) override;
  void Since(const std::string& pool_id, int64_t revision, absl::Time deadline,
             Done<PoolHistory> done) override;
  void Revisions(const std::vector<std::string>& pool_ids, absl::Time deadline,
                 Done<std::map<std::string, int64_t>> done) override;
  void HeldBy(const std::string& node_id, absl::Time deadline,
              Done<std::vector<HeldSession>> done) override;
  absl::StatusOr<NodeNews> RenewNode(const Node& node, absl::Duration lease) override;
  absl::Status LeaveNode(const std::string& node_id) override;
  absl::StatusOr<std::optional<std::vector<HeldSession>>> TakeOverNode(
      const std::string& node_id) override;
  absl::Status ForgetNode(const std::string& node_id) override;
  void CountPresences(absl::Time deadline, Done<std::vector<PresenceCount>> done) override;

 private:
  Connection writer_;
  Connection chores_;
  Connection nodes_;
  ReadPool reads_;
};

}  // namespace muster::availability
