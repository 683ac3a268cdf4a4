// Loads what a batch needs, under the locks of its pools.
//
// Threading: inside the committer's transaction. Throws what libpqxx throws.
//
//   Workspace workspace = Load(tx, needs);
#pragma once

#include "common/db/pqxx_compat.h"
#include "services/intake/domain/workspace.h"

namespace muster::intake {

// Prepares the statements of Load on a new connection.
void PrepareLoad(pqxx::connection& connection);

Workspace Load(pqxx::work& tx, Needs needs);

}  // namespace muster::intake
