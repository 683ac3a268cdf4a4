#include "services/matcher/storage/decision_purge.h"

#include <string>
#include <vector>

#include "common/base/status_macros.h"
#include "common/db/values.h"
#include "common/obs/log.h"

namespace muster::matcher {
namespace {

// $3 and $4: what is older than that time, or beyond the newest so many, of the oldest $2 rows. A
// colleague's batch is passed over, not waited for.
constexpr char kPurge[] = R"sql(
  DELETE FROM matcher.decision d
   USING (SELECT pool_id, sequence, decide_time FROM matcher.decision WHERE pool_id = $1
           ORDER BY sequence LIMIT $2 FOR UPDATE SKIP LOCKED) oldest
   WHERE d.pool_id = oldest.pool_id AND d.sequence = oldest.sequence
     AND (oldest.decide_time < $3::timestamptz
          OR oldest.sequence <= coalesce((SELECT sequence FROM matcher.decision WHERE pool_id = $1
                                           ORDER BY sequence DESC OFFSET $4 LIMIT 1), 0)))sql";

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
    MUSTER_RETURN_IF_ERROR(connection.Transact(
        [&](pqxx::work& tx) {
          deleted += static_cast<int64_t>(tx.exec_params(kPurge, pool_id, bounds.batch,
                                                         ToTimestamp(now - bounds.age), bounds.rows)
                                              .affected_rows());
          return absl::OkStatus();
        },
        absl::InfiniteFuture()));
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
  for (int i = 0; i < kMaxBatches; ++i) {
    absl::StatusOr<int64_t> deleted = PurgeDecisions(connection_, bounds_, clock_.Now());
    if (!deleted.ok()) {
      Log(Severity::kWarning).Msg("decisions could not be purged").Error(deleted.status());
      return;
    }
    if (*deleted < bounds_.batch) return;
  }
}

}  // namespace muster::matcher
