// Every bound of intake's contract, in one place.
//
// The comments of proto/muster/intake/v1 promise these numbers to clients: change both or neither.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace muster::intake {

// Characters are Unicode code points, bytes are bytes.
inline constexpr int kMaxDisplayNameCharacters = 128;
inline constexpr int kMaxQueuesPerPool = 500;

inline constexpr int kMaxSkills = 16;
inline constexpr int kMinSkillLevel = 1;
inline constexpr int kMaxSkillLevel = 5;

inline constexpr int kDefaultWeight = 1;
inline constexpr int kMaxWeight = 100;
inline constexpr int64_t kDefaultMostWaiting = 100'000;
inline constexpr int64_t kMaxMostWaiting = 1'000'000;

inline constexpr absl::Duration kMaxPriorityAhead = absl::Hours(24);
inline constexpr absl::Duration kDefaultTargetWait = absl::Seconds(20);
inline constexpr absl::Duration kMinTargetWait = absl::Milliseconds(1);
inline constexpr absl::Duration kMaxTargetWait = absl::Hours(24);
inline constexpr absl::Duration kDefaultOfferTimeout = absl::Seconds(20);
inline constexpr absl::Duration kMinOfferTimeout = absl::Milliseconds(10);
inline constexpr absl::Duration kMaxOfferTimeout = absl::Minutes(10);
inline constexpr absl::Duration kDefaultTimeToLive = absl::Hours(24);
inline constexpr absl::Duration kMinTimeToLive = absl::Milliseconds(10);
inline constexpr absl::Duration kMaxTimeToLive = absl::Hours(24 * 30);
inline constexpr absl::Duration kMaxAfterWorkTime = absl::Hours(1);

// Every bonus and price of a queue or pool.
inline constexpr absl::Duration kMaxPrice = absl::Hours(1);
inline constexpr absl::Duration kDefaultTargetBoost = absl::Seconds(30);
inline constexpr absl::Duration kDefaultMissingLevelPrice = absl::Seconds(10);
inline constexpr absl::Duration kDefaultMissingLanguagePrice = absl::Seconds(30);
inline constexpr absl::Duration kDefaultKnownAgentBonus = absl::Seconds(60);
inline constexpr absl::Duration kDefaultDeclinePrice = absl::Seconds(60);
inline constexpr absl::Duration kDefaultExpiryPrice = absl::Seconds(20);
inline constexpr int kMaxRelaxSteps = 16;
inline constexpr absl::Duration kMaxRelaxAfter = absl::Hours(24);
inline constexpr absl::Duration kDefaultCapacityClaimAfter = absl::Seconds(60);
inline constexpr absl::Duration kMaxCapacityClaimAfter = absl::Hours(24);
inline constexpr int kMaxOffersAtOnce = 5;
inline constexpr int kMaxMostRefusals = 1'000;
inline constexpr int kMaxRefusalCount = 1'000'000;
inline constexpr absl::Duration kDefaultFairWindow = absl::Minutes(30);
inline constexpr absl::Duration kMaxFairWindow = absl::Hours(24);
inline constexpr absl::Duration kDefaultIdleBound = absl::Seconds(120);
inline constexpr absl::Duration kDefaultLoadedPrice = absl::Seconds(60);
inline constexpr absl::Duration kDefaultScarcityBound = absl::Seconds(30);
inline constexpr int kMaxOffersPerAgent = 100;
inline constexpr int kDefaultIgnoredOffersToPause = 3;
inline constexpr int kMaxIgnoredOffersToPause = 100;

inline constexpr int kMaxTicketBytes = 256 * 1024;
inline constexpr int kMaxCustomerIdCharacters = 128;
inline constexpr int kMaxLanguageCharacters = 35;  // the longest tag that BCP 47 expects
inline constexpr int kMaxSubjectBytes = 512;
inline constexpr int kMaxTextBytes = 16'384;
inline constexpr int kMaxAttributes = 32;
inline constexpr int kMaxAttributeKeyCharacters = 64;
inline constexpr int kMaxAttributeValueBytes = 1'024;
inline constexpr int kMaxOriginSourceCharacters = 64;
inline constexpr int kMaxOriginReasonBytes = 1'024;
inline constexpr int kMaxTranscriptTurns = 200;
inline constexpr int kMaxSpeakerCharacters = 64;
inline constexpr int kMaxTurnTextBytes = 4'096;

inline constexpr int kMaxReasonBytes = 256;
inline constexpr int kMaxBatchTickets = 1'000;
inline constexpr int kMaxProgressEntries = 1'000;
// "<pool>/<epoch>/<number>" with the longest pool id and two 64-bit numbers.
inline constexpr int kMaxAssignmentIdCharacters = 128;
inline constexpr int kMaxAgentNameCharacters = 128;

}  // namespace muster::intake
