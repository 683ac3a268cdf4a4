// Reads what the services have on record, straight from their schemas: the checker trusts no
// service.
//
//   Records records = ReadRecords(database_url);
//   Unfinished left = CountUnfinished(database_url);
//
// Threading: pure functions, each with a connection of its own. They throw what libpqxx throws.
#pragma once

#include <cstdint>
#include <string>

#include "tests/faults/records.h"

namespace muster::faults {

struct Unfinished {
  int64_t tickets = 0;      // neither resolved, cancelled nor expired
  int64_t assignments = 0;  // still in hand
};

Records ReadRecords(const std::string& database_url);
Unfinished CountUnfinished(const std::string& database_url);

}  // namespace muster::faults
