#include "services/matcher/storage/writes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/db/request_log.h"
#include "common/db/values.h"
#include "services/matcher/domain/work_id.h"
#include "services/matcher/storage/rows.h"

namespace muster::matcher {
namespace {

constexpr char kSchema[] = "matcher";

constexpr char kLockEpochs[] =
    "SELECT pool_id, epoch FROM matcher.pool WHERE pool_id = ANY($1::text[]) "
    "ORDER BY pool_id FOR SHARE";

constexpr char kExpectEpochs[] = R"sql(
  SELECT CASE WHEN held <> cardinality($1::text[])
              THEN matcher.expect(held, cardinality($1::text[]), 'hold pools') END
    FROM (SELECT count(*) AS held FROM (
      SELECT FROM matcher.pool p JOIN unnest($1::text[], $2::bigint[]) AS h (pool_id, epoch)
          ON p.pool_id = h.pool_id AND p.epoch = h.epoch
       ORDER BY p.pool_id FOR SHARE OF p) AS locked) AS counted)sql";

// An assignment that has ended is not made again when a batch is repeated. It is looked for in the
// order of the primary key, as the first not before: a plan made while the table is empty might
// take another index with these columns, which has to be walked through once it has grown.
constexpr char kInsertAssignments[] = R"sql(
  WITH input AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::int[],
                         $7::int[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],
                         $11::timestamptz[], $12::timestamptz[])
      AS i (pool_id, sequence, ticket_id, queue_id, agent_id, weight, capacity, ticket_create_time,
            offer_time, offer_receive_time, offer_expire_time, accept_time)),
  made AS (
    INSERT INTO matcher.live_assignment (pool_id, sequence, ticket_id, queue_id, agent_id, weight,
        state, ticket_create_time, offer_time, offer_receive_time, offer_expire_time, accept_time,
        capacity)
    SELECT pool_id, sequence, ticket_id, queue_id, agent_id, weight, 1, ticket_create_time,
           offer_time, offer_receive_time, offer_expire_time, accept_time, capacity
      FROM input i
     WHERE (SELECT e.sequence FROM matcher.ended_assignment e
             WHERE e.pool_id = i.pool_id AND e.sequence >= i.sequence
             ORDER BY e.pool_id, e.sequence LIMIT 1) IS DISTINCT FROM i.sequence
    ON CONFLICT DO NOTHING
    RETURNING pool_id, sequence, ticket_id, agent_id, weight, capacity, accept_time),
  newest AS (
    SELECT s.*, l.place, l.changes
      FROM (SELECT pool_id, agent_id, sum(weight)::int AS units,
                   (array_agg(capacity ORDER BY accept_time DESC, capacity DESC))[1] AS capacity
              FROM made GROUP BY pool_id, agent_id) AS s
      LEFT JOIN LATERAL (
        SELECT ctid AS place, changes FROM matcher.agent_load a
         WHERE a.pool_id = s.pool_id AND a.agent_id = s.agent_id
         ORDER BY a.generation DESC LIMIT 1) AS l ON true),
  loaded AS (
    UPDATE matcher.agent_load l
       SET changes = l.changes + 1, units = l.units + n.units, capacity = n.capacity
      FROM newest n WHERE l.ctid = n.place AND l.changes = n.changes
    RETURNING 1),
  added AS (
    INSERT INTO matcher.agent_load (pool_id, agent_id, changes, units, capacity)
    SELECT pool_id, agent_id, 0, units, capacity FROM newest WHERE place IS NULL)
  SELECT $columns,
         (SELECT CASE WHEN touched <> wanted
                      THEN matcher.expect(touched, wanted, 'load agents') END
            FROM (SELECT (SELECT count(*) FROM loaded) AS touched,
                         (SELECT count(*) FROM newest WHERE place IS NOT NULL) AS wanted) AS load)
    FROM made)sql";

// Live rows are few, and may have left many dead ones: the planner then takes a join that walks the
// whole index for cheaper than a look-up each. So each row is found by itself, and then by its
// place; if one has moved meanwhile, nothing is done. That is looked at first, and answered with a
// row of nulls if there is no other.
constexpr char kUpdateWrapUps[] = R"sql(
  WITH found AS (
    SELECT i.wrap_up_time, i.wrap_up_until, l.place
      FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[])
        AS i (pool_id, sequence, ticket_id, wrap_up_time, wrap_up_until)
      CROSS JOIN LATERAL (
        SELECT ctid AS place FROM matcher.live_assignment a
         WHERE a.pool_id = i.pool_id AND a.ticket_id = i.ticket_id AND a.sequence = i.sequence
           AND a.state = 1 LIMIT 1) AS l),
  changed AS (
    UPDATE matcher.live_assignment l
       SET state = 2, wrap_up_time = f.wrap_up_time, wrap_up_until = f.wrap_up_until
      FROM found f WHERE l.ctid = f.place AND l.state = 1
    RETURNING l.pool_id, l.sequence, l.ticket_id, l.agent_id)
  SELECT $columns, checked
    FROM (SELECT CASE WHEN touched <> wanted
                      THEN matcher.expect(touched, wanted, 'wrap up') END AS checked
            FROM (SELECT (SELECT count(*) FROM changed) AS touched,
                         (SELECT count(*) FROM found) AS wanted) AS counts) AS check_first
    LEFT JOIN changed ON true)sql";

constexpr char kMoveToEnded[] = R"sql(
  WITH found AS (
    SELECT i.end_state, i.end_time, i.end_reason, i.disposition, i.note, i.request_id, l.place
      FROM unnest($1::text[], $2::bigint[], $3::text[], $4::int[], $5::timestamptz[], $6::text[],
                  $7::text[], $8::text[], $9::text[])
        AS i (pool_id, sequence, ticket_id, end_state, end_time, end_reason, disposition, note,
              request_id)
      CROSS JOIN LATERAL (
        SELECT ctid AS place FROM matcher.live_assignment a
         WHERE a.pool_id = i.pool_id AND a.ticket_id = i.ticket_id AND a.sequence = i.sequence
         LIMIT 1) AS l),
  gone AS (
    DELETE FROM matcher.live_assignment l USING found f WHERE l.ctid = f.place
    RETURNING l.*, f.end_state, f.end_time, f.end_reason, f.disposition, f.note, f.request_id),
  newest AS (
    SELECT s.units, l.place, l.changes
      FROM (SELECT pool_id, agent_id, sum(weight)::int AS units FROM gone GROUP BY 1, 2) AS s
      LEFT JOIN LATERAL (
        SELECT ctid AS place, changes FROM matcher.agent_load a
         WHERE a.pool_id = s.pool_id AND a.agent_id = s.agent_id
         ORDER BY a.generation DESC LIMIT 1) AS l ON true),
  freed AS (
    UPDATE matcher.agent_load l SET changes = l.changes + 1, units = l.units - n.units
      FROM newest n WHERE l.ctid = n.place AND l.changes = n.changes
    RETURNING 1),
  ended AS (
    INSERT INTO matcher.ended_assignment (pool_id, sequence, ticket_id, queue_id, agent_id, weight,
        state, ticket_create_time, offer_time, offer_receive_time, offer_expire_time, accept_time,
        wrap_up_time, wrap_up_until, end_time, end_reason, disposition, note, request_id)
    SELECT pool_id, sequence, ticket_id, queue_id, agent_id, weight, end_state, ticket_create_time,
           offer_time, offer_receive_time, offer_expire_time, accept_time, wrap_up_time,
           wrap_up_until, end_time, end_reason, disposition, note, request_id FROM gone
    RETURNING $columns)
  SELECT $columns, checked
    FROM (SELECT CASE WHEN touched <> wanted
                      THEN matcher.expect(touched, wanted, 'end assignments') END AS checked
            FROM (SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM freed) AS touched,
                         (SELECT count(*) FROM found) + (SELECT count(*) FROM newest) AS wanted)
                 AS counts) AS check_first
    LEFT JOIN ended ON true)sql";

// Found in the order of the primary key, as above, and then by its place.
constexpr char kSetCustomersLeft[] = R"sql(
  UPDATE matcher.ended_assignment e SET end_reason = $4
    FROM unnest($1::text[], $2::bigint[], $3::text[]) AS i (p, s, t)
    CROSS JOIN LATERAL (
      SELECT f.ctid AS place, f.sequence AS its_sequence, f.ticket_id AS its_ticket
        FROM matcher.ended_assignment f
       WHERE f.pool_id = p AND f.sequence >= s ORDER BY f.pool_id, f.sequence LIMIT 1) AS found
   WHERE e.ctid = found.place AND its_sequence = s AND its_ticket = t AND e.state = 3
  RETURNING $columns)sql";

constexpr char kInsertOffers[] = R"sql(
  INSERT INTO matcher.ended_offer (pool_id, sequence, ticket_id, queue_id, agent_id, state, reason,
      ticket_create_time, create_time, receive_time, expire_time, end_time)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::smallint[],
      $7::text[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],
      $12::timestamptz[])
  ON CONFLICT DO NOTHING)sql";

constexpr char kInsertDecisions[] =
    "INSERT INTO matcher.decision (pool_id, sequence, ticket_id, agent_id, decide_time, body) "
    "SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], "
    "$6::bytea[]) ON CONFLICT (pool_id, sequence) DO NOTHING";

constexpr char kInsertMoves[] = R"sql(
  INSERT INTO matcher.ticket_move (pool_id, ticket_id, progress_revision, queue_id,
      preferred_agent_id, reason, ended_sequence, move_time, interrupted)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[],
      $7::bigint[], $8::timestamptz[], $9::boolean[])
  ON CONFLICT DO NOTHING)sql";

// The first three columns of most statements.
struct Keys {
  PgArray pools, sequences, tickets;
  void Add(const std::string& id, const std::string& ticket_id) {
    WorkId work = *ParseWorkId(id);  // Check() has seen to it
    pools.Text(work.pool_id);
    sequences.Int(work.Sequence());
    tickets.Text(ticket_id);
  }
};

// What most statements say of each row that they have changed.
constexpr char kTouchedColumns[] = "pool_id, sequence, ticket_id, agent_id";

Script::Use ById(TouchedById* by_id) {
  return [by_id](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) {
      if (row[0].is_null()) continue;  // nothing was done
      by_id->emplace(WorkId::FromSequence(row[0].c_str(), row[1].as<int64_t>()).ToString(),
                     Touched{row[2].c_str(), row[3].c_str()});
    }
  };
}

}  // namespace

void PrepareWrites(pqxx::connection& connection) {
  PlanOnce(connection);
  PrepareRequestLog(connection, kSchema);
  PrepareNow(connection, "lock_epochs", kLockEpochs);
  PrepareNow(connection, "expect_epochs", kExpectEpochs);
  const auto prepare_touching = [&](const char* name, const char* sql) {
    PrepareNow(connection, name, absl::StrReplaceAll(sql, {{"$columns", kTouchedColumns}}));
  };
  prepare_touching("insert_assignments", kInsertAssignments);
  prepare_touching("update_wrap_ups", kUpdateWrapUps);
  prepare_touching("move_to_ended", kMoveToEnded);
  prepare_touching("set_customers_left", kSetCustomersLeft);
  PrepareNow(connection, "insert_offers", kInsertOffers);
  PrepareNow(connection, "insert_decisions", kInsertDecisions);
  PrepareNow(connection, "insert_moves", kInsertMoves);
  PrepareNow(connection, "find_recorded",
             absl::StrCat("SELECT ", kAssignmentColumns,
                          " FROM unnest($1::text[], $2::bigint[]) AS i (p, s) CROSS JOIN LATERAL ("
                          "SELECT * FROM matcher.assignment WHERE pool_id = p AND sequence >= s "
                          "ORDER BY pool_id, sequence LIMIT 1) AS a WHERE sequence = s"));
}

void LockEpochs(Script& script, const std::set<std::string>& pool_ids,
                std::map<std::string, int64_t>* epochs) {
  PgArray pools;
  for (const std::string& pool_id : pool_ids) pools.Text(pool_id);
  script.Add("lock_epochs", {pools.str()}, [epochs](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) (*epochs)[row[0].c_str()] = row[1].as<int64_t>();
  });
}

void ExpectEpochs(Script& script, const std::map<std::string, int64_t>& epochs) {
  PgArray pools, numbers;
  for (const auto& [pool_id, epoch] : epochs) {
    pools.Text(pool_id);
    numbers.Int(epoch);
  }
  script.Add("expect_epochs", {pools.str(), numbers.str()});
}

void InsertAssignments(Script& script, const std::vector<const RecordAssignment*>& mutations,
                       TouchedById* made) {
  Keys keys;
  PgArray queues, agents, weights, capacities, created, offered, received, expiring, accepted;
  for (const RecordAssignment* mutation : mutations) {
    const Assignment& a = mutation->assignment;
    keys.Add(a.assignment_id, a.ticket_id);
    queues.Text(a.queue_id);
    agents.Text(a.agent_id);
    weights.Int(a.weight);
    capacities.Int(mutation->capacity);
    created.Time(a.ticket_create_time);
    offered.Time(a.offer_time);
    received.OptionalTime(a.offer_receive_time);
    expiring.Time(a.offer_expire_time);
    accepted.Time(a.accept_time);
  }
  script.Add("insert_assignments",
             {keys.pools.str(), keys.sequences.str(), keys.tickets.str(), queues.str(),
              agents.str(), weights.str(), capacities.str(), created.str(), offered.str(),
              received.str(), expiring.str(), accepted.str()},
             ById(made));
}

void UpdateWrapUps(Script& script, const std::vector<const StartWrapUp*>& mutations,
                   TouchedById* done) {
  Keys keys;
  PgArray started, until;
  for (const StartWrapUp* mutation : mutations) {
    keys.Add(mutation->assignment_id, mutation->ticket_id);
    started.Time(mutation->time);
    until.Time(mutation->until);
  }
  script.Add(
      "update_wrap_ups",
      {keys.pools.str(), keys.sequences.str(), keys.tickets.str(), started.str(), until.str()},
      ById(done));
}

void MoveToEnded(Script& script, const std::vector<const EndAssignment*>& mutations,
                 TouchedById* done) {
  Keys keys;
  PgArray states, times, reasons, dispositions, notes, requests;
  for (const EndAssignment* mutation : mutations) {
    keys.Add(mutation->assignment_id, mutation->ticket_id);
    states.Int(static_cast<int>(mutation->state));
    times.Time(mutation->time);
    reasons.Text(mutation->end_reason);
    dispositions.Text(mutation->disposition);
    notes.Text(mutation->note);
    requests.Text(mutation->request_id);
  }
  script.Add("move_to_ended",
             {keys.pools.str(), keys.sequences.str(), keys.tickets.str(), states.str(), times.str(),
              reasons.str(), dispositions.str(), notes.str(), requests.str()},
             ById(done));
}

void SetCustomersLeft(Script& script, const std::vector<const RecordCustomerLeft*>& mutations,
                      TouchedById* done) {
  Keys keys;
  for (const RecordCustomerLeft* mutation : mutations) {
    keys.Add(mutation->assignment_id, mutation->ticket_id);
  }
  script.Add("set_customers_left",
             {keys.pools.str(), keys.sequences.str(), keys.tickets.str(),
              std::string(end_reason::kCustomerLeft)},
             ById(done));
}

void InsertOffers(Script& script, const std::vector<const RecordOfferEnded*>& mutations) {
  Keys keys;
  PgArray queues, agents, states, reasons, ticket_times, created, received, expiring, ended;
  for (const RecordOfferEnded* mutation : mutations) {
    const Offer& offer = mutation->offer;
    keys.Add(offer.offer_id, offer.ticket_id);
    queues.Text(offer.queue_id);
    agents.Text(offer.agent_id);
    states.Int(static_cast<int>(offer.state));
    reasons.Text(offer.reason);
    ticket_times.Time(offer.ticket_create_time);
    created.Time(offer.create_time);
    received.OptionalTime(offer.receive_time);
    expiring.Time(offer.expire_time);
    ended.OptionalTime(offer.end_time);
  }
  script.Add("insert_offers",
             {keys.pools.str(), keys.sequences.str(), keys.tickets.str(), queues.str(),
              agents.str(), states.str(), reasons.str(), ticket_times.str(), created.str(),
              received.str(), expiring.str(), ended.str()});
}

void InsertDecisions(Script& script, const std::vector<const DecisionRecord*>& decisions) {
  Keys keys;
  PgArray agents, times, bodies;
  for (const DecisionRecord* decision : decisions) {
    keys.Add(decision->offer_id, decision->ticket_id);
    agents.Text(decision->agent_id);
    times.Time(decision->time);
    bodies.Bytes(decision->body);
  }
  script.Add("insert_decisions", {keys.pools.str(), keys.sequences.str(), keys.tickets.str(),
                                  agents.str(), times.str(), bodies.str()});
}

void InsertMoves(Script& script, const std::vector<const RecordMove*>& mutations) {
  PgArray pools, tickets, revisions, queues, agents, reasons, ended, times, interrupted;
  for (const RecordMove* mutation : mutations) {
    const TicketMove& move = mutation->move;
    pools.Text(move.pool_id);
    tickets.Text(move.ticket_id);
    revisions.Int(move.progress_revision);
    queues.Text(move.queue_id);
    agents.Text(move.preferred_agent_id);
    reasons.Text(move.reason);
    if (std::optional<WorkId> work = ParseWorkId(move.ended_assignment_id)) {
      ended.Int(work->Sequence());
    } else {
      ended.Null();
    }
    times.Time(move.time);
    interrupted.Bool(move.interrupted);
  }
  script.Add("insert_moves",
             {pools.str(), tickets.str(), revisions.str(), queues.str(), agents.str(),
              reasons.str(), ended.str(), times.str(), interrupted.str()});
}

void FindRecorded(Script& script, const std::vector<std::string>& ids,
                  std::map<std::string, Recorded>* found) {
  if (ids.empty()) return;
  PgArray pools, sequences;
  for (const std::string& id : ids) {
    WorkId work = *ParseWorkId(id);
    pools.Text(work.pool_id);
    sequences.Int(work.Sequence());
  }
  script.Add("find_recorded", {pools.str(), sequences.str()}, [found](const pqxx::result& rows) {
    for (const pqxx::row& row : rows) {
      Recorded recorded = RecordedOf(row);
      std::string id = recorded.assignment.assignment_id;
      found->emplace(std::move(id), std::move(recorded));
    }
  });
}

}  // namespace muster::matcher
