// Brings a service's schema up to date at start.
//
// Migrations are files NNNN_name.sql, numbered from 1 without gaps, embedded in the program by
// CMake:  muster_embed_migrations(intake_migrations ${CMAKE_CURRENT_SOURCE_DIR}/migrations)
// makes library `intake_migrations` with header "intake_migrations.h", which declares
// `const std::vector<muster::Migration>& muster::intake_migrations()`.
//
//   MUSTER_RETURN_IF_ERROR(Migrate(options, "intake", intake_migrations()));
//
// Applied migrations are recorded in <schema>.migration with the SHA-256 of their text. All that
// are missing are applied in one transaction, under an advisory transaction lock: of two services
// that start at once, the second waits and finds nothing to do. A migration runs with search_path
// set to the schema alone (the schema exists by then), so its SQL need not name it, but may.
//
// Threading: blocks; call it at start, before serving.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/db/database.h"

namespace muster {

struct Migration {
  int number = 0;
  std::string name;  // "0001_tickets" without ".sql"
  std::string sql;
};

// FAILED_PRECONDITION MIGRATION_CHANGED: an applied migration's text is not what it was.
// FAILED_PRECONDITION MIGRATION_UNKNOWN: the database is newer than this program.
// INVALID_ARGUMENT: numbers are not 1, 2, 3...; a bad schema name.
// UNAVAILABLE: no database; the caller tries again.
absl::Status Migrate(const DatabaseOptions& options, std::string_view schema,
                     absl::Span<const Migration> migrations, absl::Time now = SystemClock().Now());

}  // namespace muster
