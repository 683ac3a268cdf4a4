#include "services/matcher/service/statistics_watch.h"

#include <grpcpp/alarm.h>

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/rpc/status_convert.h"

namespace muster::matcher {

struct StatisticsWatches::Registry {
  mutable std::mutex mutex;
  bool ended = false;
  std::map<Watch*, std::shared_ptr<Watch>> watches;
};

namespace {

absl::Status Draining() { return Unavailable("DRAINING", "the service is shutting down"); }

}  // namespace

// One stream: looks, writes, rests, looks again. At any time one of the three is under way, and its
// end takes the next step; so whoever wants the stream to end only says so, and ends the rest.
class StatisticsWatches::Watch final : public Reactor, public std::enable_shared_from_this<Watch> {
 public:
  Watch(LookAt look_at, const Clock& clock, std::shared_ptr<Registry> registry,
        StatisticsQuery query)
      : look_at_(std::move(look_at)),
        clock_(clock),
        registry_(std::move(registry)),
        query_(std::move(query)) {}

  void Look() {
    next_ = clock_.Now() + query_.interval;
    look_at_(query_, [self = shared_from_this()](absl::StatusOr<v1::Statistics> statistics) {
      if (!statistics.ok()) return self->End(statistics.status());
      self->message_ = *std::move(statistics);
      self->Write();
    });
  }

  void End(const absl::Status& status) {
    std::lock_guard lock(mutex_);
    FinishLocked(status);
  }

  // As soon as what is under way is over.
  void AskToEnd(const absl::Status& status) {
    std::lock_guard lock(mutex_);
    if (ending_.ok()) ending_ = status;
    if (resting_) alarm_->Cancel();
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    if (!ok) ending_ = absl::CancelledError("the client is gone");
    if (!ending_.ok()) return FinishLocked(ending_);
    resting_ = true;
    // A new one each time: the callback of the last one may still be on its way out.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(absl::ToChronoTime(next_),
                [self = shared_from_this()](bool) mutable { Rested(std::move(self)); });
  }

  void OnCancel() override { AskToEnd(absl::CancelledError("the client is gone")); }

  void OnDone() override {
    std::shared_ptr<Watch> self;  // dies after the lock
    std::lock_guard lock(registry_->mutex);
    auto it = registry_->watches.find(this);
    self = std::move(it->second);
    registry_->watches.erase(it);
  }

 private:
  static void Rested(std::shared_ptr<Watch> self) {
    {
      std::lock_guard lock(self->mutex_);
      self->resting_ = false;
      if (!self->ending_.ok()) return self->FinishLocked(self->ending_);
    }
    self->Look();
  }

  void Write() {
    std::lock_guard lock(mutex_);
    if (!ending_.ok()) return FinishLocked(ending_);
    StartWrite(&message_);
  }

  void FinishLocked(const absl::Status& status) {
    if (std::exchange(finished_, true)) return;
    Finish(ToGrpc(status));
  }

  const LookAt look_at_;
  const Clock& clock_;
  const std::shared_ptr<Registry> registry_;
  const StatisticsQuery query_;
  v1::Statistics message_;
  absl::Time next_;
  std::mutex mutex_;
  std::unique_ptr<grpc::Alarm> alarm_;
  bool resting_ = false;
  bool finished_ = false;
  absl::Status ending_;
};

namespace {

// For a stream that ends before it begins.
class Refusal final : public StatisticsWatches::Reactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

StatisticsWatches::StatisticsWatches(LookAt look_at, const Clock& clock)
    : look_at_(std::move(look_at)), clock_(clock), registry_(std::make_shared<Registry>()) {}

StatisticsWatches::~StatisticsWatches() { EndAll(); }

StatisticsWatches::Reactor* StatisticsWatches::Open(absl::StatusOr<StatisticsQuery> query) {
  if (!query.ok()) return new Refusal(query.status());
  auto watch = std::make_shared<Watch>(look_at_, clock_, registry_, *std::move(query));
  {
    std::lock_guard lock(registry_->mutex);
    if (registry_->ended) return new Refusal(Draining());
    if (registry_->watches.size() >= kMaxStatisticsWatches) {
      return new Refusal(ResourceExhausted("TOO_MANY_WATCHES", "too many streams of statistics"));
    }
    registry_->watches.emplace(watch.get(), watch);
  }
  watch->Look();
  return watch.get();
}

void StatisticsWatches::EndAll() {
  std::vector<std::shared_ptr<Watch>> watches;
  {
    std::lock_guard lock(registry_->mutex);
    registry_->ended = true;
    for (const auto& [raw, watch] : registry_->watches) watches.push_back(watch);
  }
  for (const std::shared_ptr<Watch>& watch : watches) watch->AskToEnd(Draining());
}

size_t StatisticsWatches::open() const {
  std::lock_guard lock(registry_->mutex);
  return registry_->watches.size();
}

}  // namespace muster::matcher
