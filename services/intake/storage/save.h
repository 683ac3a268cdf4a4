// Writes back what a batch changed.
//
// Threading: inside the committer's transaction. The script throws what libpqxx throws, and
// pqxx::serialization_failure if a row is not what was loaded: the batch is then run again.
//
//   Save(script, workspace, now);
//   script.Run();
#pragma once

#include "absl/time/time.h"
#include "common/db/script.h"
#include "services/intake/domain/workspace.h"

namespace muster::intake {

// Prepares the statements of Save on a new connection.
void PrepareSave(pqxx::connection& connection);

void Save(Script& script, const Workspace& workspace, absl::Time now);

}  // namespace muster::intake
