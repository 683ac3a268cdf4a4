#include "services/intake/storage/save.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/db/values.h"
#include "services/intake/convert/answer.h"
#include "services/intake/convert/rules.h"
#include "services/intake/storage/rows.h"

namespace muster::intake {
namespace {

constexpr char kSchema[] = "intake";

constexpr char kDeletePools[] = "intake_delete_pools";
constexpr char kRememberPools[] = "intake_remember_pools";
constexpr char kDeleteQueuesOf[] = "intake_delete_queues_of";
constexpr char kInsertPools[] = "intake_insert_pools";
constexpr char kUpdatePools[] = "intake_update_pools";
constexpr char kDeleteQueues[] = "intake_delete_queues";
constexpr char kPutQueues[] = "intake_put_queues";
constexpr char kMoveOn[] = "intake_move_on";
constexpr char kInsertTickets[] = "intake_insert_tickets";
constexpr char kUpdateTickets[] = "intake_update_tickets";

bool SettingsChanged(const PoolSlot& slot) {
  return slot.exists && !slot.created() && slot.pool.update_revision > slot.loaded_revision;
}

void DeletePools(Script& script, const Workspace& workspace, absl::Time now) {
  PgArray ids, revisions;
  for (const auto& [pool_id, slot] : workspace.pools) {
    if (!slot.deleted()) continue;
    ids.Text(pool_id);
    revisions.Int(slot.deleted_revision);
  }
  if (ids.size() == 0) return;
  // Their changes, as their tickets, are swept later.
  script.Add(kDeletePools, {ids.str()});
  script.Add(kDeleteQueuesOf, {ids.str()});
  script.Add(kRememberPools, {ids.str(), revisions.str(), ToTimestamp(now)});
}

void InsertPools(Script& script, const Workspace& workspace) {
  PgArray ids, names, update_revisions, bases, create_times, update_times, rules;
  for (const auto& [pool_id, slot] : workspace.pools) {
    if (!slot.created()) continue;
    ids.Text(pool_id);
    names.Text(slot.pool.display_name);
    update_revisions.Int(slot.pool.update_revision);
    bases.Int(slot.base_revision);
    create_times.Time(slot.pool.create_time);
    update_times.Time(slot.pool.update_time);
    rules.Bytes(SerializeRules(slot.pool.rules));
  }
  if (ids.size() == 0) return;
  script.Add(kInsertPools, {ids.str(), names.str(), update_revisions.str(), bases.str(),
                            create_times.str(), update_times.str(), rules.str()});
}

void UpdatePools(Script& script, const Workspace& workspace) {
  PgArray ids, update_revisions, names, update_times, rules;
  for (const auto& [pool_id, slot] : workspace.pools) {
    if (!SettingsChanged(slot)) continue;
    ids.Text(pool_id);
    update_revisions.Int(slot.pool.update_revision);
    names.Text(slot.pool.display_name);
    update_times.Time(slot.pool.update_time);
    rules.Bytes(SerializeRules(slot.pool.rules));
  }
  if (ids.size() == 0) return;
  script.Add(kUpdatePools,
             {ids.str(), update_revisions.str(), names.str(), update_times.str(), rules.str()});
}

void DeleteQueues(Script& script, const Workspace& workspace, absl::Time now) {
  PgArray pool_ids, queue_ids, revisions;
  for (const auto& [key, slot] : workspace.queues) {
    if (slot.exists || !slot.existed || slot.deleted_revision == 0) continue;
    pool_ids.Text(key.first);
    queue_ids.Text(key.second);
    revisions.Int(slot.deleted_revision);
  }
  if (pool_ids.size() == 0) return;
  script.Add(kDeleteQueues, {pool_ids.str(), queue_ids.str(), revisions.str(), ToTimestamp(now)});
}

void PutQueues(Script& script, const Workspace& workspace) {
  PgArray pools, ids, names, skills, weights, priorities, targets, timeouts, lives, afters, mosts,
      revisions, create_times, update_times, rules;
  for (const auto& [key, slot] : workspace.queues) {
    if (!slot.exists || !slot.settings_changed) continue;
    const Queue& queue = slot.queue;
    pools.Text(queue.pool_id);
    ids.Text(queue.queue_id);
    names.Text(queue.display_name);
    skills.Text(SerializeSkills(queue.required_skills));
    weights.Int(queue.weight);
    priorities.Millis(queue.priority_ahead);
    targets.Millis(queue.target_wait);
    timeouts.Millis(queue.offer_timeout);
    lives.Millis(queue.time_to_live);
    afters.Millis(queue.after_work_time);
    mosts.Int(queue.most_waiting);
    revisions.Int(queue.revision);
    create_times.Time(queue.create_time);
    update_times.Time(queue.update_time);
    rules.Bytes(SerializeRules(queue.rules));
  }
  if (pools.size() == 0) return;
  script.Add(kPutQueues,
             {pools.str(), ids.str(), names.str(), skills.str(), weights.str(), priorities.str(),
              targets.str(), timeouts.str(), lives.str(), afters.str(), mosts.str(),
              revisions.str(), create_times.str(), update_times.str(), rules.str()});
}

// The tickets that changed, by pool, as SQL arrays.
std::map<std::string, PgArray> ChangedTickets(const Workspace& workspace) {
  std::map<std::string, PgArray> changed;
  for (const auto& [ticket_id, slot] : workspace.tickets) {
    if (slot.changed()) changed[slot.ticket.pool_id].Text(ticket_id);
  }
  return changed;
}

// The commonest change, in one statement: pools move on, and queues count their tickets.
void MoveOn(Script& script, const Workspace& workspace, absl::Time now) {
  PgArray ids, from, to, tickets, pools, queues, waiting, live;
  const std::map<std::string, PgArray> changed = ChangedTickets(workspace);
  const PgArray none;
  for (const auto& [pool_id, slot] : workspace.pools) {
    if (!slot.exists || !slot.changed()) continue;
    ids.Text(pool_id);
    from.Int(slot.created() ? slot.base_revision : slot.loaded_revision);
    to.Int(slot.revision);
    const auto its = changed.find(pool_id);
    tickets.Text((its == changed.end() ? none : its->second).str());
  }
  for (const auto& [key, slot] : workspace.queues) {
    if (!slot.exists || !(slot.counters_changed || slot.settings_changed)) continue;
    pools.Text(key.first);
    queues.Text(key.second);
    waiting.Int(slot.waiting);
    live.Int(slot.live);
  }
  if (ids.size() == 0 && pools.size() == 0) return;
  script.Add(kMoveOn, {ids.str(), from.str(), to.str(), tickets.str(), ToTimestamp(now),
                       pools.str(), queues.str(), waiting.str(), live.str()});
}

// The columns of a ticket that change; both statements take them in this order.
struct TicketColumns {
  PgArray ids, queues, agents_preferred, states, assign_times, end_times, agents, agent_names,
      assignments, reasons, requeues, revisions, progress, hold_times, refusals, interrupted;

  void Add(const Ticket& ticket) {
    ids.Text(ticket.ticket_id);
    queues.Text(ticket.queue_id);
    agents_preferred.Text(ticket.preferred_agent_id);
    states.Int(static_cast<int>(ticket.state));
    assign_times.OptionalTime(ticket.assign_time);
    end_times.OptionalTime(ticket.end_time);
    agents.Text(ticket.agent_id);
    agent_names.Text(ticket.agent_display_name);
    assignments.Text(ticket.assignment_id);
    reasons.Text(ticket.end_reason);
    requeues.Int(ticket.requeue_count);
    revisions.Int(ticket.revision);
    progress.Int(ticket.progress_revision);
    hold_times.OptionalTime(ticket.hold_time);
    refusals.Int(ticket.refusal_count);
    interrupted.Bool(ticket.interrupted);
  }

  std::vector<std::string> With(const std::vector<const PgArray*>& more) const {
    std::vector<std::string> all;
    for (const PgArray* column :
         {&ids, &queues, &agents_preferred, &states, &assign_times, &end_times, &agents,
          &agent_names, &assignments, &reasons, &requeues, &revisions, &progress, &hold_times,
          &refusals, &interrupted}) {
      all.push_back(column->Sparse());
    }
    for (const PgArray* column : more) all.push_back(column->str());
    return all;
  }
};

// The list of arrays for unnest that goes with TicketColumns, the names that it gets, and what
// they say: most tickets of a batch have nothing in most columns.
constexpr char kTicketArrays[] =
    "$1::text[], $2::text[], $3::text[], $4::smallint[], $5::timestamptz[], $6::timestamptz[], "
    "$7::text[], $8::text[], $9::text[], $10::text[], $11::integer[], $12::bigint[], "
    "$13::bigint[], $14::timestamptz[], $15::integer[], $16::boolean[]";
constexpr char kTicketNames[] = "id, q, pa, s, at, et, a, an, asg, er, rc, r, pr, ht, rf, i";
constexpr char kTicketValues[] =
    "coalesce(q, ''), coalesce(pa, ''), s, at, et, coalesce(a, ''), coalesce(an, ''), "
    "coalesce(asg, ''), coalesce(er, ''), coalesce(rc, 0), coalesce(r, 0), coalesce(pr, 0), ht, "
    "coalesce(rf, 0), coalesce(i, false)";

void SaveTickets(Script& script, const Workspace& workspace) {
  TicketColumns created, changed;
  PgArray pools, customers, create_times, bodies, from_states, from_revisions;
  for (const auto& [ticket_id, slot] : workspace.tickets) {
    if (!slot.changed()) continue;
    if (slot.existed) {
      changed.Add(slot.ticket);
      from_states.Int(static_cast<int>(slot.loaded_state));
      from_revisions.Int(slot.loaded_revision);
    } else {
      created.Add(slot.ticket);
      pools.Text(slot.ticket.pool_id);
      customers.Text(slot.ticket.customer_id);
      create_times.Time(slot.ticket.create_time);
      bodies.Bytes(SerializeTicket(slot.ticket));
    }
  }
  if (created.ids.size() > 0) {
    script.Add(kInsertTickets, created.With({&pools, &customers, &create_times, &bodies}));
  }
  if (changed.ids.size() > 0) {
    script.Add(kUpdateTickets, changed.With({&from_states, &from_revisions}));
  }
}

// Nobody goes on from where another has: of two that try, one finds the row of the other. Whoever
// has a pool's lock may change its queues, whose counts have to be where they were read, too.
constexpr char kMoveOnSql[] = R"sql(
  WITH held AS (
    SELECT pool_id FROM intake.pool WHERE pool_id = ANY ($1::text[])
     ORDER BY pool_id FOR NO KEY UPDATE),
  moved AS (
    INSERT INTO intake.pool_change (pool_id, from_revision, to_revision, ticket_ids, change_time)
    SELECT p, f, t, i::text[], $5::timestamptz
      FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) AS v (p, f, t, i)
      JOIN held ON held.pool_id = p
    ON CONFLICT DO NOTHING
    RETURNING 1),
  counted AS (
    SELECT v.*, n.place, n.changes
      FROM unnest($6::text[], $7::text[], $8::bigint[], $9::bigint[])
           AS v (pool_id, queue_id, waiting, live)
      LEFT JOIN LATERAL (
        SELECT ctid AS place, changes FROM intake.queue_count c
         WHERE c.pool_id = v.pool_id AND c.queue_id = v.queue_id
         ORDER BY c.generation DESC LIMIT 1) AS n ON true),
  changed AS (
    UPDATE intake.queue_count c
       SET changes = c.changes + 1, waiting = v.waiting, live = v.live
      FROM counted v WHERE c.ctid = v.place AND c.changes = v.changes
    RETURNING 1),
  added AS (
    INSERT INTO intake.queue_count (pool_id, queue_id, changes, waiting, live)
    SELECT pool_id, queue_id, 0, waiting, live FROM counted WHERE place IS NULL
    RETURNING 1)
  SELECT CASE WHEN pools <> cardinality($1::text[])
              THEN intake.expect(pools, cardinality($1::text[]), 'move pool on')
              WHEN queues <> cardinality($6::text[])
              THEN intake.expect(queues, cardinality($6::text[]), 'count queue') END
    FROM (SELECT (SELECT count(*) FROM moved) AS pools,
                 (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) AS queues)
         AS done)sql";

void PrepareSavePools(pqxx::connection& connection) {
  PrepareNow(connection, kDeletePools, "DELETE FROM intake.pool WHERE pool_id = ANY ($1::text[])");
  PrepareNow(connection, kDeleteQueuesOf,
             "WITH counts AS (DELETE FROM intake.queue_count WHERE pool_id = ANY ($1::text[])) "
             "DELETE FROM intake.queue WHERE pool_id = ANY ($1::text[])");
  PrepareNow(connection, kRememberPools,
             "INSERT INTO intake.deleted_pool (pool_id, revision, delete_time, swept) "
             "SELECT p, r, $3::timestamptz, false "
             "FROM unnest($1::text[], $2::bigint[]) AS v (p, r) "
             "ON CONFLICT (pool_id) DO UPDATE SET revision = excluded.revision, "
             "delete_time = excluded.delete_time, swept = false");
  // Another node may have made the same pool meanwhile: there was no row to lock.
  PrepareNow(connection, kInsertPools,
             Expecting(kSchema,
                       "INSERT INTO intake.pool (pool_id, display_name, update_revision, "
                       "base_revision, purged_revision, create_time, update_time, rules) "
                       "SELECT p, n, u, b, b, c, t, y FROM unnest($1::text[], $2::text[], "
                       "$3::bigint[], $4::bigint[], $5::timestamptz[], "
                       "$6::timestamptz[], $7::bytea[]) AS v (p, n, u, b, c, t, y) ORDER BY p "
                       "ON CONFLICT (pool_id) DO NOTHING",
                       "create pool"));
  PrepareNow(connection, kUpdatePools,
             Expecting(kSchema,
                       "UPDATE intake.pool SET update_revision = v.u, "
                       "display_name = v.n, update_time = v.t, rules = v.y "
                       "FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], "
                       "$5::bytea[]) AS v (p, u, n, t, y) WHERE pool_id = v.p",
                       "update pool"));
}

void PrepareSaveQueues(pqxx::connection& connection) {
  PrepareNow(connection, kDeleteQueues,
             "WITH gone AS (INSERT INTO intake.deleted_queue (pool_id, queue_id, revision, "
             "delete_time) SELECT p, q, r, $4::timestamptz FROM unnest($1::text[], "
             "$2::text[], $3::bigint[]) AS v (p, q, r) RETURNING pool_id, queue_id), "
             "counts AS (DELETE FROM intake.queue_count c USING gone "
             "WHERE c.pool_id = gone.pool_id AND c.queue_id = gone.queue_id) "
             "DELETE FROM intake.queue USING gone WHERE queue.pool_id = gone.pool_id "
             "AND queue.queue_id = gone.queue_id");
  PrepareNow(
      connection, kPutQueues,
      absl::StrCat("INSERT INTO intake.queue (", kQueueColumns,
                   ") SELECT * FROM unnest($1::text[], $2::text[], $3::text[], "
                   "$4::text[], $5::integer[], $6::bigint[], $7::bigint[], $8::bigint[], "
                   "$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::timestamptz[], "
                   "$14::timestamptz[], $15::bytea[]) "
                   "ON CONFLICT (pool_id, queue_id) DO UPDATE SET (display_name, required_skills, "
                   "weight, priority_ahead_ms, target_wait_ms, offer_timeout_ms, time_to_live_ms, "
                   "after_work_time_ms, most_waiting, revision, create_time, update_time, rules) = "
                   "(excluded.display_name, excluded.required_skills, excluded.weight, "
                   "excluded.priority_ahead_ms, excluded.target_wait_ms, "
                   "excluded.offer_timeout_ms, excluded.time_to_live_ms, "
                   "excluded.after_work_time_ms, excluded.most_waiting, excluded.revision, "
                   "excluded.create_time, excluded.update_time, excluded.rules)"));
  PrepareNow(connection, kMoveOn, kMoveOnSql);
}

void PrepareSaveTickets(pqxx::connection& connection) {
  PrepareNow(
      connection, kInsertTickets,
      absl::StrCat("INSERT INTO intake.ticket (ticket_id, queue_id, preferred_agent_id, state, "
                   "assign_time, end_time, agent_id, agent_display_name, assignment_id, "
                   "end_reason, requeue_count, revision, progress_revision, hold_time, "
                   "refusal_count, interrupted, pool_id, customer_id, create_time, body) SELECT "
                   "id, ",
                   kTicketValues, ", p, c, ct, b FROM unnest(", kTicketArrays,
                   ", $17::text[], $18::text[], $19::timestamptz[], $20::bytea[]) AS v (",
                   kTicketNames, ", p, c, ct, b)"));
  // Only what is in the state that the decision was made on. The pool's lock makes sure of it; this
  // makes sure of the lock. Each is found by itself, and then by its place: a join might walk the
  // index of a table that has few rows and many dead ones.
  PrepareNow(
      connection, kUpdateTickets,
      Expecting(kSchema,
                absl::StrCat(
                    "UPDATE intake.ticket t SET (queue_id, preferred_agent_id, state, assign_time, "
                    "end_time, agent_id, agent_display_name, assignment_id, end_reason, "
                    "requeue_count, revision, progress_revision, hold_time, refusal_count, "
                    "interrupted) = (",
                    kTicketValues, ") FROM unnest(", kTicketArrays,
                    ", $17::smallint[], $18::bigint[]) AS v (", kTicketNames,
                    ", from_state, from_revision) CROSS JOIN LATERAL (SELECT "
                    "ctid AS place FROM intake.ticket WHERE ticket_id = v.id LIMIT 1) AS found "
                    "WHERE t.ctid = found.place "
                    "AND t.state = v.from_state AND t.revision = v.from_revision"),
                "update ticket"));
}

}  // namespace

void PrepareSave(pqxx::connection& connection) {
  PrepareSavePools(connection);
  PrepareSaveQueues(connection);
  PrepareSaveTickets(connection);
}

void Save(Script& script, const Workspace& workspace, absl::Time now) {
  DeletePools(script, workspace, now);
  InsertPools(script, workspace);
  MoveOn(script, workspace, now);
  UpdatePools(script, workspace);
  DeleteQueues(script, workspace, now);
  PutQueues(script, workspace);
  SaveTickets(script, workspace);
}

}  // namespace muster::intake
