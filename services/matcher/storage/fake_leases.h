// Leases in memory, for tests of what stands on them; they pass the contract suite that the leases
// in PostgreSQL pass. The given clock plays the database's.
//
// Threading: thread-safe.
//
//   FakeLeases leases(clock);
//   leases.Seize("bank", "m-2");    // as if everybody's lease had run out, and m-2 were the next
//   leases.FailWith(Unavailable("DATABASE_UNAVAILABLE", "no database"));
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "services/matcher/storage/lease_store.h"

namespace muster::matcher {

class FakeLeases final : public LeaseStore {
 public:
  explicit FakeLeases(const Clock& clock) : clock_(clock) {}

  absl::Status Join(const Member& me, absl::Duration lease, absl::Time deadline) override;
  absl::StatusOr<Membership> Renew(const Member& me, absl::Duration lease,
                                   absl::Time deadline) override;
  absl::StatusOr<std::vector<Hold>> Take(const std::string& member_id,
                                         const std::vector<std::string>& pool_ids,
                                         absl::Time deadline) override;
  absl::Status Release(const std::string& member_id, const std::vector<Hold>& holds,
                       absl::Time deadline) override;
  absl::Status Leave(const std::string& member_id, absl::Time deadline) override;

  // Whether this is the hold under which the pool may be written now.
  bool Holds(const Hold& hold) const;
  // Gives the pool to this member, whoever has it; returns the epoch.
  int64_t Seize(const std::string& pool_id, const std::string& member_id);
  // Every call fails with this, until it is OK again.
  void FailWith(absl::Status status);

 private:
  struct Row {
    Member member;
    absl::Time until;
  };
  bool IsLive(const std::string& member_id) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Row> members_;
  std::map<std::string, PoolHold> pools_;
  absl::Status failure_;
};

}  // namespace muster::matcher
