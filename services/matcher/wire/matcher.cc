#include "services/matcher/wire/matcher.h"

#include <utility>

#include "common/base/boot_clock.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "services/matcher/wire/matcher_feeds.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

namespace {

constexpr char kDatabasePart[] = "database";
constexpr char kDirectoryPart[] = "intake";
constexpr char kDeliveryPart[] = "delivery";
constexpr char kLeasePart[] = "lease";
constexpr absl::Duration kLastWords = absl::Seconds(1);  // for the delivery stream to be written

absl::Status Busy() { return ResourceExhausted("MATCHER_BUSY", "too much is waiting"); }

}  // namespace

Matcher::Matcher(MatcherOptions options, MatcherParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      health_(options_.health_tolerance),
      lease_(BootClock(), options_.ownership.lease, options_.lease_margin),
      stubs_(new Stubs{in::IntakeService::NewStub(parts_.intake),
                       av::AvailabilityService::NewStub(parts_.availability)}) {
  for (int i = 0; i < options_.sequencers; ++i) {
    sequencers_.push_back(std::make_unique<Sequencer>(SequencerOptions{}, parts_.clock));
  }
}

Matcher::~Matcher() = default;

void Matcher::Start(const std::string& address) {
  SetHealth(kDirectoryPart, false, "not heard of yet");
  SetHealth(kDeliveryPart, false, "not heard of yet");
  SetHealth(kLeasePart, false, "not taken yet");
  for (auto& sequencer : sequencers_) sequencer->Start();
  chores_ = std::make_unique<Chores>();
  progress_ = std::make_unique<ProgressSender>(
      parts_.intake, ProgressOptions{},
      [this](const std::string& pool_id, std::vector<ProgressAnswer> answers) {
        OnAnswered(pool_id, std::move(answers));
      });
  pauses_ = std::make_unique<PauseSender>(parts_.availability, PauseOptions{});
  OpenDelivery();
  OpenOwnership(address);
  directory_ = std::make_unique<PoolDirectory>(
      parts_.intake, options_.directory,
      [this](const absl::StatusOr<std::set<std::string>>& pools) { OnDirectory(pools); });
}

void Matcher::OpenDelivery() {
  DeliveryFleet::Handlers handlers;
  handlers.ready = [this](const std::string& node_id, const std::set<std::string>& pools) {
    OnReady(node_id, pools);
  };
  handlers.gone = [this](const std::string& node_id, const std::string& reason) {
    OnGone(node_id, reason);
  };
  handlers.listed = [](const absl::Status& status) {
    if (!status.ok()) Log(Severity::kDebug).Msg("cannot list availability's nodes").Error(status);
  };
  handlers.act = [this](ActRef ref, av::DeliverResponse::Act act, absl::Time received) {
    OnAct(ref, std::move(act), received);
  };
  handlers.undelivered = [this](const av::DeliverResponse::Undelivered& undelivered) {
    OnUndelivered(undelivered);
  };
  FleetOptions options;
  options.delivery.matcher_id = options_.node_id;
  options.list_interval = options_.node_poll;
  delivery_ = std::make_unique<DeliveryFleet>(parts_.availability, options, std::move(handlers));
  delivery_->Start();
}

void Matcher::OpenOwnership(const std::string& address) {
  OwnershipOptions options = options_.ownership;
  options.node_id = options_.node_id;
  options.address = address;
  Ownership::Handlers handlers;
  handlers.taken = [this](const Hold& hold) { OnTaken(hold); };
  handlers.give_up = [this](const std::vector<Hold>& holds) {
    chores_->Post([this, holds] { HandOver(holds, options_.hand_over_limit); });
  };
  handlers.lost = [this](const Hold& hold) { OnLost(hold); };
  handlers.holds_again = [this] {
    for (const Pool& pool : ServedPools()) {
      pool.sequencer->Post([runner = pool.runner] { runner->OnLeaseHolds(); });
    }
  };
  handlers.renewed = [this](const absl::Status& status) {
    SetHealth(kLeasePart, status.ok(), std::string(status.message()));
  };
  ownership_ = std::make_unique<Ownership>(std::move(options), parts_.store.leases(), lease_,
                                           BootClock(), std::move(handlers));
  known_ = ownership_.get();
}

void Matcher::OnDirectory(const absl::StatusOr<std::set<std::string>>& pools) {
  SetHealth(kDirectoryPart, pools.ok(), std::string(pools.status().message()));
  if (pools.ok()) ownership_->Listed(*pools);
  if (!draining_) RetryFailed();
  ReportHealth();
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

void Matcher::OnReady(const std::string& node_id, const std::set<std::string>& pools) {
  std::lock_guard lock(mutex_);
  ready_.insert(node_id);
  SetHealth(kDeliveryPart, true, "");
  for (const auto& [id, pool] : pools_) {
    if (!pool.runner) continue;
    pool.sequencer->Post([runner = pool.runner, node_id, ready = pools.count(id) > 0] {
      runner->OnDeliveryReady(node_id, ready);
    });
  }
}

// Well as long as any node is there: agents of others cannot be reached, and come to one that is.
void Matcher::OnGone(const std::string& node_id, const std::string& reason) {
  std::lock_guard lock(mutex_);
  ready_.erase(node_id);
  if (ready_.empty()) SetHealth(kDeliveryPart, false, reason);
  for (const auto& [id, pool] : pools_) {
    if (!pool.runner) continue;
    pool.sequencer->Post(
        [runner = pool.runner, node_id] { runner->OnDeliveryReady(node_id, false); });
  }
}

void Matcher::OnAct(ActRef ref, av::DeliverResponse::Act act, absl::Time received) {
  Pool pool = Find(act.pool_id());
  absl::Status refused = pool.runner ? Busy() : NotServed(act.pool_id());
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
  return it == pools_.end() ? Pool() : it->second;
}

template <class T, class Call>
void Matcher::Post(const std::string& pool_id, Done<T> done, Call call) {
  Pool pool = Find(pool_id);
  if (!pool.runner) return done(NotServed(pool_id));
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
    if (pool.runner) ids.push_back(id);
  }
  return ids;
}

std::optional<std::string> Matcher::AddressOf(const std::string& pool_id) const {
  const Ownership* ownership = known_;
  if (ownership == nullptr || Find(pool_id).runner) return std::nullopt;
  return ownership->AddressOf(pool_id);
}

MatcherList Matcher::Matchers() const {
  const Ownership* ownership = known_;
  return ownership == nullptr ? MatcherList() : ownership->Matchers();
}

absl::Status Matcher::NotServed(const std::string& pool_id) const {
  const std::optional<std::string> address = AddressOf(pool_id);
  if (!address) {
    return Unavailable("POOL_NOT_SERVED", "no matcher serves this pool now");
  }
  return ErrorOf(absl::StatusCode::kUnavailable, "POOL_NOT_SERVED",
                 "another matcher serves this pool", {{"pool_id", pool_id}, {"address", *address}});
}

std::vector<Matcher::Pool> Matcher::ServedPools() const {
  std::vector<Pool> pools;
  std::lock_guard lock(mutex_);
  for (const auto& [id, pool] : pools_) {
    if (pool.runner) pools.push_back(pool);
  }
  return pools;
}

// ---- the end

std::vector<Hold> Matcher::LeaveAll() {
  draining_ = true;
  std::vector<Hold> holds;
  Ownership* ownership = known_;
  if (ownership == nullptr) return holds;
  ownership->Leave();
  std::lock_guard lock(mutex_);
  for (const auto& [id, pool] : pools_) holds.push_back(pool.hold);
  return holds;
}

void Matcher::Leave(absl::Duration limit) {
  std::vector<Hold> holds = LeaveAll();
  if (holds.empty()) return;
  chores_->Post([this, holds = std::move(holds), limit] { HandOver(holds, limit); });
}

void Matcher::Drain(absl::Duration limit) { HandOver(LeaveAll(), limit); }

void Matcher::Stop() {
  draining_ = true;
  if (directory_) directory_->Stop();
  std::map<std::string, Pool> pools;
  {
    std::lock_guard lock(mutex_);
    pools.swap(pools_);
  }
  for (const auto& [id, pool] : pools) End(pool);
  if (ownership_) ownership_->Stop();
  if (chores_) chores_->Stop();
  if (progress_) progress_->Stop();
  if (pauses_) pauses_->Stop();
  for (auto& sequencer : sequencers_) sequencer->Stop();
  if (delivery_) delivery_->Stop(kLastWords);
}

}  // namespace muster::matcher
