// The commands of `muster`, a function a noun. Each registers its verbs on `app`; both must outlive
// parsing and the act.
#pragma once

#include "CLI/CLI.hpp"
#include "services/cli/context.h"

namespace muster::cli {

void AddPoolCommands(CLI::App& app, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);
void AddTicketCommands(CLI::App& app, Context& context);
// Adds `agent work` too.
void AddAgentCommands(CLI::App& app, Context& context);
void AddWorkCommand(CLI::App& agent, Context& context);
// `ticket explain` and `agent explain`.
void AddExplainTicket(CLI::App& ticket, Context& context);
void AddExplainAgent(CLI::App& agent, Context& context);
void AddOfferCommands(CLI::App& app, Context& context);
void AddAssignmentCommands(CLI::App& app, Context& context);
// `muster matcher record | replay`
void AddMatcherCommands(CLI::App& app, Context& context);
void AddStatusCommand(CLI::App& app, Context& context);
void AddTopCommand(CLI::App& app, Context& context);
// `muster completion bash|zsh|fish` and the hidden `muster __complete`.
void AddCompletionCommands(CLI::App& app, Context& context);

}  // namespace muster::cli
