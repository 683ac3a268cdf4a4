#include "services/matcher/storage/queries.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/db/values.h"
#include "services/matcher/domain/work_id.h"
#include "services/matcher/storage/rows.h"

namespace muster::matcher {
namespace {

template <class State>
std::string StateArray(const std::vector<State>& states) {
  std::vector<int64_t> numbers;
  for (State state : states) numbers.push_back(static_cast<int>(state));
  return IntArray(numbers);
}

std::vector<Assignment> Assignments(const pqxx::result& rows) {
  std::vector<Assignment> assignments;
  assignments.reserve(rows.size());
  for (const auto& row : rows) assignments.push_back(AssignmentOf(row));
  return assignments;
}

std::vector<Offer> Offers(const pqxx::result& rows) {
  std::vector<Offer> offers;
  offers.reserve(rows.size());
  for (const auto& row : rows) offers.push_back(OfferOf(row));
  return offers;
}

}  // namespace

std::vector<Assignment> SelectLiveAssignments(pqxx::work& tx, const std::string& pool_id) {
  return Assignments(
      tx.exec_params(absl::StrCat("SELECT ", kAssignmentColumns,
                                  " FROM matcher.assignment "
                                  "WHERE pool_id = $1 AND end_time IS NULL ORDER BY sequence"),
                     pool_id));
}

std::vector<Assignment> SelectLatestAssignments(pqxx::work& tx, const std::string& pool_id,
                                                const std::vector<std::string>& ticket_ids) {
  return Assignments(tx.exec_params(
      absl::StrCat("SELECT a.* FROM unnest($2::text[]) AS i (ticket_id) CROSS JOIN LATERAL "
                   "(SELECT ",
                   kAssignmentColumns,
                   " FROM matcher.assignment m "
                   "  WHERE m.pool_id = $1 AND m.ticket_id = i.ticket_id "
                   "  ORDER BY sequence DESC LIMIT 1) a"),
      pool_id, TextArray(ticket_ids)));
}

std::vector<TicketMove> SelectMoves(pqxx::work& tx, const std::string& pool_id,
                                    const std::vector<std::string>& ticket_ids) {
  std::vector<TicketMove> moves;
  for (const auto& row :
       tx.exec_params(absl::StrCat("SELECT DISTINCT ON (ticket_id) ", kMoveColumns,
                                   " FROM matcher.ticket_move "
                                   "WHERE pool_id = $1 AND ticket_id = ANY($2::text[]) "
                                   "ORDER BY ticket_id, progress_revision DESC"),
                      pool_id, TextArray(ticket_ids))) {
    moves.push_back(MoveOf(row));
  }
  return moves;
}

absl::StatusOr<Offer> SelectOffer(pqxx::work& tx, const std::string& offer_id) {
  std::optional<WorkId> work = ParseWorkId(offer_id);
  if (!work) return NotFound("offer", offer_id);
  std::vector<Offer> found = Offers(
      tx.exec_params(absl::StrCat("SELECT ", kOfferColumns,
                                  " FROM matcher.offer WHERE pool_id = $1 AND sequence = $2"),
                     work->pool_id, work->Sequence()));
  if (found.empty()) return NotFound("offer", offer_id);
  return found.front();
}

absl::StatusOr<Assignment> SelectAssignment(pqxx::work& tx, const std::string& assignment_id) {
  std::optional<WorkId> work = ParseWorkId(assignment_id);
  if (!work) return NotFound("assignment", assignment_id);
  std::vector<Assignment> found = Assignments(
      tx.exec_params(absl::StrCat("SELECT ", kAssignmentColumns,
                                  " FROM matcher.assignment WHERE pool_id = $1 AND sequence = $2"),
                     work->pool_id, work->Sequence()));
  if (found.empty()) return NotFound("assignment", assignment_id);
  return found.front();
}

std::vector<Offer> SelectOffers(pqxx::work& tx, const OfferQuery& query) {
  int64_t before =
      query.before_sequence == 0 ? std::numeric_limits<int64_t>::max() : query.before_sequence;
  return Offers(
      tx.exec_params(absl::StrCat("SELECT ", kOfferColumns,
                                  " FROM matcher.offer "
                                  "WHERE pool_id = $1 AND sequence < $2 "
                                  "AND (cardinality($3::int[]) = 0 OR state = ANY($3::int[])) "
                                  "AND ($4 = '' OR agent_id = $4) AND ($5 = '' OR ticket_id = $5) "
                                  "ORDER BY sequence DESC LIMIT $6"),
                     query.pool_id, before, StateArray(query.states), query.agent_id,
                     query.ticket_id, std::clamp(query.limit, 1, kMaxPageSize + 1)));
}

std::vector<Assignment> SelectAssignments(pqxx::work& tx, const AssignmentQuery& query) {
  int64_t from = query.after_sequence;
  if (from == 0 && !query.oldest_first) from = std::numeric_limits<int64_t>::max();
  return Assignments(
      tx.exec_params(absl::StrCat("SELECT ", kAssignmentColumns,
                                  " FROM matcher.assignment "
                                  "WHERE pool_id = $1 AND sequence ",
                                  query.oldest_first ? ">" : "<",
                                  " $2 "
                                  "AND (cardinality($3::int[]) = 0 OR state = ANY($3::int[])) "
                                  "AND ($4 = '' OR agent_id = $4) AND ($5 = '' OR ticket_id = $5) "
                                  "AND ($6 = '' OR queue_id = $6) "
                                  "ORDER BY sequence ",
                                  query.oldest_first ? "ASC" : "DESC", " LIMIT $7"),
                     query.pool_id, from, StateArray(query.states), query.agent_id, query.ticket_id,
                     query.queue_id, std::clamp(query.limit, 1, kMaxPageSize + 1)));
}

std::vector<RecordedDecision> SelectDecisions(pqxx::work& tx, const DecisionQuery& query) {
  const bool by_ticket = !query.ticket_id.empty();
  int64_t before =
      query.before_sequence == 0 ? std::numeric_limits<int64_t>::max() : query.before_sequence;
  std::vector<RecordedDecision> decisions;
  for (const auto& row : tx.exec_params(
           absl::StrCat("SELECT d.sequence, d.ticket_id, d.agent_id, d.decide_time, d.body, "
                        "o.state, o.reason, o.end_time FROM matcher.decision d "
                        "LEFT JOIN LATERAL (SELECT state, reason, end_time FROM matcher.offer o "
                        "WHERE o.pool_id = d.pool_id AND o.sequence = d.sequence LIMIT 1) o "
                        "ON true WHERE d.pool_id = $1 AND d.",
                        by_ticket ? "ticket_id" : "agent_id",
                        " = $2 AND d.sequence < $3 ORDER BY d.sequence DESC LIMIT $4"),
           query.pool_id, by_ticket ? query.ticket_id : query.agent_id, before,
           std::clamp(query.limit, 1, kMaxPageSize + 1))) {
    RecordedDecision& recorded = decisions.emplace_back();
    recorded.decision = {
        .offer_id = WorkId::FromSequence(query.pool_id, row[0].as<int64_t>()).ToString(),
        .ticket_id = TextOf(row[1]),
        .agent_id = TextOf(row[2]),
        .time = TimeOf(row[3]),
        .body = BytesOf(row[4])};
    if (row[5].is_null()) continue;
    recorded.outcome = static_cast<OfferState>(row[5].as<int>());
    recorded.outcome_reason = TextOf(row[6]);
    recorded.outcome_time = OptionalTimeOf(row[7]);
  }
  return decisions;
}

// In order of end_time, which no index but BRIN has: so that one is used, and not a walk back over
// everything that the pool ever did.
History SelectHistory(pqxx::work& tx, const std::string& pool_id, absl::Time since) {
  History history;
  std::string newest = absl::StrCat(
      " WHERE pool_id = $1 AND end_time >= $2::timestamptz "
      "ORDER BY end_time DESC LIMIT ",
      kMaxHistory);
  history.offers = Offers(
      tx.exec_params(absl::StrCat("SELECT ", kOfferColumns, " FROM matcher.ended_offer", newest),
                     pool_id, ToTimestamp(since)));
  std::reverse(history.offers.begin(), history.offers.end());
  history.assignments = Assignments(tx.exec_params(
      absl::StrCat("SELECT ", kAssignmentColumns, " FROM matcher.ended_assignment", newest),
      pool_id, ToTimestamp(since)));
  std::reverse(history.assignments.begin(), history.assignments.end());
  std::vector<Assignment> live = SelectLiveAssignments(tx, pool_id);
  std::move(live.begin(), live.end(), std::back_inserter(history.assignments));
  return history;
}

std::optional<AnsweredRequest> SelectRequest(pqxx::work& tx, const std::string& request_id) {
  pqxx::result rows = tx.exec_params(
      "SELECT fingerprint, answer FROM matcher.request WHERE request_id = $1", request_id);
  if (rows.empty()) return std::nullopt;
  return AnsweredRequest{rows[0][0].as<int64_t>(), BytesOf(rows[0][1])};
}

}  // namespace muster::matcher
