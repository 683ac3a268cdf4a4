#include "services/matcher/storage/rows.h"

#include <string>

#include "common/db/values.h"
#include "services/matcher/domain/work_id.h"

namespace muster::matcher {
namespace {

std::string IdOf(const pqxx::field& pool_id, const pqxx::field& sequence) {
  return WorkId::FromSequence(pool_id.c_str(), sequence.as<int64_t>()).ToString();
}

}  // namespace

Assignment AssignmentOf(const pqxx::row& row) {
  return {.assignment_id = IdOf(row[0], row[1]),
          .pool_id = TextOf(row[0]),
          .ticket_id = TextOf(row[2]),
          .queue_id = TextOf(row[3]),
          .agent_id = TextOf(row[4]),
          .weight = row[5].as<int>(),
          .state = static_cast<AssignmentState>(row[6].as<int>()),
          .end_reason = TextOf(row[15]),
          .disposition = TextOf(row[16]),
          .note = TextOf(row[17]),
          .ticket_create_time = TimeOf(row[7]),
          .offer_time = TimeOf(row[8]),
          .offer_receive_time = OptionalTimeOf(row[9]),
          .offer_expire_time = TimeOf(row[10]),
          .accept_time = TimeOf(row[11]),
          .wrap_up_time = OptionalTimeOf(row[12]),
          .wrap_up_until = OptionalTimeOf(row[13]),
          .end_time = OptionalTimeOf(row[14])};
}

Recorded RecordedOf(const pqxx::row& row) { return {AssignmentOf(row), TextOf(row[18])}; }

Offer OfferOf(const pqxx::row& row) {
  return {.offer_id = IdOf(row[0], row[1]),
          .pool_id = TextOf(row[0]),
          .ticket_id = TextOf(row[2]),
          .queue_id = TextOf(row[3]),
          .agent_id = TextOf(row[4]),
          .state = static_cast<OfferState>(row[5].as<int>()),
          .reason = TextOf(row[6]),
          .ticket_create_time = TimeOf(row[7]),
          .create_time = TimeOf(row[8]),
          .receive_time = OptionalTimeOf(row[9]),
          .expire_time = TimeOf(row[10]),
          .end_time = OptionalTimeOf(row[11])};
}

TicketMove MoveOf(const pqxx::row& row) {
  return {.pool_id = TextOf(row[0]),
          .ticket_id = TextOf(row[1]),
          .queue_id = TextOf(row[3]),
          .preferred_agent_id = TextOf(row[4]),
          .interrupted = row[8].as<bool>(),
          .reason = TextOf(row[5]),
          .ended_assignment_id = row[6].is_null() ? "" : IdOf(row[0], row[6]),
          .time = TimeOf(row[7]),
          .progress_revision = row[2].as<int64_t>()};
}

}  // namespace muster::matcher
