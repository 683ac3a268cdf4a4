#include "services/intake/writer.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/obs/log.h"

namespace muster::intake {

Writer::Writer(Store& store, TicketFeed& feed, IntakeMetrics& metrics, const Clock& clock,
               CommitterOptions options)
    : store_(store),
      feed_(feed),
      metrics_(metrics),
      clock_(clock),
      committer_(Observed(std::move(options)),
                 [this](absl::Span<Mutation> batch) { return Apply(batch); }) {}

CommitterOptions Writer::Observed(CommitterOptions options) {
  options.clock = &clock_;
  options.observe = [this](const BatchReport& report) { Observe(report); };
  return options;
}

void Writer::Observe(const BatchReport& report) {
  metrics_.CountBatch(report);
  std::lock_guard lock(mutex_);
  // One bad mutation is its caller's trouble, not ours.
  const bool failed = absl::IsUnavailable(report.status);
  if (failed && failure_.ok()) {
    Log(Severity::kWarning).Msg("commits fail").Error(report.status);
  } else if (!failed && !failure_.ok()) {
    Log(Severity::kInfo).Msg("commits succeed again");
  }
  failure_ = failed ? report.status : absl::OkStatus();
  failed_at_ = clock_.Now();
}

absl::Status Writer::Health() const {
  std::lock_guard lock(mutex_);
  return clock_.Now() - failed_at_ < kFailureMemory ? failure_ : absl::OkStatus();
}

absl::StatusOr<Writer::Committer::Outcomes> Writer::Apply(absl::Span<Mutation> batch) {
  MUSTER_ASSIGN_OR_RETURN(Applied applied, store_.Apply(batch));
  feed_.Publish(applied.changes);
  metrics_.CountChanges(applied.changes);
  return std::move(applied.outcomes);
}

}  // namespace muster::intake
