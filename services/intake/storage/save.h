// Writes back what a batch changed.
//
// Threading: inside the committer's transaction. Throws what libpqxx throws, and
// pqxx::serialization_failure if a row is not what was loaded: the batch is then run again.
//
//   Save(tx, workspace, now);
#pragma once

#include "absl/time/time.h"
#include "common/db/pqxx_compat.h"
#include "services/intake/domain/workspace.h"

namespace muster::intake {

// Prepares the statements of Save on a new connection.
void PrepareSave(pqxx::connection& connection);

void Save(pqxx::work& tx, const Workspace& workspace, absl::Time now);

}  // namespace muster::intake
