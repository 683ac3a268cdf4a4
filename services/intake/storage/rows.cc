#include "services/intake/storage/rows.h"

#include <stdexcept>

#include "common/base/errors.h"
#include "common/db/values.h"
#include "services/intake/convert/answer.h"
#include "services/intake/convert/rules.h"

namespace muster::intake {
namespace {

template <class T>
T Valued(absl::StatusOr<T> stored) {
  if (!stored.ok()) throw std::runtime_error(Describe(stored.status()));
  return *std::move(stored);
}

}  // namespace

Pool PoolOf(const pqxx::row& row) {
  return {.pool_id = TextOf(row[0]),
          .display_name = TextOf(row[1]),
          .rules = Valued(ParsePoolRules(BytesOf(row[6]))),
          .revision = row[2].as<int64_t>(),
          .update_revision = row[3].as<int64_t>(),
          .create_time = TimeOf(row[4]),
          .update_time = TimeOf(row[5])};
}

Queue QueueOf(const pqxx::row& row) {
  return {.pool_id = TextOf(row[0]),
          .queue_id = TextOf(row[1]),
          .display_name = TextOf(row[2]),
          .required_skills = ParseSkills(TextOf(row[3])),
          .weight = row[4].as<int>(),
          .priority_ahead = MillisOf(row[5]),
          .target_wait = MillisOf(row[6]),
          .offer_timeout = MillisOf(row[7]),
          .time_to_live = MillisOf(row[8]),
          .after_work_time = MillisOf(row[9]),
          .most_waiting = row[10].as<int64_t>(),
          .rules = Valued(ParseQueueRules(BytesOf(row[14]))),
          .revision = row[11].as<int64_t>(),
          .create_time = TimeOf(row[12]),
          .update_time = TimeOf(row[13])};
}

Ticket TicketOf(const pqxx::row& row) {
  Ticket ticket = Valued(ParseTicket(BytesOf(row[0])));
  ticket.queue_id = TextOf(row[1]);
  ticket.preferred_agent_id = TextOf(row[2]);
  ticket.state = static_cast<TicketState>(row[3].as<int>());
  ticket.assign_time = OptionalTimeOf(row[4]);
  ticket.end_time = OptionalTimeOf(row[5]);
  ticket.agent_id = TextOf(row[6]);
  ticket.agent_display_name = TextOf(row[7]);
  ticket.assignment_id = TextOf(row[8]);
  ticket.end_reason = TextOf(row[9]);
  ticket.requeue_count = row[10].as<int>();
  ticket.revision = row[11].as<int64_t>();
  ticket.progress_revision = row[12].as<int64_t>();
  ticket.hold_time = OptionalTimeOf(row[13]);
  ticket.refusal_count = row[14].as<int>();
  ticket.interrupted = row[15].as<bool>();
  return ticket;
}

}  // namespace muster::intake
