// Bridges between absl::string_view and std::string_view, which Debian's Abseil keeps apart.
//
//   absl::StrCat("no such ", ToAbsl(kind));    // kind is a std::string_view
#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace muster {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

#ifndef ABSL_USES_STD_STRING_VIEW
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }
#else
inline std::string_view ToStd(std::string_view text) { return text; }
#endif

}  // namespace muster
