// Page tokens: where the next page begins, tied to the filters of the first one.
//
// Threading: pure functions.
//
//   std::string token = MakePageToken(filters, last_id);
//   MUSTER_ASSIGN_OR_RETURN(std::string after, ReadPageToken(filters, request.page_token()));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace muster {

inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1'000;
inline constexpr int kMaxPageTokenBytes = 512;

// `filters` is any text that is the same for all pages of a list, and different for another list.
std::string MakePageToken(std::string_view filters, std::string_view last_key);

// The key after which the page begins; "" for the first page. INVALID_ARGUMENT for a token that is
// none of ours, or one that came with other filters.
absl::StatusOr<std::string> ReadPageToken(std::string_view filters, std::string_view token);

// What a client asks for, brought within bounds. INVALID_ARGUMENT if it is negative.
absl::StatusOr<int> PageSizeOf(int wanted);

}  // namespace muster
