// Applies a batch of mutations in one transaction, in few statements, and says what became of each.
//
// Threading: runs on the committer's thread; throws what libpqxx throws, and then nothing was done.
//
//   connection.Write([&](WriteTransaction& tx) {
//     outcomes = ApplyBatch(tx, batch, /*at_once=*/true);
//     return absl::OkStatus();
//   }, deadline);
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/db/script.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

// `at_once`: in one round trip, COMMIT and all, where it can be. ABORTED then, and nothing done, if
// a pool is not held as one of the mutations says; not at once, only that mutation is refused.
std::vector<absl::StatusOr<Outcome>> ApplyBatch(WriteTransaction& tx,
                                                absl::Span<const Mutation> batch, bool at_once);

}  // namespace muster::matcher
