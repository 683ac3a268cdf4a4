#include "services/matcher/storage/postgres_lease_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/db/values.h"

namespace muster::matcher {
namespace {

// Microseconds that $n holds, from now. clock_timestamp() is the time itself; now() would be the
// time at which the transaction began, which may have waited for locks since.
#define MUSTER_FROM_NOW(n) "clock_timestamp() + " n "::bigint * interval '1 microsecond'"

// Of a row of matcher.member.
#define MUSTER_IS_LIVE                    \
  "(lease_until > clock_timestamp() AND " \
  "lease_until <= clock_timestamp() + interval '60 seconds')"
static_assert(kMaxLease == absl::Seconds(60), "MUSTER_IS_LIVE says so too");

constexpr char kForget[] =
    "DELETE FROM matcher.member WHERE "
    "lease_until < clock_timestamp() - $1::bigint * interval '1 microsecond'";

constexpr char kJoin[] =
    "INSERT INTO matcher.member (member_id, address, takes, joined_at, lease_until) "
    "VALUES ($1, $2, $3, clock_timestamp(), " MUSTER_FROM_NOW("$4") ")";

constexpr char kRenew[] =
    "UPDATE matcher.member SET address = $2, takes = $3, lease_until = " MUSTER_FROM_NOW(
        "$4") " WHERE member_id = $1";

constexpr char kMembers[] =
    "SELECT member_id, address, takes, " MUSTER_IS_LIVE " FROM matcher.member ORDER BY member_id";

constexpr char kPools[] = "SELECT pool_id, epoch, holder FROM matcher.pool ORDER BY pool_id";

// Locked, so that none of them can renew its lease until its pools have been taken.
constexpr char kGone[] = "SELECT member_id FROM matcher.member WHERE NOT " MUSTER_IS_LIVE
                         " ORDER BY member_id FOR UPDATE";

constexpr char kTake[] = R"sql(
  INSERT INTO matcher.pool AS p (pool_id, epoch, holder, taken_at)
  SELECT id, 1, $1, clock_timestamp() FROM unnest($2::text[]) AS id
   WHERE EXISTS (SELECT FROM matcher.member WHERE member_id = $1 AND )sql" MUSTER_IS_LIVE R"sql()
   ORDER BY id
  ON CONFLICT (pool_id) DO UPDATE
     SET epoch = p.epoch + 1, holder = excluded.holder, taken_at = excluded.taken_at
   WHERE p.holder = '' OR p.holder = ANY ($3::text[])
      OR NOT EXISTS (SELECT FROM matcher.member m WHERE m.member_id = p.holder)
  RETURNING pool_id, epoch)sql";

constexpr char kRelease[] =
    "UPDATE matcher.pool p SET epoch = p.epoch + 1, holder = '' "
    "FROM unnest($2::text[], $3::bigint[]) AS i (pool_id, epoch) "
    "WHERE p.pool_id = i.pool_id AND p.epoch = i.epoch AND p.holder = $1";

constexpr char kReleaseAll[] =
    "UPDATE matcher.pool SET epoch = epoch + 1, holder = '' WHERE holder = $1";

constexpr char kLeave[] = "DELETE FROM matcher.member WHERE member_id = $1";

#undef MUSTER_FROM_NOW
#undef MUSTER_IS_LIVE

Membership ReadMembership(pqxx::work& tx) {
  Membership membership;
  for (const auto& row : tx.exec(kMembers)) {
    membership.members.push_back({.member_id = TextOf(row[0]),
                                  .address = TextOf(row[1]),
                                  .takes = row[2].as<bool>(),
                                  .live = row[3].as<bool>()});
  }
  for (const auto& row : tx.exec(kPools)) {
    membership.pools.push_back({TextOf(row[0]), row[1].as<int64_t>(), TextOf(row[2])});
  }
  return membership;
}

}  // namespace

absl::Status PostgresLeaseStore::Join(const Member& me, absl::Duration lease, absl::Time deadline) {
  return connection_.Transact(
      [&](pqxx::work& tx) {
        tx.exec_params(kForget, absl::ToInt64Microseconds(kMemberMemory));
        tx.exec_params(kJoin, me.member_id, me.address, me.takes, absl::ToInt64Microseconds(lease));
        return absl::OkStatus();
      },
      deadline);
}

absl::StatusOr<Membership> PostgresLeaseStore::Renew(const Member& me, absl::Duration lease,
                                                     absl::Time deadline) {
  Membership membership;
  absl::Status status = connection_.Transact(
      [&](pqxx::work& tx) {
        auto renewed = tx.exec_params(kRenew, me.member_id, me.address, me.takes,
                                      absl::ToInt64Microseconds(lease));
        if (renewed.affected_rows() == 0) return NotFound("member", me.member_id);
        // Statements of their own: they see who took pools before the renewal.
        membership = ReadMembership(tx);
        return absl::OkStatus();
      },
      deadline);
  if (!status.ok()) return status;
  return membership;
}

absl::StatusOr<std::vector<Hold>> PostgresLeaseStore::Take(const std::string& member_id,
                                                           const std::vector<std::string>& pool_ids,
                                                           absl::Time deadline) {
  std::vector<Hold> taken;
  absl::Status status = connection_.Transact(
      [&](pqxx::work& tx) {
        taken.clear();
        PgArray pools, gone;
        for (const std::string& id : pool_ids) pools.Text(id);
        for (const auto& row : tx.exec(kGone)) gone.Text(TextOf(row[0]));
        for (const auto& row : tx.exec_params(kTake, member_id, pools.str(), gone.str())) {
          taken.push_back({TextOf(row[0]), row[1].as<int64_t>()});
        }
        return absl::OkStatus();
      },
      deadline);
  if (!status.ok()) return status;
  return taken;
}

absl::Status PostgresLeaseStore::Release(const std::string& member_id,
                                         const std::vector<Hold>& holds, absl::Time deadline) {
  PgArray pools, epochs;
  for (const Hold& hold : holds) {
    pools.Text(hold.pool_id);
    epochs.Int(hold.epoch);
  }
  return connection_.Transact(
      [&](pqxx::work& tx) {
        tx.exec_params(kRelease, member_id, pools.str(), epochs.str());
        return absl::OkStatus();
      },
      deadline);
}

absl::Status PostgresLeaseStore::Leave(const std::string& member_id, absl::Time deadline) {
  return connection_.Transact(
      [&](pqxx::work& tx) {
        tx.exec_params(kReleaseAll, member_id);
        tx.exec_params(kLeave, member_id);
        return absl::OkStatus();
      },
      deadline);
}

}  // namespace muster::matcher
