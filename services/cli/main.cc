// The program `muster`: people's way to the services. Parses the command line, carries out the one
// act that it chose, and says by its exit code how that went: 0 done, 1 failed, 2 misused.
#include <csignal>
#include <iostream>

#include "common/base/version.h"
#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/replay/replay_command.h"
#include "services/cli/simulate/simulate_command.h"
#include "services/cli/terminal.h"

namespace {

using muster::cli::Context;
using muster::cli::GlobalOptions;
using muster::cli::Output;

void AddGlobalOptions(CLI::App& app, GlobalOptions& o) {
  app.add_option("--intake", o.intake, "address of intake")
      ->envname("MUSTER_INTAKE")
      ->capture_default_str();
  app.add_option("--availability", o.availability, "address of availability")
      ->envname("MUSTER_AVAILABILITY")
      ->capture_default_str();
  app.add_option("--matcher", o.matcher, "address of the matcher")
      ->envname("MUSTER_MATCHER")
      ->capture_default_str();
  app.add_option("-p,--pool", o.pool, "the pool; needless while there is only one")
      ->envname("MUSTER_POOL");
  const std::map<std::string, Output> outputs = {
      {"table", Output::kTable}, {"json", Output::kJson}, {"id", Output::kId}};
  app.add_option("-o,--output", o.output, "table, json or id")
      ->transform(CLI::CheckedTransformer(outputs).description("{table,json,id}"))
      ->envname("MUSTER_OUTPUT");
  app.add_option_function<std::string>(
         "--timeout",
         [&o](const std::string& text) { o.timeout = muster::cli::ParseDuration(text); },
         "most time for one call (10s)")
      ->check(muster::cli::IsDuration())
      ->envname("MUSTER_TIMEOUT");
  app.add_flag("-w,--watch", o.watch, "repeat a get or list until interrupted");
  app.add_option_function<std::string>(
         "--interval",
         [&o](const std::string& text) { o.interval = muster::cli::ParseDuration(text); },
         "time between two looks of --watch (1s)")
      ->check(muster::cli::IsDuration());
}

void AddCommands(CLI::App& app, Context& context) {
  muster::cli::AddPoolCommands(app, context);
  muster::cli::AddQueueCommands(app, context);
  muster::cli::AddTicketCommands(app, context);
  muster::cli::AddAgentCommands(app, context);
  muster::cli::AddOfferCommands(app, context);
  muster::cli::AddAssignmentCommands(app, context);
  muster::cli::AddMatcherCommands(app, context);
  muster::cli::AddTopCommand(app, context);
  muster::cli::AddStatusCommand(app, context);
  muster::cli::AddReplayCommands(app, context);
  muster::cli::AddSimulateCommand(app, context);
  muster::cli::AddCompletionCommands(app, context);
}

absl::Status Watch(Context& context) {
  while (!muster::cli::Interrupted()) {
    muster::cli::ClearScreen();
    if (absl::Status status = context.act()(); !status.ok()) return status;
    muster::cli::WaitForInterrupt(context.options().interval);
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  CLI::App app("Muster: gig-agent dispatch for conversations", "muster");
  Context context;
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", std::string("muster ") + std::string(muster::Version()));
  AddGlobalOptions(app, context.options());
  AddCommands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    if (code == 0) return muster::cli::kExitDone;
    std::cerr << "hint: `muster --help` and `muster COMMAND --help` tell the use\n";
    return muster::cli::kExitMisused;
  }
  muster::cli::CatchInterrupts();
  const bool watch = context.options().watch && context.watchable();
  return muster::cli::Report(watch ? Watch(context) : context.act()(), context.options());
}
