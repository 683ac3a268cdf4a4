// Leases in PostgreSQL, tables matcher.member and matcher.pool.
//
// It has a connection of its own: a renewal must not wait behind a batch of commits.
//
// Threading: one thread at a time.
//
//   PostgresLeaseStore leases({.url = config.database_url});
#pragma once

#include <string>
#include <vector>

#include "common/db/database.h"
#include "services/matcher/storage/lease_store.h"

namespace muster::matcher {

class PostgresLeaseStore final : public LeaseStore {
 public:
  explicit PostgresLeaseStore(DatabaseOptions options) : connection_(std::move(options)) {}

  absl::Status Join(const Member& me, absl::Duration lease, absl::Time deadline) override;
  absl::StatusOr<Membership> Renew(const Member& me, absl::Duration lease,
                                   absl::Time deadline) override;
  absl::StatusOr<std::vector<Hold>> Take(const std::string& member_id,
                                         const std::vector<std::string>& pool_ids,
                                         absl::Time deadline) override;
  absl::Status Release(const std::string& member_id, const std::vector<Hold>& holds,
                       absl::Time deadline) override;
  absl::Status Leave(const std::string& member_id, absl::Time deadline) override;

 private:
  Connection connection_;
};

}  // namespace muster::matcher
