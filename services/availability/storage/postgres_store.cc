#include "services/availability/storage/postgres_store.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/db/request_log.h"
#include "common/db/values.h"
#include "services/availability/storage/apply.h"
#include "services/availability/storage/nodes.h"
#include "services/availability/storage/rows.h"

namespace muster::availability {
namespace {

// What a batch, or a round of chores, may take at most; the committer tries again after that.
constexpr absl::Duration kTransactionTime = absl::Seconds(10);
// A lease that cannot be renewed in this time is as good as lost.
constexpr absl::Duration kNodeTime = absl::Seconds(2);
constexpr int kDeletionsForgottenAtOnce = 5'000;

// Several statements that must see the same state.
void ReadOneState(pqxx::work& tx) { tx.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); }

absl::StatusOr<Agent> ReadAgent(pqxx::work& tx, const AgentKey& key) {
  const pqxx::result rows = tx.exec_params(
      absl::StrCat("SELECT ", kAgentColumns,
                   " FROM availability.agent a WHERE pool_id = $1 AND agent_id = $2"),
      key.pool_id, key.agent_id);
  if (rows.empty()) return NotFound("agent", key.agent_id);
  return AgentOf(rows[0]);
}

absl::StatusOr<AgentPage> ReadPage(pqxx::work& tx, const AgentFilter& filter) {
  std::vector<int64_t> presences;
  for (Presence presence : filter.presences) presences.push_back(static_cast<int>(presence));
  AgentPage page;
  page.agents = AgentsOf(
      tx.exec_params(absl::StrCat("SELECT ", kAgentColumns,
                                  " FROM availability.agent a WHERE pool_id = $1 AND agent_id > $2"
                                  " AND ($3::int[] = '{}' OR presence = ANY ($3::int[]))"
                                  " AND ($4 = '' OR $4 = ANY (skills)) ORDER BY agent_id LIMIT $5"),
                     filter.pool_id, filter.after_agent_id, IntArray(presences), filter.skill,
                     filter.page_size + 1));
  page.more = static_cast<int>(page.agents.size()) > filter.page_size;
  if (page.more) page.agents.pop_back();
  return page;
}

struct PoolRow {
  int64_t revision = 0;
  int64_t feed_floor = 0;
};

PoolRow ReadPoolRow(pqxx::work& tx, const std::string& pool_id) {
  const pqxx::result rows = tx.exec_params(
      "SELECT revision, feed_floor FROM availability.pool WHERE pool_id = $1", pool_id);
  if (rows.empty()) return {};
  return {rows[0][0].as<int64_t>(), rows[0][1].as<int64_t>()};
}

absl::StatusOr<PoolHistory> ReadSnapshot(pqxx::work& tx, const std::string& pool_id) {
  ReadOneState(tx);
  PoolHistory history;
  history.revision = ReadPoolRow(tx, pool_id).revision;
  history.agents = AgentsOf(tx.exec_params(
      absl::StrCat("SELECT ", kAgentColumns, " FROM availability.agent a WHERE pool_id = $1"),
      pool_id));
  return history;
}

absl::StatusOr<PoolHistory> ReadSince(pqxx::work& tx, const std::string& pool_id,
                                      int64_t revision) {
  ReadOneState(tx);
  const PoolRow pool = ReadPoolRow(tx, pool_id);
  if (revision < pool.feed_floor || revision > pool.revision) {
    return OutOfRange("REVISION_GONE", "changes since this revision are no longer known");
  }
  PoolHistory history;
  history.revision = pool.revision;
  history.agents = AgentsOf(
      tx.exec_params(absl::StrCat("SELECT ", kAgentColumns,
                                  " FROM availability.agent a WHERE pool_id = $1 AND revision > $2"
                                  " ORDER BY revision"),
                     pool_id, revision));
  for (const pqxx::row& row :
       tx.exec_params("SELECT agent_id, revision FROM availability.deleted_agent"
                      " WHERE pool_id = $1 AND revision > $2 ORDER BY revision",
                      pool_id, revision)) {
    history.deleted.push_back({TextOf(row[0]), row[1].as<int64_t>()});
  }
  return history;
}

// Deletions of before `cutoff`; their pools cannot be resumed from before them any more.
int64_t ForgetDeletions(pqxx::work& tx, absl::Time cutoff) {
  return tx
      .exec_params(
          "WITH old AS (SELECT pool_id, agent_id FROM availability.deleted_agent"
          "  WHERE delete_time < $1 ORDER BY delete_time LIMIT $2),"
          " gone AS (DELETE FROM availability.deleted_agent d USING old"
          "  WHERE d.pool_id = old.pool_id AND d.agent_id = old.agent_id"
          "  RETURNING d.pool_id, d.revision),"
          " floors AS (UPDATE availability.pool p"
          "  SET feed_floor = greatest(p.feed_floor, g.revision)"
          "  FROM (SELECT pool_id, max(revision) AS revision FROM gone GROUP BY pool_id) g"
          "  WHERE p.pool_id = g.pool_id)"
          " SELECT count(*) FROM gone",
          ToTimestamp(cutoff), kDeletionsForgottenAtOnce)[0][0]
      .as<int64_t>();
}

}  // namespace

PostgresStore::PostgresStore(const DatabaseOptions& options, const Clock& clock)
    : writer_(options, PrepareApply),
      chores_(options),
      nodes_(options),
      reads_(options, options.connections, ReadPool::kDefaultMaxQueued, clock) {}

absl::StatusOr<Applied> PostgresStore::Apply(absl::Span<const Mutation> mutations) {
  Applied applied;
  absl::Status status = writer_.Write(
      [&](WriteTransaction& tx) {
        applied = ApplyIn(tx, mutations);
        return absl::OkStatus();
      },
      absl::Now() + kTransactionTime);
  if (!status.ok()) return status;
  return applied;
}

absl::StatusOr<int64_t> PostgresStore::Forget(absl::Time requests_before,
                                              absl::Time deletions_before) {
  int64_t forgotten = 0;
  absl::Status status = chores_.Transact(
      [&](pqxx::work& tx) {
        forgotten = DeleteRequestsBefore(tx, kSchema, requests_before);
        forgotten += ForgetDeletions(tx, deletions_before);
        ForgetMoves(tx, deletions_before);
        return absl::OkStatus();
      },
      absl::Now() + kTransactionTime);
  if (!status.ok()) return status;
  return forgotten;
}

void PostgresStore::Get(const AgentKey& key, absl::Time deadline, Done<Agent> done) {
  reads_.Read<Agent>([key](pqxx::work& tx) { return ReadAgent(tx, key); }, deadline,
                     std::move(done));
}

void PostgresStore::List(const AgentFilter& filter, absl::Time deadline, Done<AgentPage> done) {
  reads_.Read<AgentPage>([filter](pqxx::work& tx) { return ReadPage(tx, filter); }, deadline,
                         std::move(done));
}

void PostgresStore::Snapshot(const std::string& pool_id, absl::Time deadline,
                             Done<PoolHistory> done) {
  reads_.Read<PoolHistory>([pool_id](pqxx::work& tx) { return ReadSnapshot(tx, pool_id); },
                           deadline, std::move(done));
}

void PostgresStore::Since(const std::string& pool_id, int64_t revision, absl::Time deadline,
                          Done<PoolHistory> done) {
  reads_.Read<PoolHistory>(
      [pool_id, revision](pqxx::work& tx) { return ReadSince(tx, pool_id, revision); }, deadline,
      std::move(done));
}

void PostgresStore::Revisions(const std::vector<std::string>& pool_ids, absl::Time deadline,
                              Done<std::map<std::string, int64_t>> done) {
  using Map = std::map<std::string, int64_t>;
  reads_.Read<Map>(
      [pool_ids](pqxx::work& tx) -> absl::StatusOr<Map> {
        Map revisions;
        for (const pqxx::row& row :
             tx.exec_params("SELECT pool_id, revision FROM availability.pool WHERE pool_id = ANY "
                            "($1::text[])",
                            TextArray(pool_ids))) {
          revisions[TextOf(row[0])] = row[1].as<int64_t>();
        }
        return revisions;
      },
      deadline, std::move(done));
}

void PostgresStore::HeldBy(const std::string& node_id, absl::Time deadline,
                           Done<std::vector<HeldSession>> done) {
  reads_.Read<std::vector<HeldSession>>(
      [node_id](pqxx::work& tx) -> absl::StatusOr<std::vector<HeldSession>> {
        return SessionsHeldBy(tx, node_id);
      },
      deadline, std::move(done));
}

absl::StatusOr<NodeNews> PostgresStore::RenewNode(const Node& node, absl::Duration lease) {
  NodeNews news;
  absl::Status status = nodes_.Transact(
      [&](pqxx::work& tx) {
        news = RenewNodeIn(tx, node, lease);
        return absl::OkStatus();
      },
      absl::Now() + kNodeTime);
  if (!status.ok()) return status;
  return news;
}

absl::Status PostgresStore::LeaveNode(const std::string& node_id) {
  return nodes_.Transact(
      [&](pqxx::work& tx) {
        LeaveNodeIn(tx, node_id);
        return absl::OkStatus();
      },
      absl::Now() + kNodeTime);
}

absl::StatusOr<std::optional<std::vector<HeldSession>>> PostgresStore::TakeOverNode(
    const std::string& node_id) {
  std::optional<std::vector<HeldSession>> taken;
  absl::Status status = nodes_.Transact(
      [&](pqxx::work& tx) {
        // The row stays locked meanwhile: sessions that the node begins when it is back are not
        // among them.
        if (TakeOverNodeIn(tx, node_id)) taken = SessionsHeldBy(tx, node_id);
        return absl::OkStatus();
      },
      absl::Now() + kNodeTime);
  if (!status.ok()) return status;
  return taken;
}

absl::Status PostgresStore::ForgetNode(const std::string& node_id) {
  return nodes_.Transact(
      [&](pqxx::work& tx) {
        ForgetNodeIn(tx, node_id);
        return absl::OkStatus();
      },
      absl::Now() + kNodeTime);
}

void PostgresStore::CountPresences(absl::Time deadline, Done<std::vector<PresenceCount>> done) {
  reads_.Read<std::vector<PresenceCount>>(
      [](pqxx::work& tx) -> absl::StatusOr<std::vector<PresenceCount>> {
        std::vector<PresenceCount> counts;
        for (const pqxx::row& row :
             tx.exec("SELECT presence, connected, count(*) FROM availability.agent"
                     " GROUP BY presence, connected ORDER BY presence, connected")) {
          counts.push_back(
              {static_cast<Presence>(row[0].as<int>()), row[1].as<bool>(), row[2].as<int64_t>()});
        }
        return counts;
      },
      deadline, std::move(done));
}

}  // namespace muster::availability
