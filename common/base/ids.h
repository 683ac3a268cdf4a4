// Ids: what a good one looks like, and new ones.
//
// Threading: everything here may be called from any thread.
//
//   std::string ticket_id = NewId("t");        // "t-01j8z3k9v6m2q4r8s0t5w7x9y1"
//   if (!IsValidId(pool_id)) return InvalidField("pool_id", kIdRule);
#pragma once

#include <string>
#include <string_view>

namespace muster {

inline constexpr int kMaxIdLength = 64;
inline constexpr int kMaxRequestIdLength = 128;

// In words for error messages; the same rule as IsValidId.
inline constexpr std::string_view kIdRule =
    "must be 1 to 64 characters of a-z, 0-9, '.', '_' and '-', and begin and end with a-z or 0-9";
inline constexpr std::string_view kRequestIdRule = "must be 1 to 128 printable ASCII characters";

// `prefix` + "-" + a ULID of 26 lower-case characters: 48 bits of wall-clock milliseconds and 80
// random bits. Ids made by one process are strictly increasing, also within a millisecond and when
// the clock steps back.
std::string NewId(std::string_view prefix);

// ^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$
bool IsValidId(std::string_view id);

// 1 to 128 printable ASCII characters (space included).
bool IsValidRequestId(std::string_view request_id);

}  // namespace muster
