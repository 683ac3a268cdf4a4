// Looking at UTF-8 text.
//
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace muster {

// Unicode code points in `text`, which is valid UTF-8 (protobuf refuses what is not).
inline int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

// Has a control character: no name or id is made of those, and PostgreSQL stores no NUL.
inline bool HasControl(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

}  // namespace muster
