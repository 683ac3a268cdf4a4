// Matcher: the life of a pool here, from its taking to its end.
#include <future>
#include <thread>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/time/clock.h"
#include "common/base/boot_clock.h"
#include "common/obs/log.h"
#include "services/matcher/wire/matcher.h"
#include "services/matcher/wire/matcher_feeds.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

constexpr absl::Duration kSettleLook = absl::Milliseconds(10);

std::string TicketsPart(const std::string& pool_id) { return "tickets of " + pool_id; }
std::string AgentsPart(const std::string& pool_id) { return "agents of " + pool_id; }
std::string PoolPart(const std::string& pool_id) { return "pool " + pool_id; }

bool Same(const Hold& a, const Hold& b) { return a.pool_id == b.pool_id && a.epoch == b.epoch; }

}  // namespace

void Matcher::OnTaken(const Hold& hold) {
  {
    std::lock_guard lock(mutex_);
    pools_[hold.pool_id] = {.hold = hold};
  }
  Log(Severity::kInfo).Msg("pool taken").With("pool_id", hold.pool_id).With("epoch", hold.epoch);
  LoadLive(hold);
}

void Matcher::LoadLive(const Hold& hold) {
  parts_.store.LoadLiveAssignments(
      hold.pool_id, absl::Now() + options_.load_deadline,
      [weak = weak_from_this(), hold](absl::StatusOr<std::vector<Assignment>> live) {
        auto self = weak.lock();
        if (!self) return;
        if (!live.ok()) return self->OnLoadFailed(hold, live.status());
        self->LoadHistory(hold, {*std::move(live), {}});
      });
}

void Matcher::LoadHistory(const Hold& hold, Loaded loaded) {
  absl::Time now = parts_.clock.Now();
  parts_.store.LoadHistory(hold.pool_id, now - options_.history, now + options_.load_deadline,
                           [weak = weak_from_this(), hold,
                            loaded = std::move(loaded)](absl::StatusOr<History> history) mutable {
                             auto self = weak.lock();
                             if (!self) return;
                             if (!history.ok()) return self->OnLoadFailed(hold, history.status());
                             loaded.history = *std::move(history);
                             self->Serve(hold, std::move(loaded));
                           });
}

void Matcher::OnLoadFailed(const Hold& hold, const absl::Status& why) {
  Log(Severity::kWarning).Msg("cannot load a pool yet").With("pool_id", hold.pool_id).Error(why);
  std::lock_guard lock(mutex_);
  auto it = pools_.find(hold.pool_id);
  if (it == pools_.end() || !Same(it->second.hold, hold)) return;
  it->second.failed = true;
  SetHealth(PoolPart(hold.pool_id), false, std::string(why.message()));
}

void Matcher::RetryFailed() {
  std::vector<Hold> failed;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, pool] : pools_) {
      if (std::exchange(pool.failed, false)) failed.push_back(pool.hold);
    }
  }
  for (const Hold& hold : failed) LoadLive(hold);
}

void Matcher::Serve(const Hold& hold, Loaded loaded) {
  const std::string& pool_id = hold.pool_id;
  Sequencer* sequencer = sequencers_[absl::Hash<std::string>{}(pool_id) % sequencers_.size()].get();
  PoolRunnerOptions options;
  options.pool_id = pool_id;
  options.epoch = hold.epoch;
  options.tape_bytes = options_.tape_bytes;
  options.lost_after = options_.lost_after;
  PoolRunnerParts parts{.clock = parts_.clock,
                        .sequencer = *sequencer,
                        .store = parts_.store,
                        .delivery = *delivery_,
                        .progress = *progress_,
                        .pauses = *pauses_,
                        .metrics = parts_.metrics,
                        .on_lost =
                            [weak = weak_from_this(), hold](const absl::Status&) {
                              auto self = weak.lock();
                              if (!self) return;
                              self->ownership_->Lost(hold);
                              self->OnLost(hold);
                            },
                        .lease = &lease_};
  auto runner = std::make_shared<PoolRunner>(std::move(options), std::move(parts));
  {
    std::lock_guard lock(mutex_);
    // Lost, or given up, while it was being loaded: do not serve it behind everybody's back.
    auto it = pools_.find(pool_id);
    if (draining_ || it == pools_.end() || !Same(it->second.hold, hold)) return;
    sequencer->Post([runner, loaded = std::move(loaded)]() mutable {
      runner->Start(std::move(loaded.live), loaded.history);
    });
    it->second = {.hold = hold,
                  .sequencer = sequencer,
                  .runner = runner,
                  .feeds = OpenFeeds(pool_id, sequencer, runner)};
    SetHealth(PoolPart(pool_id), true, "");
  }
  AnnouncePools();
}

std::shared_ptr<Matcher::Feeds> Matcher::OpenFeeds(const std::string& pool_id, Sequencer* sequencer,
                                                   std::shared_ptr<PoolRunner> runner) {
  FeedOptions options;
  options.silence = options_.feed_silence;
  auto feeds = std::make_shared<Feeds>();
  feeds->tickets = std::make_shared<FeedClient<TicketFeed>>(
      *stubs_->intake, pool_id, options,
      FeedClient<TicketFeed>::Handlers{
          [sequencer, runner](TicketSnapshot snapshot, absl::Time received) {
            return sequencer->TryPost([runner, snapshot = std::move(snapshot), received]() mutable {
              runner->OnTicketSnapshot(std::move(snapshot), received);
            });
          },
          [sequencer, runner](in::WatchTicketsResponse::Changes changes, absl::Time received) {
            return sequencer->TryPost([runner, changes = std::move(changes), received]() mutable {
              runner->OnTicketChanges(std::move(changes), received);
            });
          },
          [this, pool_id](bool flowing, const std::string& reason) {
            SetHealth(TicketsPart(pool_id), flowing, reason);
          }});
  feeds->agents = std::make_shared<FeedClient<AgentFeed>>(
      *stubs_->availability, pool_id, options,
      FeedClient<AgentFeed>::Handlers{
          [sequencer, runner](AgentSnapshot snapshot, absl::Time received) {
            return sequencer->TryPost([runner, snapshot = std::move(snapshot), received]() mutable {
              runner->OnAgentSnapshot(std::move(snapshot), received);
            });
          },
          [sequencer, runner](av::WatchAgentsResponse::Changes changes, absl::Time received) {
            return sequencer->TryPost([runner, changes = std::move(changes), received]() mutable {
              runner->OnAgentChanges(std::move(changes), received);
            });
          },
          [this, pool_id](bool flowing, const std::string& reason) {
            SetHealth(AgentsPart(pool_id), flowing, reason);
          }});
  feeds->tickets->Start();
  feeds->agents->Start();
  return feeds;
}

// Called on any thread: what blocks is left to the chores.
void Matcher::OnLost(const Hold& hold) {
  std::vector<Pool> pools = Extract({hold});
  if (pools.empty()) return;
  Log(Severity::kWarning)
      .Msg("another matcher may have the pool; it is left to it")
      .With("pool_id", hold.pool_id)
      .With("epoch", hold.epoch);
  AnnouncePools();
  if (pools[0].runner) {
    pools[0].sequencer->Post(
        [runner = pools[0].runner, why = NotServed(hold.pool_id)] { runner->Stop(why); });
  }
  chores_->Post([this, pool = std::move(pools[0])] { End(pool); });
}

void Matcher::HandOver(std::vector<Hold> holds, absl::Duration limit) {
  for (const Hold& hold : holds) {
    Pool pool = Find(hold.pool_id);
    if (pool.runner && Same(pool.hold, hold)) {
      pool.sequencer->Post([runner = pool.runner] { runner->StopOffering(); });
    }
  }
  const absl::Time give_up = BootClock().Now() + limit;
  while (!holds.empty()) {
    const bool late = BootClock().Now() >= give_up;
    std::vector<Hold> ready, waiting;
    for (const Hold& hold : holds) {
      Pool pool = Find(hold.pool_id);
      const bool settled = !pool.runner || !Same(pool.hold, hold) || Settled(pool);
      if (late && !settled) {
        Log(Severity::kWarning)
            .Msg("a pool goes before everything was told; its next holder tells it")
            .With("pool_id", hold.pool_id);
      }
      (settled || late ? ready : waiting).push_back(hold);
    }
    std::vector<Pool> ended = Extract(ready);
    if (!ended.empty()) AnnouncePools();
    for (const Pool& pool : ended) {
      End(pool);
      ownership_->Ended(pool.hold);
    }
    holds = std::move(waiting);
    if (!holds.empty()) std::this_thread::sleep_for(absl::ToChronoMilliseconds(kSettleLook));
  }
}

bool Matcher::Settled(const Pool& pool) {
  auto asked = std::make_shared<std::promise<bool>>();
  pool.sequencer->Post([runner = pool.runner, asked] { asked->set_value(runner->Settled()); });
  return asked->get_future().get();
}

std::vector<Matcher::Pool> Matcher::Extract(const std::vector<Hold>& holds) {
  std::vector<Pool> pools;
  std::lock_guard lock(mutex_);
  for (const Hold& hold : holds) {
    auto it = pools_.find(hold.pool_id);
    if (it == pools_.end() || !Same(it->second.hold, hold)) continue;
    pools.push_back(std::move(it->second));
    pools_.erase(it);
    health_.Remove(PoolPart(hold.pool_id));
  }
  return pools;
}

void Matcher::End(const Pool& pool) {
  const std::string& pool_id = pool.hold.pool_id;
  if (pool.feeds) {
    pool.feeds->tickets->Stop();
    pool.feeds->agents->Stop();
  }
  if (pool.runner) {
    auto stopped = std::make_shared<std::promise<void>>();
    pool.sequencer->Post([runner = pool.runner, why = NotServed(pool_id), stopped] {
      runner->Stop(why);
      stopped->set_value();
    });
    stopped->get_future().wait();
  }
  // It may be here again, under another epoch: what follows is the new one's then.
  std::lock_guard lock(mutex_);
  if (pools_.count(pool_id) > 0) return;
  health_.Remove(TicketsPart(pool_id));
  health_.Remove(AgentsPart(pool_id));
  progress_->Forget(pool_id);
  Log(Severity::kInfo).Msg("pool is no longer served").With("pool_id", pool_id);
}

void Matcher::AnnouncePools() {
  std::vector<ServedPool> served;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, pool] : pools_) {
      if (pool.runner) served.push_back({id, pool.hold.epoch});
    }
    parts_.metrics.pools.Set(static_cast<double>(served.size()));
    // Under the lock, so that the latest comes last.
    delivery_->Serve(std::move(served));
  }
}

}  // namespace muster::matcher
