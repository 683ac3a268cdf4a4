// Named limits of the engine. What goes beyond them is refused with a Reject effect, never cut
// short.
#pragma once

#include <cstddef>
#include <cstdint>

namespace muster::engine::limits {

inline constexpr std::size_t kMaxSkillsPerDemand = 32;  // of a queue, and of a ticket beyond it
inline constexpr std::size_t kMaxSkillsPerAgent = 256;
inline constexpr std::size_t kMaxLanguagesPerAgent = 64;
inline constexpr std::size_t kMaxIdBytes = 128;  // of any id, skill or language
inline constexpr int kMinSkillLevel = 1;
inline constexpr int kMaxSkillLevel = 5;
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
