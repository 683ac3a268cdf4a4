#include "tests/faults/read_records.h"

#include "common/db/pqxx_compat.h"
#include "muster/availability/v1/agent.pb.h"
#include "muster/intake/v1/ticket.pb.h"
#include "muster/matcher/v1/matcher.pb.h"
#include "services/matcher/domain/work_id.h"

namespace muster::faults {
namespace {

// "TICKET_STATE_QUEUED" to "QUEUED".
std::string Tail(const std::string& name, const std::string& prefix) {
  return name.compare(0, prefix.size(), prefix) == 0 ? name.substr(prefix.size()) : name;
}

void ReadTickets(pqxx::nontransaction& tx, Records& records) {
  const pqxx::result rows = tx.exec(
      "SELECT ticket_id, pool_id, customer_id, state, agent_id, assignment_id, body "
      "FROM intake.ticket ORDER BY ticket_id");
  for (const auto& row : rows) {
    const pqxx::binarystring bytes(row[6]);
    intake::v1::Ticket body;
    body.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    const auto state = static_cast<intake::v1::TicketState>(row[3].as<int>());
    records.tickets.push_back({row[0].c_str(), row[1].c_str(), row[2].c_str(), body.request_id(),
                               Tail(intake::v1::TicketState_Name(state), "TICKET_STATE_"),
                               row[4].c_str(), row[5].c_str()});
  }
}

void ReadAssignments(pqxx::nontransaction& tx, Records& records) {
  const pqxx::result rows = tx.exec(
      "SELECT pool_id, sequence, ticket_id, agent_id, weight, state, end_reason, disposition, "
      "request_id, (extract(epoch FROM accept_time) * 1e6)::bigint, "
      "coalesce((extract(epoch FROM end_time) * 1e6)::bigint, 0) "
      "FROM matcher.assignment ORDER BY pool_id, sequence");
  for (const auto& row : rows) {
    const matcher::WorkId id = matcher::WorkId::FromSequence(row[0].c_str(), row[1].as<int64_t>());
    const auto state = static_cast<matcher::v1::AssignmentState>(row[5].as<int>());
    records.assignments.push_back(
        {.assignment_id = id.ToString(),
         .pool_id = row[0].c_str(),
         .ticket_id = row[2].c_str(),
         .agent_id = row[3].c_str(),
         .weight = row[4].as<int>(),
         .state = Tail(matcher::v1::AssignmentState_Name(state), "ASSIGNMENT_STATE_"),
         .end_reason = row[6].c_str(),
         .disposition = row[7].c_str(),
         .request_id = row[8].c_str(),
         .epoch = static_cast<int64_t>(id.epoch),
         .accept_us = row[9].as<int64_t>(),
         .end_us = row[10].as<int64_t>()});
  }
}

void ReadAgents(pqxx::nontransaction& tx, Records& records) {
  const pqxx::result rows = tx.exec(
      "SELECT a.pool_id, a.agent_id, a.capacity, a.presence, a.presence_reason, "
      "coalesce(l.units, 0), coalesce(l.capacity, 0) FROM availability.agent a "
      "LEFT JOIN matcher.agent_load l USING (pool_id, agent_id) ORDER BY 1, 2");
  for (const auto& row : rows) {
    const auto presence = static_cast<availability::v1::Presence>(row[3].as<int>());
    records.agents.push_back({row[0].c_str(), row[1].c_str(), row[2].as<int>(),
                              Tail(availability::v1::Presence_Name(presence), "PRESENCE_"),
                              row[4].c_str(), row[5].as<int>(), row[6].as<int>()});
  }
}

void ReadPools(pqxx::nontransaction& tx, Records& records) {
  const pqxx::result rows = tx.exec(
      "SELECT pool_id, epoch, (extract(epoch FROM taken_at) * 1e6)::bigint FROM matcher.pool "
      "ORDER BY pool_id");
  for (const auto& row : rows) {
    records.pools.push_back({row[0].c_str(), row[1].as<int64_t>(), row[2].as<int64_t>()});
  }
}

}  // namespace

Records ReadRecords(const std::string& database_url) {
  pqxx::connection connection(database_url);
  pqxx::nontransaction tx(connection);
  Records records;
  ReadTickets(tx, records);
  ReadAssignments(tx, records);
  ReadAgents(tx, records);
  ReadPools(tx, records);
  return records;
}

Unfinished CountUnfinished(const std::string& database_url) {
  pqxx::connection connection(database_url);
  pqxx::nontransaction tx(connection);
  const pqxx::result row = tx.exec(
      "SELECT (SELECT count(*) FROM intake.ticket WHERE state IN (1, 2, 6)), "
      "(SELECT count(*) FROM matcher.live_assignment)");
  return {row[0][0].as<int64_t>(), row[0][1].as<int64_t>()};
}

}  // namespace muster::faults
