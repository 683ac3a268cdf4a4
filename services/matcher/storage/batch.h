// Applies a batch of mutations in one transaction, in few statements, and says what became of each.
//
// Threading: runs on the committer's thread; throws what libpqxx throws, and then nothing was done.
//
//   connection.Transact([&](pqxx::work& tx) { outcomes = ApplyBatch(tx, batch); return OkStatus();
//   },
//                       deadline);
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/db/pqxx_compat.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

std::vector<absl::StatusOr<Outcome>> ApplyBatch(pqxx::work& tx, absl::Span<const Mutation> batch);

}  // namespace muster::matcher
