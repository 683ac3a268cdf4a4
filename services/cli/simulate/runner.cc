#include "services/cli/simulate/runner.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iostream>
#include <mutex>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/cli/terminal.h"

namespace muster::cli {
namespace {

using simulation::Nanos;
using simulation::PlayFigures;

constexpr absl::Duration kQuietFor = absl::Seconds(2);
constexpr absl::Duration kBetweenLines = absl::Milliseconds(200);

// The line on stderr that is written over. Any thread may tell it how far its play has come.
class ProgressLine {
 public:
  ProgressLine(std::uint64_t plays, Nanos length) : done_(plays), length_(length) {}
  ~ProgressLine() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }

  void Tell(std::uint64_t play, Nanos now) {
    if (!terminal_) return;
    const std::lock_guard lock(mutex_);
    done_[play] = length_ > 0 && now != simulation::kNever
                      ? std::min(1.0, static_cast<double>(now) / static_cast<double>(length_))
                      : 1;
    const absl::Time time = absl::Now();
    if (time < next_) return;
    next_ = time + kBetweenLines;
    double done = 0;
    for (const double part : done_) done += part;
    std::cerr << absl::StrFormat("\r\033[K%.0f %% of %d plays",
                                 100 * done / static_cast<double>(done_.size()), done_.size())
              << std::flush;
    shown_ = true;
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::mutex mutex_;
  std::vector<double> done_;  // by play, 0 to 1
  const Nanos length_;
  absl::Time next_ = absl::Now() + kQuietFor;
  bool shown_ = false;
};

}  // namespace

absl::StatusOr<std::vector<PlayFigures>> Runner::Run(std::uint64_t plays, Nanos length,
                                                     const PlayOne& play_one) {
  std::vector<PlayFigures> figures(plays);
  std::vector<absl::Status> ends(plays);
  std::atomic<std::uint64_t> next = 0;
  std::atomic<bool> failed = false;
  ProgressLine line(plays, length);
  const auto work = [&] {
    for (std::uint64_t p = next++; p < plays && !failed; p = next++) {
      const auto go_on = [&, p](Nanos now) {
        line.Tell(p, now);
        return !Interrupted() && !failed;
      };
      absl::StatusOr<PlayFigures> played = play_one(p, go_on);
      line.Tell(p, simulation::kNever);
      if (played.ok()) {
        figures[p] = *std::move(played);
      } else {
        ends[p] = played.status();
        failed = true;
      }
    }
  };
  const auto wanted = std::min<std::uint64_t>(plays, static_cast<std::uint64_t>(threads_));
  std::vector<std::thread> helpers;
  for (std::uint64_t t = 1; t < wanted; ++t) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  // The first play that failed by itself; others may have been broken off because of it.
  for (const absl::Status& end : ends) {
    if (!end.ok() && !absl::IsCancelled(end)) return end;
  }
  if (failed || Interrupted()) return absl::CancelledError("interrupted");
  return figures;
}

}  // namespace muster::cli
