// Which matcher holds which pool, on record.
//
// Every matcher process is a member with one lease. A pool belongs to the member that its row names
// while that member's lease goes on, by the clock of the database: no node's clock counts. A lease
// that has run out may be renewed, and the pools that nobody has taken meanwhile are still the
// member's; whoever takes one makes its epoch greater, which fences the former holder off for good
// (store.h). A pool whose holder has released it, or is not known, may be taken at once.
//
// A lease that seems to end later than the longest possible one has been written before the
// database's clock was set back: it counts as run out.
//
// Threading: calls block, until `deadline` at most (one more connect time-out when the connection
// is gone); one call at a time.
//
//   MUSTER_RETURN_IF_ERROR(leases.Join(me, absl::Seconds(2), deadline));
//   absl::StatusOr<Membership> membership = leases.Renew(me, absl::Seconds(2), deadline);
//   absl::StatusOr<std::vector<Hold>> mine = leases.Take(me.member_id, {"bank"}, deadline);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::matcher {

inline constexpr absl::Duration kMaxLease = absl::Minutes(1);
// Members whose lease has run out for so long are forgotten when another joins.
inline constexpr absl::Duration kMemberMemory = absl::Minutes(10);

// Under which hold on which pool something is done.
struct Hold {
  std::string pool_id;
  int64_t epoch = 0;
};

struct Member {
  std::string member_id;
  std::string address;
  bool takes = true;  // whether it takes pools now
  bool live = true;   // its lease goes on; told by the store
};

struct PoolHold {
  std::string pool_id;
  int64_t epoch = 0;
  std::string holder;  // a member; empty: released
};

// How all stand, at one moment.
struct Membership {
  std::vector<Member> members;  // in order of id
  std::vector<PoolHold> pools;  // in order of id; those that nobody has ever held are left out
};

class LeaseStore {
 public:
  virtual ~LeaseStore() = default;

  // `me.member_id` must never have been used before.
  virtual absl::Status Join(const Member& me, absl::Duration lease, absl::Time deadline) = 0;
  // The lease ends `lease` from now. NOT_FOUND: the member has been forgotten; join as another.
  virtual absl::StatusOr<Membership> Renew(const Member& me, absl::Duration lease,
                                           absl::Time deadline) = 0;
  // Those of the pools that could be taken: never held, released, or of a member whose lease has
  // run out. None if the lease of `member_id` itself has.
  virtual absl::StatusOr<std::vector<Hold>> Take(const std::string& member_id,
                                                 const std::vector<std::string>& pool_ids,
                                                 absl::Time deadline) = 0;
  // Gives up those of the holds that are still held; nothing can be written under them any more.
  virtual absl::Status Release(const std::string& member_id, const std::vector<Hold>& holds,
                               absl::Time deadline) = 0;
  // Releases all, and is a member no longer.
  virtual absl::Status Leave(const std::string& member_id, absl::Time deadline) = 0;
};

}  // namespace muster::matcher
