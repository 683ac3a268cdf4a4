// One batch of mutations in one transaction: a fixed handful of statements, however many there are.
//
// Threading: none of its own. It throws what libpqxx throws, inside Connection::Transact.
//
//   Applied applied = ApplyIn(tx, mutations);
#pragma once

#include "absl/types/span.h"
#include "common/db/pqxx_compat.h"
#include "services/availability/domain/mutation.h"

namespace muster::availability {

Applied ApplyIn(pqxx::work& tx, absl::Span<const Mutation> mutations);

}  // namespace muster::availability
