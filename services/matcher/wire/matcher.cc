#include "services/matcher/wire/matcher.h"

#include <future>
#include <thread>
#include <utility>

#include "absl/hash/hash.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "services/matcher/wire/feeds.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

constexpr char kDatabasePart[] = "database";
constexpr char kDirectoryPart[] = "intake";
constexpr char kDeliveryPart[] = "delivery";
constexpr absl::Duration kDrainLook = absl::Milliseconds(20);
constexpr absl::Duration kLastWords = absl::Seconds(1);  // for the delivery stream to be written

std::string TicketsPart(const std::string& pool_id) { return "tickets of " + pool_id; }
std::string AgentsPart(const std::string& pool_id) { return "agents of " + pool_id; }
std::string PoolPart(const std::string& pool_id) { return "pool " + pool_id; }

absl::Status NotServed() {
  return Unavailable("POOL_NOT_SERVED", "no matcher serves this pool now");
}
absl::Status Busy() { return ResourceExhausted("MATCHER_BUSY", "too much is waiting"); }

}  // namespace

struct Matcher::Feeds {
  std::shared_ptr<FeedClient<TicketFeed>> tickets;
  std::shared_ptr<FeedClient<AgentFeed>> agents;
};

// Of all feeds.
struct Matcher::Stubs {
  std::unique_ptr<in::IntakeService::Stub> intake;
  std::unique_ptr<av::AvailabilityService::Stub> availability;
};

Matcher::Matcher(MatcherOptions options, MatcherParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      health_(options_.health_tolerance),
      stubs_(new Stubs{in::IntakeService::NewStub(parts_.intake),
                       av::AvailabilityService::NewStub(parts_.availability)}) {
  for (int i = 0; i < options_.sequencers; ++i) {
    sequencers_.push_back(std::make_unique<Sequencer>(SequencerOptions{}, parts_.clock));
  }
}

Matcher::~Matcher() = default;

void Matcher::Start() {
  SetHealth(kDirectoryPart, false, "not heard of yet");
  SetHealth(kDeliveryPart, false, "not heard of yet");
  for (auto& sequencer : sequencers_) sequencer->Start();
  progress_ = std::make_unique<ProgressSender>(
      parts_.intake, ProgressOptions{},
      [this](const std::string& pool_id, std::vector<ProgressAnswer> answers) {
        OnAnswered(pool_id, std::move(answers));
      });
  pauses_ = std::make_unique<PauseSender>(parts_.availability, PauseOptions{});
  DeliveryClient::Handlers handlers;
  handlers.ready = [this](const std::set<std::string>& pools) { OnReady(pools); };
  handlers.gone = [this](const std::string& reason) {
    SetHealth(kDeliveryPart, false, reason);
    for (const Pool& pool : ServedPools()) {
      pool.sequencer->Post([runner = pool.runner] { runner->OnDeliveryReady(false); });
    }
  };
  handlers.act = [this](ActRef ref, av::DeliverResponse::Act act, absl::Time received) {
    OnAct(ref, std::move(act), received);
  };
  handlers.undelivered = [this](const av::DeliverResponse::Undelivered& undelivered) {
    OnUndelivered(undelivered);
  };
  delivery_ = std::make_unique<DeliveryClient>(
      parts_.availability, DeliveryOptions{.matcher_id = options_.node_id}, std::move(handlers));
  delivery_->Start();
  directory_ = std::make_unique<PoolDirectory>(
      parts_.intake, options_.directory,
      [this](const absl::StatusOr<std::set<std::string>>& pools) { OnDirectory(pools); });
}

// ---- which pools are served

void Matcher::OnDirectory(const absl::StatusOr<std::set<std::string>>& pools) {
  SetHealth(kDirectoryPart, pools.ok(), std::string(pools.status().message()));
  if (pools.ok() && !draining_) Follow(*pools);
  ReportHealth();
}

void Matcher::Follow(const std::set<std::string>& pools) {
  std::vector<std::string> added;
  std::map<std::string, Pool> ended;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& id : std::exchange(not_taken_, {})) {
      if (pools.count(id) == 0) health_.Remove(PoolPart(id));
    }
    for (const std::string& id : pools) {
      if (pools_.try_emplace(id).second) added.push_back(id);
    }
    for (auto it = pools_.begin(); it != pools_.end();) {
      const bool gone = pools.count(it->first) == 0;
      if (gone && it->second.phase != Phase::kTaking) {
        health_.Remove(PoolPart(it->first));
        ended.insert(pools_.extract(it++));
        continue;
      }
      // What is lost stays known as such, but follows nothing any more.
      if (it->second.phase == Phase::kLost && it->second.feeds) {
        ended.emplace(it->first, std::exchange(it->second, {.phase = Phase::kLost}));
      }
      ++it;
    }
  }
  for (auto& [id, pool] : ended) End(id, std::move(pool));
  if (!ended.empty()) AnnouncePools();
  for (const std::string& id : added) Take(id);
}

void Matcher::Take(const std::string& pool_id) {
  absl::Time now = parts_.clock.Now();
  parts_.store.Submit(TakePool{pool_id, options_.node_id, now}, now + options_.take_deadline,
                      [weak = weak_from_this(), pool_id](const absl::StatusOr<Outcome>& outcome) {
                        auto self = weak.lock();
                        if (!self) return;
                        if (!outcome.ok()) return self->GiveUp(pool_id, outcome.status());
                        self->LoadLive(pool_id, outcome->epoch);
                      });
}

void Matcher::LoadLive(const std::string& pool_id, int64_t epoch) {
  parts_.store.LoadLiveAssignments(
      pool_id, parts_.clock.Now() + options_.take_deadline,
      [weak = weak_from_this(), pool_id, epoch](absl::StatusOr<std::vector<Assignment>> live) {
        auto self = weak.lock();
        if (!self) return;
        if (!live.ok()) return self->GiveUp(pool_id, live.status());
        self->LoadHistory(pool_id, {epoch, *std::move(live), {}});
      });
}

void Matcher::LoadHistory(const std::string& pool_id, Taken taken) {
  absl::Time now = parts_.clock.Now();
  parts_.store.LoadHistory(pool_id, now - options_.history, now + options_.take_deadline,
                           [weak = weak_from_this(), pool_id,
                            taken = std::move(taken)](absl::StatusOr<History> history) mutable {
                             auto self = weak.lock();
                             if (!self) return;
                             if (!history.ok()) return self->GiveUp(pool_id, history.status());
                             taken.history = *std::move(history);
                             self->Serve(pool_id, std::move(taken));
                           });
}

// The next round of the directory tries again.
void Matcher::GiveUp(const std::string& pool_id, const absl::Status& why) {
  Log(Severity::kWarning).Msg("cannot take a pool yet").With("pool_id", pool_id).Error(why);
  SetHealth(PoolPart(pool_id), false, std::string(why.message()));
  std::lock_guard lock(mutex_);
  pools_.erase(pool_id);
  not_taken_.insert(pool_id);
}

void Matcher::Serve(const std::string& pool_id, Taken taken) {
  Sequencer* sequencer = sequencers_[absl::Hash<std::string>{}(pool_id) % sequencers_.size()].get();
  PoolRunnerOptions options;
  options.pool_id = pool_id;
  options.epoch = taken.epoch;
  options.tape_bytes = options_.tape_bytes;
  PoolRunnerParts parts{.clock = parts_.clock,
                        .sequencer = *sequencer,
                        .store = parts_.store,
                        .delivery = *delivery_,
                        .progress = *progress_,
                        .pauses = *pauses_,
                        .metrics = parts_.metrics,
                        .on_lost = [weak = weak_from_this(), pool_id](const absl::Status& why) {
                          if (auto self = weak.lock()) self->OnLost(pool_id, why);
                        }};
  auto runner = std::make_shared<PoolRunner>(std::move(options), std::move(parts));
  sequencer->Post([runner, taken = std::move(taken)]() mutable {
    runner->Start(std::move(taken.live), taken.history);
  });
  {
    std::lock_guard lock(mutex_);
    // Draining ends the pools that are there; do not add one behind its back.
    if (draining_) return;
    Pool& pool = pools_[pool_id];
    pool = {Phase::kServed, sequencer, runner, OpenFeeds(pool_id, sequencer, runner)};
  }
  SetHealth(PoolPart(pool_id), true, "");
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

// On the sequencer: what blocks is left to the next round of the directory.
void Matcher::OnLost(const std::string& pool_id, const absl::Status& why) {
  SetHealth(PoolPart(pool_id), false, "another matcher has taken it");
  std::lock_guard lock(mutex_);
  if (auto it = pools_.find(pool_id); it != pools_.end()) it->second.phase = Phase::kLost;
}

void Matcher::End(const std::string& pool_id, Pool pool) {
  if (pool.feeds) {
    pool.feeds->tickets->Stop();
    pool.feeds->agents->Stop();
    health_.Remove(TicketsPart(pool_id));
    health_.Remove(AgentsPart(pool_id));
  }
  if (pool.runner) {
    pool.sequencer->Post([runner = pool.runner] { runner->Stop(NotServed()); });
  }
  progress_->Forget(pool_id);
  Log(Severity::kInfo).Msg("pool is no longer served").With("pool_id", pool_id);
}

void Matcher::AnnouncePools() {
  std::vector<std::string> ids = Pools();
  parts_.metrics.pools.Set(static_cast<double>(ids.size()));
  delivery_->Serve(std::move(ids));
}

// ---- health

void Matcher::SetHealth(const std::string& part, bool well, const std::string& reason) {
  if (!health_.Set(part, well, reason, parts_.clock.Now())) return;
  Log(well ? Severity::kInfo : Severity::kWarning)
      .Msg(well ? "well" : "not well")
      .With("part", part)
      .With("reason", reason);
}

void Matcher::ReportHealth() {
  absl::Status records = parts_.records();
  SetHealth(kDatabasePart, records.ok(), std::string(records.message()));
  size_t backlog = 0;
  for (const std::string& id : Pools()) backlog += progress_->Backlog(id);
  parts_.metrics.progress_backlog.Set(static_cast<double>(backlog));
  if (!draining_) parts_.on_health(health_.Evaluate(parts_.clock.Now()));
}

// ---- what comes in

void Matcher::OnReady(const std::set<std::string>& pools) {
  SetHealth(kDeliveryPart, true, "");
  std::lock_guard lock(mutex_);
  for (const auto& [id, pool] : pools_) {
    if (!pool.runner) continue;
    pool.sequencer->Post(
        [runner = pool.runner, ready = pools.count(id) > 0] { runner->OnDeliveryReady(ready); });
  }
}

void Matcher::OnAct(ActRef ref, av::DeliverResponse::Act act, absl::Time received) {
  Pool pool = Find(act.pool_id());
  absl::Status refused = pool.runner ? Busy() : NotServed();
  if (pool.runner && pool.sequencer->TryPost(
                         [runner = pool.runner, ref, act = std::move(act), received]() mutable {
                           runner->OnAct(ref, std::move(act), received);
                         })) {
    return;
  }
  delivery_->Answer(ref, refused, std::nullopt);
  delivery_->Flush();
}

void Matcher::OnUndelivered(const av::DeliverResponse::Undelivered& undelivered) {
  Pool pool = Find(undelivered.pool_id());
  if (!pool.runner) return;
  pool.sequencer->TryPost([runner = pool.runner, agent_id = undelivered.agent_id()] {
    runner->OnUndelivered(agent_id);
  });
}

void Matcher::OnAnswered(const std::string& pool_id, std::vector<ProgressAnswer> answers) {
  Pool pool = Find(pool_id);
  if (!pool.runner) return;
  pool.sequencer->Post(
      [runner = pool.runner, answers = std::move(answers)] { runner->OnProgressAnswers(answers); });
}

// ---- operations

Matcher::Pool Matcher::Find(const std::string& pool_id) const {
  std::lock_guard lock(mutex_);
  auto it = pools_.find(pool_id);
  return it == pools_.end() || it->second.phase != Phase::kServed ? Pool() : it->second;
}

template <class T, class Call>
void Matcher::Post(const std::string& pool_id, Done<T> done, Call call) {
  Pool pool = Find(pool_id);
  if (!pool.runner) return done(NotServed());
  // Shared, for it is needed here as well if the sequencer refuses.
  auto shared = std::make_shared<Done<T>>(std::move(done));
  bool posted =
      pool.sequencer->TryPost([runner = pool.runner, shared, call = std::move(call)]() mutable {
        call(*runner, std::move(*shared));
      });
  if (!posted) (*shared)(Busy());
}

void Matcher::Requeue(RequeueOperation operation, Done<OperationResult> done) {
  std::string pool_id = operation.pool_id;
  Post(pool_id, std::move(done),
       [operation = std::move(operation)](PoolRunner& runner, auto done) mutable {
         runner.Requeue(std::move(operation), std::move(done));
       });
}

void Matcher::Transfer(TransferOperation operation, Done<OperationResult> done) {
  std::string pool_id = operation.pool_id;
  Post(pool_id, std::move(done),
       [operation = std::move(operation)](PoolRunner& runner, auto done) mutable {
         runner.Transfer(std::move(operation), std::move(done));
       });
}

void Matcher::PendingOffers(OfferFilter filter, Done<std::vector<PendingOffer>> done) {
  std::string pool_id = filter.pool_id;
  Post(pool_id, std::move(done),
       [filter = std::move(filter)](PoolRunner& runner, auto done) mutable {
         runner.PendingOffers(filter, std::move(done));
       });
}

void Matcher::Inspect(std::string pool_id, Done<PoolView> done) {
  Post(pool_id, std::move(done),
       [](PoolRunner& runner, auto done) { runner.Inspect(std::move(done)); });
}

void Matcher::ReadTape(std::string pool_id, uint64_t from, Done<TapeView> done) {
  Post(pool_id, std::move(done),
       [from](PoolRunner& runner, auto done) { runner.ReadTape(from, std::move(done)); });
}

std::vector<std::string> Matcher::Pools() const {
  std::vector<std::string> ids;
  std::lock_guard lock(mutex_);
  for (const auto& [id, pool] : pools_) {
    if (pool.phase == Phase::kServed) ids.push_back(id);
  }
  return ids;
}

std::vector<Matcher::Pool> Matcher::ServedPools() const {
  std::vector<Pool> pools;
  std::lock_guard lock(mutex_);
  for (const auto& [id, pool] : pools_) {
    if (pool.phase == Phase::kServed) pools.push_back(pool);
  }
  return pools;
}

// ---- the end

void Matcher::Drain(absl::Duration limit) {
  {
    std::lock_guard lock(mutex_);
    draining_ = true;
  }
  absl::Time give_up = parts_.clock.Now() + limit;
  for (const Pool& pool : ServedPools()) {
    pool.sequencer->Post([runner = pool.runner] { runner->StopOffering(); });
  }
  while (true) {
    bool settled = true;
    for (const Pool& pool : ServedPools()) {
      auto asked = std::make_shared<std::promise<bool>>();
      pool.sequencer->Post([runner = pool.runner, asked] { asked->set_value(runner->Settled()); });
      settled = asked->get_future().get() && settled;
    }
    if (settled) return;
    if (parts_.clock.Now() >= give_up) {
      Log(Severity::kWarning).Msg("leaving before everything was told; the next start tells it");
      return;
    }
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kDrainLook));
  }
}

void Matcher::Stop() {
  draining_ = true;
  if (directory_) directory_->Stop();
  std::map<std::string, Pool> pools;
  {
    std::lock_guard lock(mutex_);
    pools.swap(pools_);
  }
  for (auto& [id, pool] : pools) End(id, std::move(pool));
  if (progress_) progress_->Stop();
  if (pauses_) pauses_->Stop();
  for (auto& sequencer : sequencers_) sequencer->Stop();
  if (delivery_) delivery_->Stop(kLastWords);
}

}  // namespace muster::matcher
