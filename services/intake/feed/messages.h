// The messages of the feed WatchTickets, cut to sizes that any client takes.
//
// Threading: pure functions.
//
//   for (v1::WatchTicketsResponse& message : MessagesOf(change)) ...
#pragma once

#include <vector>

#include "muster/intake/v1/intake.pb.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

// A message holds no more; the last row put in may pass the bytes by its own size (256 KiB), so
// that gRPC's default of 4 MiB is far.
inline constexpr int kMaxFeedRows = 500;
inline constexpr size_t kMaxFeedBytes = 1 << 20;

// Chunks, and the marker that the snapshot is complete.
std::vector<v1::WatchTicketsResponse> MessagesOf(const PoolSnapshot& snapshot);

// In order of revision; each says how far it goes, the last one as far as the change does. At least
// one if the revision has moved.
std::vector<v1::WatchTicketsResponse> MessagesOf(const PoolChange& change);

// How many rows a message changes; at least 1.
size_t RowsIn(const v1::WatchTicketsResponse& message);

}  // namespace muster::intake
