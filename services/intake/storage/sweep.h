// Deletes what nobody can ask for any more, a bounded number of rows at a time.
//
// Threading: inside a transaction each. They throw what libpqxx throws.
//
//   report.tickets = SweepDeletedPools(tx);
#pragma once

#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

// Answers older than kRequestMemory.
int64_t SweepRequests(pqxx::work& tx, absl::Time now);
// Tickets of deleted pools, and their changes; the number of tickets.
int64_t SweepDeletedPools(pqxx::work& tx);

struct SweptChanges {
  int64_t changes = 0;
  int64_t deleted_queues = 0;
};
// Of one pool, those older than kChangeMemory: feeds from before them get OUT_OF_RANGE.
SweptChanges SweepChanges(pqxx::work& tx, absl::Time now);

}  // namespace muster::intake
