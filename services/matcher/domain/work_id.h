// The id of an offer, which is also that of the assignment it becomes: "<pool>/<epoch>/<number>".
//
// The tables know it as (pool_id, sequence). The sequence rises with every offer of a pool, also
// over restarts of the matcher: it is the order in which offers were made, and lists are paged by
// it.
//
//   WorkId{.pool_id = "bank", .epoch = 3, .number = 17}.ToString() == "bank/3/17"
//
// Threading: values, no shared state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::matcher {

inline constexpr int kSequenceNumberBits = 40;
// The greatest epoch and number that fit a sequence.
inline constexpr uint64_t kMaxEpoch = (uint64_t{1} << (62 - kSequenceNumberBits)) - 1;
inline constexpr uint64_t kMaxOfferNumber = (uint64_t{1} << kSequenceNumberBits) - 1;

struct WorkId {
  std::string pool_id;
  uint64_t epoch = 0;
  uint64_t number = 0;

  std::string ToString() const;
  int64_t Sequence() const;
  static WorkId FromSequence(std::string_view pool_id, int64_t sequence);

  friend bool operator==(const WorkId&, const WorkId&) = default;
};

// None if it is not an id as ToString writes it.
std::optional<WorkId> ParseWorkId(std::string_view id);

}  // namespace muster::matcher
