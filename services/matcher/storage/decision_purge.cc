#include "services/matcher/storage/decision_purge.h"

#include <string>
#include <vector>

#include "common/base/status_macros.h"
#include "common/db/values.h"
#include "common/obs/log.h"

namespace muster::matcher {
namespace {

// The newest that is not among the newest $2, or 0.
constexpr char kTooMany[] =
    "SELECT coalesce((SELECT sequence FROM matcher.decision WHERE pool_id = $1 "
    "ORDER BY sequence DESC OFFSET $2 LIMIT 1), 0)";

// Of the $2 oldest rows after $3, those that are older than $4 or not after $5. A colleague's batch
// is passed over, not waited for.
constexpr char kPurge[] = R"sql(
  WITH gone AS (
    DELETE FROM matcher.decision d
     USING (SELECT pool_id, sequence, decide_time FROM matcher.decision
             WHERE pool_id = $1 AND sequence > $3
             ORDER BY sequence LIMIT $2 FOR UPDATE SKIP LOCKED) oldest
     WHERE d.pool_id = oldest.pool_id AND d.sequence = oldest.sequence
       AND (oldest.decide_time < $4::timestamptz OR oldest.sequence <= $5)
    RETURNING d.sequence)
  SELECT count(*), coalesce(max(sequence), 0) FROM gone)sql";

// Each batch begins where the one before it ended: what that left dead is not walked through again.
absl::StatusOr<int64_t> PurgePool(Connection& connection, const std::string& pool_id,
                                  const DecisionBounds& bounds, absl::Time now) {
  int64_t deleted = 0, batch = bounds.batch, from = 0, too_many = 0;
  for (int i = 0; i < bounds.batches && batch == bounds.batch; ++i) {
    MUSTER_RETURN_IF_ERROR(connection.Transact(
        [&](pqxx::work& tx) {
          if (i == 0) {
            too_many = tx.exec_params1(kTooMany, pool_id, bounds.rows)[0].as<int64_t>();
          }
          const pqxx::row gone = tx.exec_params1(kPurge, pool_id, bounds.batch, from,
                                                 ToTimestamp(now - bounds.age), too_many);
          batch = gone[0].as<int64_t>();
          from = gone[1].as<int64_t>();
          return absl::OkStatus();
        },
        absl::InfiniteFuture()));
    deleted += batch;
  }
  return deleted;
}

}  // namespace

absl::StatusOr<int64_t> PurgeDecisions(Connection& connection, const DecisionBounds& bounds,
                                       absl::Time now) {
  std::vector<std::string> pools;
  MUSTER_RETURN_IF_ERROR(connection.Transact(
      [&](pqxx::work& tx) {
        for (const pqxx::row& row : tx.exec("SELECT pool_id FROM matcher.pool ORDER BY pool_id")) {
          pools.push_back(TextOf(row[0]));
        }
        return absl::OkStatus();
      },
      absl::InfiniteFuture()));
  int64_t deleted = 0;
  for (const std::string& pool_id : pools) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t of_pool, PurgePool(connection, pool_id, bounds, now));
    deleted += of_pool;
  }
  return deleted;
}

DecisionPurger::DecisionPurger(DatabaseOptions database, DecisionBounds bounds, const Clock& clock)
    : bounds_(bounds),
      clock_(clock),
      connection_(std::move(database)),
      thread_([this] { Run(); }) {}

DecisionPurger::~DecisionPurger() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  connection_.Interrupt();
  thread_.join();
}

void DecisionPurger::Run() {
  std::unique_lock lock(mutex_);
  while (
      !wake_.wait_for(lock, absl::ToChronoMicroseconds(kInterval), [this] { return stopping_; })) {
    lock.unlock();
    Purge();
    lock.lock();
  }
}

void DecisionPurger::Purge() {
  const absl::Status status = PurgeDecisions(connection_, bounds_, clock_.Now()).status();
  if (!status.ok()) Log(Severity::kWarning).Msg("decisions could not be purged").Error(status);
}

}  // namespace muster::matcher
