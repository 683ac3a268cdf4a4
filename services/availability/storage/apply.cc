#include "services/availability/storage/apply.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/db/request_log.h"
#include "common/db/values.h"
#include "services/availability/convert/answer.h"
#include "services/availability/domain/batch.h"
#include "services/availability/storage/postgres_store.h"
#include "services/availability/storage/rows.h"

namespace muster::availability {
namespace {

// A deletion is answered by an empty message.
Outcome OutcomeOf(const Mutation& mutation, const std::string& answer) {
  Outcome outcome;
  outcome.agent.key = mutation.key;
  outcome.deleted = answer.empty();
  if (!outcome.deleted) outcome.agent = AgentOfAnswer(answer);
  return outcome;
}

constexpr char kMakePools[] = "availability_make_pools";
constexpr char kLockPools[] = "availability_lock_pools";
constexpr char kLoadAgents[] = "availability_load_agents";
constexpr char kRevisePools[] = "availability_revise_pools";
constexpr char kDeleteAgents[] = "availability_delete_agents";
constexpr char kForgetDeletions[] = "availability_forget_deletions";
constexpr char kMoveSessions[] = "availability_move_sessions";

std::vector<RequestKey> KeysOf(absl::Span<const Mutation> mutations) {
  std::vector<RequestKey> keys;
  for (const Mutation& m : mutations) keys.push_back({m.request.request_id, m.request.fingerprint});
  return keys;
}

std::vector<Verdict> VerdictsOf(absl::Span<const Mutation> mutations,
                                const std::vector<RequestVerdict>& found) {
  std::vector<Verdict> verdicts(mutations.size());
  for (size_t i = 0; i < found.size(); ++i) {
    switch (found[i].kind) {
      case RequestVerdict::kNew:
        break;
      case RequestVerdict::kAnswered:
        verdicts[i] = {Verdict::kAnswered, OutcomeOf(mutations[i], found[i].answer), 0};
        break;
      case RequestVerdict::kReused:
        verdicts[i].kind = Verdict::kReused;
        break;
      case RequestVerdict::kRepeat:
        verdicts[i] = {Verdict::kRepeat, {}, found[i].first};
        break;
    }
  }
  return verdicts;
}

// Locks the pools, in order, and reads the agents that the batch names.
void Load(Script& script, absl::Span<const Mutation> mutations, Batch* batch) {
  std::set<std::string> pools, new_pools;
  std::set<AgentKey> keys;
  for (const Mutation& m : mutations) {
    pools.insert(m.key.pool_id);
    if (std::holds_alternative<CreateAgent>(m.act)) new_pools.insert(m.key.pool_id);
    keys.insert(m.key);
  }
  PgArray pool_ids, new_pool_ids, key_pools, key_ids;
  for (const std::string& pool_id : pools) pool_ids.Text(pool_id);
  for (const std::string& pool_id : new_pools) new_pool_ids.Text(pool_id);
  for (const AgentKey& key : keys) {
    key_pools.Text(key.pool_id);
    key_ids.Text(key.agent_id);
  }
  if (!new_pools.empty()) script.Add(kMakePools, {new_pool_ids.str()});
  script.Add(kLockPools, {pool_ids.str()}, [batch](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) batch->revisions[TextOf(row[0])] = row[1].as<int64_t>();
  });
  script.Add(kLoadAgents, {key_pools.str(), key_ids.str()}, [batch](const pqxx::result& rows) {
    for (Agent& agent : AgentsOf(rows)) {
      AgentKey key = agent.key;
      batch->rows[std::move(key)] = std::move(agent);
    }
  });
}

void Write(Script& script, const Changes& changes, absl::Time now) {
  if (changes.empty()) return;
  PgArray pools, revisions, gone_pools, gone_ids, gone_revisions;
  std::vector<const Agent*> agents;
  for (const auto& [pool_id, change] : changes) {
    pools.Text(pool_id);
    revisions.Int(change.to_revision);
    for (const Agent& agent : change.agents) {
      agents.push_back(&agent);
    }
    for (const std::string& agent_id : change.deleted_agent_ids) {
      gone_pools.Text(pool_id);
      gone_ids.Text(agent_id);
      gone_revisions.Int(change.to_revision);
    }
  }
  script.Add(kRevisePools, {pools.str(), revisions.str()});
  WriteAgents(script, agents);
  if (gone_ids.size() > 0) {
    script.Add(kDeleteAgents,
               {gone_pools.str(), gone_ids.str(), gone_revisions.str(), ToTimestamp(now)});
  }
}

// An agent may come again under the id of one who was deleted.
void ForgetDeletionsOfCreated(Script& script, absl::Span<const Mutation> mutations) {
  PgArray pools, ids;
  for (const Mutation& m : mutations) {
    if (!std::holds_alternative<CreateAgent>(m.act)) continue;
    pools.Text(m.key.pool_id);
    ids.Text(m.key.agent_id);
  }
  if (ids.size() == 0) return;
  script.Add(kForgetDeletions, {pools.str(), ids.str()});
}

void TellFormerNodes(Script& script, const std::vector<MovedSession>& moved) {
  if (moved.empty()) return;
  PgArray nodes, pools, ids, sessions;
  for (const MovedSession& session : moved) {
    nodes.Text(session.node_id);
    pools.Text(session.key.pool_id);
    ids.Text(session.key.agent_id);
    sessions.Text(session.session_id);
  }
  script.Add(kMoveSessions, {nodes.str(), pools.str(), ids.str(), sessions.str()});
}

void Remember(Script& script, absl::Span<const Mutation> mutations, const Applied& applied) {
  std::vector<RequestRecord> records;
  for (size_t i = 0; i < mutations.size(); ++i) {
    const absl::StatusOr<Outcome>& outcome = applied.outcomes[i];
    const RequestMark& request = mutations[i].request;
    if (!outcome.ok() || outcome->repeated || request.request_id.empty()) continue;
    records.push_back({{request.request_id, request.fingerprint},
                       outcome->deleted ? "" : AnswerOf(outcome->agent),
                       mutations[i].now});
  }
  muster::Store(script, kSchema, records);
}

}  // namespace

void PrepareApply(pqxx::connection& connection) {
  // Planned each time, not once: on an empty table the index by revision looks as good as the
  // primary key, and would have to be walked through a pool's agents when it has grown.
  pqxx::nontransaction(connection).exec("SET plan_cache_mode = force_custom_plan");
  PrepareRequestLog(connection, kSchema);
  PrepareWriteAgents(connection);
  PrepareNow(connection, kMakePools,
             "INSERT INTO availability.pool (pool_id) SELECT * FROM unnest($1::text[])"
             " ON CONFLICT DO NOTHING");
  PrepareNow(connection, kLockPools,
             "SELECT pool_id, revision FROM availability.pool"
             " WHERE pool_id = ANY ($1::text[]) ORDER BY pool_id FOR UPDATE");
  PrepareNow(connection, kLoadAgents,
             absl::StrCat("SELECT ", kAgentColumns,
                          " FROM availability.agent a JOIN unnest($1::text[], $2::text[])"
                          " AS k (pool_id, agent_id) USING (pool_id, agent_id)"));
  PrepareNow(connection, kRevisePools,
             "UPDATE availability.pool p SET revision = n.revision"
             " FROM unnest($1::text[], $2::bigint[]) AS n (pool_id, revision)"
             " WHERE p.pool_id = n.pool_id");
  PrepareNow(connection, kDeleteAgents,
             "WITH gone AS (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
             "   AS n (pool_id, agent_id, revision)),"
             " removed AS (DELETE FROM availability.agent a USING gone"
             "   WHERE a.pool_id = gone.pool_id AND a.agent_id = gone.agent_id)"
             " INSERT INTO availability.deleted_agent (pool_id, agent_id, revision, delete_time)"
             " SELECT pool_id, agent_id, revision, $4::timestamptz FROM gone"
             " ON CONFLICT (pool_id, agent_id) DO UPDATE"
             " SET revision = excluded.revision, delete_time = excluded.delete_time");
  PrepareNow(connection, kMoveSessions,
             "INSERT INTO availability.moved_session (node_id, pool_id, agent_id, session_id,"
             " move_time) SELECT *, clock_timestamp()"
             " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])");
  PrepareNow(connection, kForgetDeletions,
             "DELETE FROM availability.deleted_agent d USING"
             " unnest($1::text[], $2::text[]) AS n (pool_id, agent_id), availability.agent a"
             " WHERE d.pool_id = n.pool_id AND d.agent_id = n.agent_id"
             " AND a.pool_id = n.pool_id AND a.agent_id = n.agent_id");
}

Applied ApplyIn(WriteTransaction& tx, absl::Span<const Mutation> mutations) {
  Batch batch;
  std::vector<RequestVerdict> found;
  Script load(tx);
  Load(load, mutations, &batch);
  // After the pools are locked: another node may have done the same request a moment ago.
  LookUp(load, kSchema, KeysOf(mutations), &found);
  load.Run();
  Applied applied = ApplyBatch(mutations, VerdictsOf(mutations, found), batch);
  Script save(tx);
  Write(save, applied.changes, mutations.back().now);
  ForgetDeletionsOfCreated(save, mutations);
  TellFormerNodes(save, applied.moved);
  Remember(save, mutations, applied);
  save.RunAndCommit();
  return applied;
}

}  // namespace muster::availability
