// The one way for a test to wait for what it cannot be told of.
//
//   REQUIRE(Eventually([&] { return server.healthy(); }));
//
// Prefer a condition or a stream to wait on; this polls.
#pragma once

#include <functional>

#include "absl/time/time.h"

namespace muster {

inline constexpr absl::Duration kEventually = absl::Seconds(15);

// Whether `condition` came true within `limit`.
bool Eventually(const std::function<bool()>& condition, absl::Duration limit = kEventually);

}  // namespace muster
