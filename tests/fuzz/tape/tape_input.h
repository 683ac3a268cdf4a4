// What the fuzz tests of tapes do with any bytes: read and play them as a tape, and read them as
// the events of one. Must neither crash nor run on; what can be read must be written as it was.
#pragma once

#include <string_view>

namespace muster::fuzz {

// "" or what is wrong.
std::string_view TryTape(std::string_view bytes);    // as a file
std::string_view TryEvents(std::string_view bytes);  // as what is inside a block

}  // namespace muster::fuzz
