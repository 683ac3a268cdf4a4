// Deletes what nobody can ask for any more, and moves what is old, a bounded number of rows at a
// time.
//
// Threading: inside a transaction each. They throw what libpqxx throws.
//
//   report.requests = SweepRequests(tx, now);
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

// Answers older than kRequestMemory.
int64_t SweepRequests(pqxx::work& tx, absl::Time now);
struct SweptPool {
  int64_t tickets = 0;
  bool more = false;
};
// Of a deleted pool its tickets, its changes and what it knew of deleted queues.
SweptPool SweepDeletedPools(pqxx::work& tx);

struct ArchivedTickets {
  int64_t count = 0;
  std::string go_on_after;  // the id up to which all has been looked at; empty: the rest is young
};
// Of the next kMaxSwept tickets after this id (empty: from the oldest on), those that ended before
// `end` and are told by no feed any more. Live ones that are old stay, and are looked at again
// another time.
ArchivedTickets ArchiveTickets(pqxx::work& tx, absl::Time end, const std::string& after);

struct SweptChanges {
  int64_t changes = 0;
  int64_t deleted_queues = 0;
};
// Of one pool, those older than kChangeMemory: feeds from before them get OUT_OF_RANGE.
SweptChanges SweepChanges(pqxx::work& tx, absl::Time now);

}  // namespace muster::intake
