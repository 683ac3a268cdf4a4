// What this build calls itself, for --version, logs, metrics and `muster status`.
#pragma once

#include <string_view>

namespace muster {

std::string_view Version();

}  // namespace muster
