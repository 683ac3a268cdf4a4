// Plays a tape on a fresh engine, and proves that the same effects follow.
//
// Pure; not thread-safe.
//
//   MUSTER_ASSIGN_OR_RETURN(PlayResult result, Play(bytes));
//   if (result.difference) Print(*result.difference);
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/matcher/tape/tape.h"

namespace muster::tape {

// The first event whose effects are not those on the tape.
struct Difference {
  std::uint64_t event_number = 0;  // from 1
  absl::Time now;
  std::string event;                // as text
  std::string recorded;             // the kinds of the effects
  std::vector<std::string> played;  // the effects, as text
};

struct PlayResult {
  TapeHead head;
  EndReason end = EndReason::kCurrent;
  std::uint64_t events = 0;
  std::uint64_t effects = 0;
  std::map<std::string, std::uint64_t> by_kind;  // effects, by their names
  absl::Time first, last;                        // times of the first and the last event
  // Of the text of all effects: equal wherever the tape is played, by whatever build.
  std::uint64_t text_hash = kHashSeed;
  std::optional<Difference> difference;  // playing stops there
  // Not OK if the tape was damaged: what came before has been played.
  absl::Status status;
};

absl::StatusOr<PlayResult> Play(std::string_view bytes);

}  // namespace muster::tape
