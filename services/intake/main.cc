// muster-intake: pools, queues and tickets.
#include <optional>

#include "common/base/signals.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"
#include "common/rpc/limiter.h"
#include "services/intake/app.h"
#include "services/intake/config.h"

int main(int argc, char** argv) {
  using muster::Log;
  using muster::Severity;
  muster::BlockTerminationSignals();
  muster::intake::Config config;
  if (std::optional<int> code = muster::intake::ReadConfig(argc, argv, &config)) return *code;
  muster::ProcessLimiter().Configure({.max = config.max_calls, .target = config.call_target});
  muster::SetLogService("intake");
  muster::ProcessMetrics().SetBuildInfo("intake");
  if (absl::Status status = muster::ProcessMetrics().Expose(config.metrics_listen); !status.ok()) {
    Log(Severity::kError).Msg("cannot serve metrics").Error(status);
    return 1;
  }
  muster::intake::App app(config);
  if (absl::Status status = app.Start(); !status.ok()) {
    Log(Severity::kError).Msg("cannot listen").Error(status);
    return 1;
  }
  app.RunUntilTerminated();
  return 0;
}
