#include "services/availability/storage/nodes.h"

#include "common/db/values.h"

namespace muster::availability {
namespace {

constexpr int kMovesForgottenAtOnce = 5'000;
// A lease that seems to end later than this was written by a clock that has been set back since.
#define MUSTER_ALIVE                      \
  "(lease_until > clock_timestamp() AND " \
  "lease_until <= clock_timestamp() + interval '60 seconds')"

constexpr char kFormer[] = "SELECT taken_over FROM availability.node WHERE node_id = $1 FOR UPDATE";

constexpr char kRenew[] =
    "INSERT INTO availability.node AS n (node_id, address, lease_until)"
    " VALUES ($1, $2, clock_timestamp() + $3::bigint * interval '1 microsecond')"
    " ON CONFLICT (node_id) DO UPDATE SET address = excluded.address,"
    "   lease_until = excluded.lease_until, taken_over = false";

constexpr char kNodes[] =
    "SELECT node_id, address, " MUSTER_ALIVE " FROM availability.node ORDER BY node_id LIMIT 1000";

constexpr char kTakeMoves[] =
    "DELETE FROM availability.moved_session WHERE node_id = $1"
    " RETURNING node_id, pool_id, agent_id, session_id";

constexpr char kLeave[] =
    "UPDATE availability.node SET lease_until = clock_timestamp() WHERE node_id = $1";

constexpr char kTakeOver[] =
    "UPDATE availability.node SET taken_over = true WHERE node_id = $1 AND NOT " MUSTER_ALIVE;

constexpr char kForget[] =
    "DELETE FROM availability.node WHERE node_id = $1 AND taken_over AND NOT " MUSTER_ALIVE;

constexpr char kForgetMoves[] =
    "DELETE FROM availability.moved_session WHERE ctid = ANY (ARRAY("
    "SELECT ctid FROM availability.moved_session WHERE move_time < $1 LIMIT $2))";

#undef MUSTER_ALIVE

}  // namespace

NodeNews RenewNodeIn(pqxx::work& tx, const Node& node, absl::Duration lease) {
  NodeNews news;
  const pqxx::result former = tx.exec_params(kFormer, node.node_id);
  news.was_known = !former.empty();
  news.taken_over = !former.empty() && former[0][0].as<bool>();
  tx.exec_params(kRenew, node.node_id, node.address, absl::ToInt64Microseconds(lease));
  for (const pqxx::row& row : tx.exec(kNodes)) {
    if (row[2].as<bool>()) {
      news.alive.push_back({TextOf(row[0]), TextOf(row[1])});
    } else {
      news.silent.push_back(TextOf(row[0]));
    }
  }
  for (const pqxx::row& row : tx.exec_params(kTakeMoves, node.node_id)) {
    news.moved.push_back({TextOf(row[0]), {TextOf(row[1]), TextOf(row[2])}, TextOf(row[3])});
  }
  return news;
}

void LeaveNodeIn(pqxx::work& tx, const std::string& node_id) { tx.exec_params(kLeave, node_id); }

bool TakeOverNodeIn(pqxx::work& tx, const std::string& node_id) {
  return tx.exec_params(kTakeOver, node_id).affected_rows() > 0;
}

std::vector<HeldSession> SessionsHeldBy(pqxx::work& tx, const std::string& node_id) {
  std::vector<HeldSession> held;
  for (const pqxx::row& row :
       tx.exec_params("SELECT pool_id, agent_id, session_id FROM availability.agent"
                      " WHERE node_id = $1 AND (connected OR presence <> 1)",
                      node_id)) {
    held.push_back({{TextOf(row[0]), TextOf(row[1])}, TextOf(row[2])});
  }
  return held;
}

void ForgetNodeIn(pqxx::work& tx, const std::string& node_id) { tx.exec_params(kForget, node_id); }

void ForgetMoves(pqxx::work& tx, absl::Time cutoff) {
  tx.exec_params(kForgetMoves, ToTimestamp(cutoff), kMovesForgottenAtOnce);
}

}  // namespace muster::availability
