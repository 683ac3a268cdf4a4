// How a pool stands, and what happened in a window, as the API shows it.
//
// Threading: pure; called on the pool's thread, with a view that is valid for that long.
//
//   operations.Inspect(pool_id, [response](absl::StatusOr<PoolView> view) {
//     if (view.ok()) *response = StatisticsOf("bank", *view, absl::Minutes(5));
//   });
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "muster/matcher/v1/matcher.pb.h"
#include "services/matcher/core/operations.h"

namespace muster::matcher {

v1::Statistics StatisticsOf(std::string_view pool_id, const PoolView& view, absl::Duration window);

}  // namespace muster::matcher
