#include "services/intake/chores.h"

#include "common/obs/log.h"

namespace muster::intake {
namespace {

constexpr absl::Duration kCountTimeout = absl::Seconds(5);
// While there is more to sweep than one sweep takes.
constexpr absl::Duration kSweepPause = absl::Milliseconds(100);

}  // namespace

Chores::Chores(ChoresOptions options, ChoresParts parts)
    : options_(options),
      parts_(parts),
      observer_([this] {
        while (Wait(options_.observe)) Observe();
      }),
      sweeper_([this] {
        while (Wait(options_.sweep)) Sweep();
      }) {}

Chores::~Chores() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  observer_.join();
  sweeper_.join();
  // An answer that is still to come needs this object.
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return !counting_; });
}

bool Chores::Wait(absl::Duration duration) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, absl::ToChronoMicroseconds(duration), [this] { return stopping_; });
}

void Chores::Observe() {
  parts_.tell_health();
  parts_.metrics.SetWriteQueue(parts_.writer.queued());
  parts_.metrics.SetSubscribers(parts_.feed.hub().subscribers());
  parts_.metrics.SetStandings(parts_.desk.watchers());
  {
    std::lock_guard lock(mutex_);
    if (counting_) return;
    counting_ = true;
  }
  parts_.store.CountWaiting(parts_.clock.Now() + kCountTimeout,
                            [this](absl::StatusOr<std::map<std::string, int64_t>> waiting) {
                              if (waiting.ok()) parts_.metrics.SetWaiting(*waiting);
                              std::lock_guard lock(mutex_);
                              counting_ = false;
                              wake_.notify_all();
                            });
}

void Chores::Sweep() {
  do {
    absl::StatusOr<SweepReport> report = parts_.store.Sweep(parts_.clock.Now());
    if (!report.ok()) {
      Log(Severity::kWarning).Msg("could not sweep").Error(report.status());
      return;
    }
    if (report->requests + report->tickets + report->archived + report->changes > 0) {
      Log(Severity::kInfo)
          .Msg("swept")
          .With("requests", report->requests)
          .With("tickets", report->tickets)
          .With("archived", report->archived)
          .With("changes", report->changes)
          .With("deleted_queues", report->deleted_queues);
    }
    if (!report->more) return;
  } while (Wait(kSweepPause));
}

}  // namespace muster::intake
