// Named limits of the engine. What goes beyond them is refused with a Reject effect, never cut
// short.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace muster::engine::limits {

inline constexpr std::size_t kMaxSkillsPerDemand = 32;  // of a queue, and of a ticket beyond it
inline constexpr std::size_t kMaxSkillsPerAgent = 256;
inline constexpr std::size_t kMaxLanguagesPerAgent = 64;
inline constexpr std::size_t kMaxIdBytes = 128;  // of any id, skill or language
inline constexpr int kMinSkillLevel = 1;
inline constexpr int kMaxSkillLevel = 5;
inline constexpr std::size_t kMaxRelaxSteps = 16;
inline constexpr std::uint32_t kMaxOffersAtOnce = 5;            // of one ticket
inline constexpr absl::Duration kMaxPrice = absl::Hours(1);     // of each price, bonus and bound
inline constexpr absl::Duration kMaxAhead = absl::Hours(8784);  // of priorities: a year
// What a ticket is ahead whose agent was lost. More than the priorities that intake allows (24 h of
// the queue and of the ticket) and the bounds of all other terms, with five days of waiting to
// spare.
inline constexpr absl::Duration kInterruptedAhead = absl::Hours(7 * 24);
inline constexpr absl::Duration kMaxFairWindow = absl::Hours(24);
// Times that a ticket or an agent may name: kept in nanoseconds, and never near their end.
inline constexpr absl::Time kMinTime = absl::FromUnixSeconds(-4'000'000'000);  // 1843
inline constexpr absl::Time kMaxTime = absl::FromUnixSeconds(8'000'000'000);   // 2223
// Steps in which what an agent is worth elsewhere is told apart, up to the bound.
inline constexpr int kScarcitySteps = 30;

// Waiting tickets that an agent is remembered by as the one they prefer. Beyond this the preference
// counts only when such a ticket comes, not when that agent is freed.
inline constexpr std::size_t kMaxFans = 256;

// So many tickets, and so many agents, must meet before they are matched together; and beyond so
// many pairs (of groups) the best pair is taken first, as ever: the pool stands still meanwhile,
// and this many take the solver about a fifth of a second.
inline constexpr std::size_t kBurstAtLeast = 10;
inline constexpr std::size_t kMaxBurstEdges = 200'000;
inline constexpr absl::Duration kMaxBurstScore = absl::Hours(30 * 24);  // more counts as this

// Tickets and agents of one event that are all looked at again after each choice. With more of them
// (matching opens) only what has changed is, which comes to the same unless heavy tickets claim.
inline constexpr std::size_t kMatchedExactly = 32;

inline constexpr std::size_t kMaxRunnersUp = 3;      // in a recorded decision
inline constexpr std::uint32_t kMaxWeight = 1000;    // units of capacity that one job takes
inline constexpr std::uint32_t kMaxCapacity = 1000;  // units of capacity of one agent

// Prices kept for one ticket (who declined it or let its offer pass). Beyond this the one that ends
// first is forgotten: that agent may see the ticket again a little early, nothing worse.
inline constexpr std::size_t kMaxPricesPerTicket = 64;

// Lines that nobody waits in are kept for the next ticket with the same demands, up to this many.
inline constexpr std::size_t kMaxEmptyLines = 4096;

// Ended offers remembered, so that a late answer learns what became of its offer.
inline constexpr std::size_t kMaxEndedOffers = 1 << 14;

}  // namespace muster::engine::limits
