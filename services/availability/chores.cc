#include "services/availability/chores.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/db/request_log.h"
#include "common/obs/log.h"

namespace muster::availability {
namespace {

// A read that nobody waits for.
constexpr absl::Duration kReadTime = absl::Seconds(5);
constexpr int64_t kMuchForgotten = 1'000;  // then there is probably more

// Whether `interval` has gone by since `*last`.
bool Due(absl::Time now, absl::Duration interval, absl::Time* last) {
  if (now - *last < interval) return false;
  *last = now;
  return true;
}

}  // namespace

Chores::Chores(ChoresOptions options, ChoresParts parts)
    : options_(options),
      parts_(parts),
      timer_([this] { RunTimer(); }),
      forgetter_([this] { RunForget(); }) {}

Chores::~Chores() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  timer_.join();
  forgetter_.join();
}

bool Chores::Wait(absl::Duration duration) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, absl::ToChronoMicroseconds(duration), [this] { return stopping_; });
}

void Chores::RunTimer() {
  absl::Time polled = absl::InfinitePast(), observed = polled, counted = polled;
  while (Wait(options_.tick)) {
    parts_.sessions.Tick();
    const absl::Time now = parts_.steady.Now();
    if (Due(now, options_.feed_poll, &polled)) PollFeeds();
    if (Due(now, options_.observe, &observed)) Observe();
    if (Due(now, options_.count_presences, &counted)) CountPresences();
  }
}

void Chores::PollFeeds() {
  const std::vector<std::string> pools = parts_.hub.WatchedPools();
  if (pools.empty() || polling_->exchange(true)) return;
  parts_.store.Revisions(pools, parts_.clock.Now() + kReadTime,
                         [&hub = parts_.hub, polling = polling_](
                             const absl::StatusOr<std::map<std::string, int64_t>>& revisions) {
                           if (revisions.ok()) {
                             for (const auto& [pool_id, revision] : *revisions)
                               hub.Notice(pool_id, revision);
                           }
                           *polling = false;
                         });
}

void Chores::Observe() {
  const SessionTable::Counts sessions = parts_.table.Count();
  parts_.counts.sessions_linked.Set(static_cast<double>(sessions.linked));
  parts_.counts.sessions_unlinked.Set(static_cast<double>(sessions.unlinked));
  parts_.counts.sessions_in_grace.Set(static_cast<double>(sessions.in_grace));
  parts_.router.Observe();
}

void Chores::CountPresences() {
  if (counting_->exchange(true)) return;
  parts_.store.CountPresences(parts_.clock.Now() + kReadTime, [&gauges = parts_.counts,
                                                               counting = counting_](
                                                                  const absl::StatusOr<std::vector<
                                                                      PresenceCount>>& counts) {
    if (counts.ok()) {
      std::map<std::pair<Presence, bool>, int64_t> agents;
      for (const PresenceCount& c : *counts) agents[{c.presence, c.connected}] = c.agents;
      for (Presence presence : kAllPresences) {
        for (bool connected : {false, true}) {
          gauges.SetAgents(presence, connected, static_cast<double>(agents[{presence, connected}]));
        }
      }
    }
    *counting = false;
  });
}

void Chores::RunForget() {
  absl::Duration wait = options_.forget;
  while (Wait(wait)) {
    const absl::Time now = parts_.clock.Now();
    absl::StatusOr<int64_t> forgotten =
        parts_.store.Forget(now - kRequestMemory, now - options_.deletion_memory);
    if (!forgotten.ok()) {
      Log(Severity::kWarning).Msg("old records are still there").Error(forgotten.status());
    }
    const bool more = forgotten.ok() && *forgotten >= kMuchForgotten;
    wait = more ? options_.tick : options_.forget;
  }
}

}  // namespace muster::availability
