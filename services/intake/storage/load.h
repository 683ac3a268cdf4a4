// Loads what a batch needs, under the locks of its pools.
//
// Threading: inside the committer's transaction. The script throws what libpqxx throws.
//
//   Workspace workspace;
//   Load(script, needs, &workspace);
//   script.Run();
#pragma once

#include <vector>

#include "common/db/script.h"
#include "services/intake/domain/workspace.h"

namespace muster::intake {

// Prepares the statements of Load on a new connection.
void PrepareLoad(pqxx::connection& connection);

// `workspace` is complete when the script has run; `needs` may go before.
void Load(Script& script, const Needs& needs, Workspace* workspace);

// Only the tickets named, without a lock.
void LoadTickets(Script& script, const Needs& needs, std::vector<Ticket>* tickets);

}  // namespace muster::intake
