// One batch of mutations at work on the rows that it needs; the same for every store.
//
// Threading: none; it belongs to one batch of one store.
//
//   Batch batch{.rows = ...agents that the mutations name..., .revisions = ...of their pools...};
//   Applied applied = ApplyBatch(mutations, verdicts, batch);
//   ...write what applied.changes says; remember the outcomes that are new...
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "services/availability/domain/mutation.h"

namespace muster::availability {

// What the memory of requests says of a mutation.
struct Verdict {
  enum Kind { kNew, kAnswered, kReused, kRepeat };
  Kind kind = kNew;
  Outcome answer;    // kAnswered
  size_t first = 0;  // kRepeat: the mutation of this batch that has the same request
};

struct Batch {
  // Agents that are not there may be missing.
  std::map<AgentKey, std::optional<Agent>> rows;
  std::map<std::string, int64_t> revisions;
};

// A commit takes one revision of each pool that it changes. `batch` holds the new rows afterwards.
Applied ApplyBatch(absl::Span<const Mutation> mutations, absl::Span<const Verdict> verdicts,
                   Batch& batch);

}  // namespace muster::availability
