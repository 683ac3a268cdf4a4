// One batch of mutations in one transaction: a fixed handful of statements, however many there are.
//
// Threading: none of its own. It throws what libpqxx throws, inside Connection::Write.
//
//   Applied applied = ApplyIn(tx, mutations);
#pragma once

#include "absl/types/span.h"
#include "common/db/script.h"
#include "services/availability/domain/mutation.h"

namespace muster::availability {

// Prepares the statements of ApplyIn on a new connection.
void PrepareApply(pqxx::connection& connection);

Applied ApplyIn(WriteTransaction& tx, absl::Span<const Mutation> mutations);

}  // namespace muster::availability
