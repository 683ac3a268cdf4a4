// `muster replay` and `muster demo`: play a day of customers and agents against running services,
// and hold what the services have on record against what they told.
#pragma once

#include "CLI/CLI.hpp"
#include "services/cli/context.h"

namespace muster::cli {

void AddReplayCommands(CLI::App& app, Context& context);

}  // namespace muster::cli
