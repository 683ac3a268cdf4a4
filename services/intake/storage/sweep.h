// Deletes what nobody can ask for any more, a bounded number of rows at a time.
//
// Threading: inside a transaction each. They throw what libpqxx throws.
//
//   report.tickets = SweepTickets(tx);
#pragma once

#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

// Answers older than kRequestMemory.
int64_t SweepRequests(pqxx::work& tx, absl::Time now);
// Tickets of deleted pools.
int64_t SweepTickets(pqxx::work& tx);
// Deleted queues older than kDeletedQueueMemory: feeds from before them get OUT_OF_RANGE.
int64_t SweepDeletedQueues(pqxx::work& tx, absl::Time now);

}  // namespace muster::intake
