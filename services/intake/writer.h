// The way of a write: committer, store, feeds, metrics.
//
// Threading: Submit may be called from any thread and never blocks; `done` runs on one of the
// committer's threads, after the change has gone out to the feeds, and must not block.
//
//   writer.Submit(mutation, deadline, [](absl::StatusOr<Outcome> outcome) { ... });
#pragma once

#include <mutex>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/db/committer.h"
#include "services/intake/domain/mutation.h"
#include "services/intake/feed/ticket_feed.h"
#include "services/intake/metrics.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

class Writer {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Outcome>)>;

  static constexpr absl::Duration kFailureMemory = absl::Seconds(5);

  Writer(Store& store, TicketFeed& feed, IntakeMetrics& metrics, const Clock& clock,
         CommitterOptions options);

  void Submit(Mutation mutation, absl::Time deadline, Done done) {
    committer_.Submit(std::move(mutation), deadline, std::move(done));
  }
  void Drain() { committer_.Drain(); }
  // Why commits fail now; OK again when one succeeded, or when none was tried for a while: with
  // nobody calling, only a call can tell.
  absl::Status Health() const;
  size_t queued() const { return committer_.queued(); }

 private:
  using Committer = muster::Committer<Mutation, Outcome>;
  CommitterOptions Observed(CommitterOptions options);
  void Observe(const BatchReport& report);
  absl::StatusOr<Committer::Outcomes> Apply(absl::Span<Mutation> batch);

  Store& store_;
  TicketFeed& feed_;
  IntakeMetrics& metrics_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  absl::Status failure_;  // of the newest try
  absl::Time failed_at_;
  Committer committer_;
};

}  // namespace muster::intake
