// `muster simulate`: the engine in virtual time, from a scenario or from a trace; and two scenarios
// or two sets of rules against each other. Needs no services.
#pragma once

#include "CLI/CLI.hpp"
#include "services/cli/context.h"

namespace muster::cli {

void AddSimulateCommand(CLI::App& app, Context& context);

}  // namespace muster::cli
