// Every bound of availability's contract, in one place.
//
// The comments of proto/muster/availability/v1 promise these numbers to clients: change both or
// neither.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace muster::availability {

// Characters are Unicode code points, bytes are bytes.
inline constexpr int kMaxDisplayNameCharacters = 128;
inline constexpr int kMaxSkills = 64;
inline constexpr int kMinSkillLevel = 1;
inline constexpr int kMaxSkillLevel = 5;
inline constexpr int kMaxLanguages = 16;
inline constexpr int kMaxLanguageCharacters = 35;  // the longest tag that BCP 47 expects
inline constexpr int kMaxCapacity = 100;
inline constexpr int kMaxReasonBytes = 256;
inline constexpr int kMaxPresenceFilters = 4;

inline constexpr int kMaxClientCharacters = 128;
inline constexpr int kMaxSessionIdCharacters = 64;
// "<pool>/<epoch>/<number>" with the longest pool id and two 64-bit numbers.
inline constexpr int kMaxOfferIdCharacters = 128;
inline constexpr int kMaxDispositionCharacters = 64;
inline constexpr int kMaxNoteBytes = 4'096;

inline constexpr size_t kMaxAgentsPerLink = 50'000;
inline constexpr size_t kMaxFramesPerMessage = 1'000;
inline constexpr size_t kMaxPoolsPerMatcher = 10'000;
inline constexpr size_t kMaxDeliverItems = 1'000;
// Acts that wait for the matcher's answer.
inline constexpr size_t kMaxActsPerAgent = 32;
inline constexpr size_t kMaxActs = 50'000;
inline constexpr absl::Duration kActTimeout = absl::Seconds(10);
// What is kept of what an agent was told in its session, for its return; more, and it gets all
// anew.
inline constexpr size_t kMaxOutboxFrames = 64;
inline constexpr size_t kMaxOutboxBytes = 64 << 10;
// What one agent can have before it: offers and assignments each.
inline constexpr size_t kMaxInboxItems = 1'000;

}  // namespace muster::availability
