#include "services/matcher/service/tape_stream.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/rpc/status_convert.h"

namespace muster::matcher {

struct TapeStreams::Registry {
  mutable std::mutex mutex;
  bool ended = false;
  std::map<Stream*, std::shared_ptr<Stream>> streams;
};

namespace {

// Between two looks at a tape that has nothing new; what comes meanwhile makes one block.
constexpr absl::Duration kRest = absl::Milliseconds(200);

absl::Status Draining() { return Unavailable("DRAINING", "the service is shutting down"); }

}  // namespace

// One stream: looks, writes or rests, looks again. At any time one of the three is under way, and
// its end takes the next step; so whoever wants the stream to end only says so, and ends the rest.
class TapeStreams::Stream final : public Reactor, public std::enable_shared_from_this<Stream> {
 public:
  Stream(PoolOperations& operations, const Clock& clock, std::shared_ptr<Registry> registry,
         TapeQuery query)
      : operations_(operations),
        clock_(clock),
        registry_(std::move(registry)),
        query_(std::move(query)),
        until_(clock.Now() + query_.follow) {}

  void Look() {
    operations_.ReadTape(query_.pool_id, next_,
                         [self = shared_from_this()](absl::StatusOr<TapeView> view) {
                           std::lock_guard lock(self->mutex_);
                           self->OnPartLocked(std::move(view));
                         });
  }

  // As soon as what is under way is over.
  void AskToEnd(const absl::Status& status) {
    std::lock_guard lock(mutex_);
    if (ending_.ok()) ending_ = status;
    if (resting_) alarm_->Cancel();
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      if (!ok) ending_ = absl::CancelledError("the client is gone");
      if (!ending_.ok() || over_) return FinishLocked(ending_);
      if (tape_end_) return WriteEndLocked();
      if (!more_) return RestLocked();
    }
    Look();
  }

  void OnCancel() override { AskToEnd(absl::CancelledError("the client is gone")); }

  void OnDone() override {
    std::shared_ptr<Stream> self;  // dies after the lock
    std::lock_guard lock(registry_->mutex);
    auto it = registry_->streams.find(this);
    self = std::move(it->second);
    registry_->streams.erase(it);
  }

 private:
  void OnPartLocked(absl::StatusOr<TapeView> view) {
    if (!view.ok()) return FinishLocked(view.status());
    if (!ending_.ok()) return FinishLocked(ending_);
    if (!epoch_) {
      // The head alone; what the part holds is read again.
      epoch_ = view->head.options.epoch;
      more_ = true;
      message_.set_data(blocks_.Begin(view->head));
      return StartWrite(&message_);
    }
    if (*epoch_ != view->head.options.epoch) {
      return FinishLocked(Aborted("RUN_ENDED", "the pool was taken over anew; this run is over"));
    }
    tape::TapePart& part = view->part;
    next_ = part.next;
    more_ = part.more;
    tape_end_ = part.end;
    if (!more_ && !tape_end_ && clock_.Now() >= until_) tape_end_ = tape::EndReason::kCurrent;
    if (part.events.empty()) return tape_end_ ? WriteEndLocked() : RestLocked();
    message_.set_data(blocks_.Events(part.events));
    StartWrite(&message_);
  }

  void WriteEndLocked() {
    over_ = true;
    message_.set_data(blocks_.End(*tape_end_));
    StartWrite(&message_);
  }

  void RestLocked() {
    resting_ = true;
    // A new one each time: the callback of the last one may still be on its way out.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(absl::ToChronoTime(std::min(clock_.Now() + kRest, until_)),
                [self = shared_from_this()](bool) mutable { Rested(std::move(self)); });
  }

  static void Rested(std::shared_ptr<Stream> self) {
    {
      std::lock_guard lock(self->mutex_);
      self->resting_ = false;
      if (!self->ending_.ok()) return self->FinishLocked(self->ending_);
    }
    self->Look();
  }

  void FinishLocked(const absl::Status& status) {
    if (std::exchange(finished_, true)) return;
    Finish(ToGrpc(status));
  }

  PoolOperations& operations_;
  const Clock& clock_;
  const std::shared_ptr<Registry> registry_;
  const TapeQuery query_;
  const absl::Time until_;
  std::mutex mutex_;
  v1::RecordRunResponse message_;
  tape::BlockWriter blocks_;
  std::optional<uint64_t> epoch_;  // of the run, once its head is written
  uint64_t next_ = 0;
  bool more_ = false;
  std::optional<tape::EndReason> tape_end_;  // after what has been read
  bool over_ = false;                        // the last block is being written
  std::unique_ptr<grpc::Alarm> alarm_;
  bool resting_ = false;
  bool finished_ = false;
  absl::Status ending_;
};

namespace {

// For a stream that ends before it begins.
class Refusal final : public TapeStreams::Reactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

TapeStreams::TapeStreams(PoolOperations& operations, const Clock& clock)
    : operations_(operations), clock_(clock), registry_(std::make_shared<Registry>()) {}

TapeStreams::~TapeStreams() { EndAll(); }

TapeStreams::Reactor* TapeStreams::Open(absl::StatusOr<TapeQuery> query) {
  if (!query.ok()) return new Refusal(query.status());
  auto stream = std::make_shared<Stream>(operations_, clock_, registry_, *std::move(query));
  {
    std::lock_guard lock(registry_->mutex);
    if (registry_->ended) return new Refusal(Draining());
    if (registry_->streams.size() >= kMaxTapeStreams) {
      return new Refusal(ResourceExhausted("TOO_MANY_TAPES", "too many tapes are being recorded"));
    }
    registry_->streams.emplace(stream.get(), stream);
  }
  stream->Look();
  return stream.get();
}

void TapeStreams::EndAll() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(registry_->mutex);
    registry_->ended = true;
    for (const auto& [raw, stream] : registry_->streams) streams.push_back(stream);
  }
  for (const std::shared_ptr<Stream>& stream : streams) stream->AskToEnd(Draining());
}

size_t TapeStreams::open() const {
  std::lock_guard lock(registry_->mutex);
  return registry_->streams.size();
}

}  // namespace muster::matcher
