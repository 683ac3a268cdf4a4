// One client's feed of one pool over gRPC: snapshot, then changes, then progress while idle.
//
// The same for every service: what differs is the message and where it is read from, which is the
// `FeedSource`. Changes in memory come from a ChangeHub whose entries are ready-made messages, so
// a commit is converted once, however many watch.
//
// Threading: made and owned by itself (it lives until gRPC says OnDone). The source's callbacks may
// come on any thread. A message is written straight from the publisher's thread, without a hop.
//
//   grpc::ServerWriteReactor<WatchAgentsResponse>* WatchAgents(ctx, request) {
//     return FeedStream<WatchAgentsResponse>::Open(ctx, hub_, source_, request->pool_id(),
//                                                  request->after_revision(), {});
//   }
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/feed/change_hub.h"
#include "common/rpc/grpc_time.h"
#include "common/rpc/status_convert.h"

namespace muster {

struct FeedStreamOptions {
  // An idle feed says that often how far it is.
  absl::Duration progress_interval = absl::Seconds(5);
  // A reader who was cut off and does not even take its status is cancelled after this.
  absl::Duration cut_off_patience = absl::Seconds(5);
};

template <class Response>
class FeedSource {
 public:
  struct Batch {
    std::vector<Response> messages;
    int64_t revision = 0;  // what the client has, once it has these
  };
  using Done = std::function<void(absl::StatusOr<Batch>)>;

  virtual ~FeedSource() = default;
  // The whole pool at one revision: chunks and the completion marker. `done` is called once.
  virtual void ReadSnapshot(const std::string& pool_id, Done done) = 0;
  // What changed after `revision`; none, if nothing did. OUT_OF_RANGE if that cannot be told.
  virtual void ReadChanges(const std::string& pool_id, int64_t revision, Done done) = 0;
  virtual Response Progress(int64_t revision) = 0;
  // Whether nothing comes after this message: the feed ends, with OK.
  virtual bool IsLast(const Response& message) { return false; }
};

template <class Response>
class FeedStream final : public grpc::ServerWriteReactor<Response>,
                         public std::enable_shared_from_this<FeedStream<Response>> {
 public:
  using Hub = ChangeHub<Response>;
  using Source = FeedSource<Response>;
  using Batch = typename Source::Batch;

  // `hub` and `source` outlive the server.
  static grpc::ServerWriteReactor<Response>* Open(grpc::CallbackServerContext* context, Hub& hub,
                                                  Source& source, const std::string& pool_id,
                                                  int64_t after_revision,
                                                  FeedStreamOptions options = {}) {
    std::shared_ptr<FeedStream> stream(new FeedStream(context, source, pool_id, options));
    stream->self_ = stream;
    std::weak_ptr<FeedStream> weak = stream;
    stream->subscription_ = hub.Subscribe(pool_id, [weak] {
      if (auto self = weak.lock()) self->Pump();
    });
    stream->Begin(after_revision);
    return stream.get();
  }

 private:
  FeedStream(grpc::CallbackServerContext* context, Source& source, std::string pool_id,
             FeedStreamOptions options)
      : context_(context), source_(source), pool_id_(std::move(pool_id)), options_(options) {}

  void Begin(int64_t after_revision) {
    if (after_revision == 0) {
      source_.ReadSnapshot(pool_id_, OnReadOf(0));
    } else {
      source_.ReadChanges(pool_id_, after_revision, OnReadOf(0));
    }
    ArmProgress();
  }

  typename Source::Done OnReadOf(int64_t must_exceed) {
    return [self = this->shared_from_this(), must_exceed](absl::StatusOr<Batch> batch) {
      self->OnRead(std::move(batch), must_exceed);
    };
  }

  void OnRead(absl::StatusOr<Batch> batch, int64_t must_exceed) {
    {
      std::lock_guard lock(mutex_);
      reading_ = false;
      if (!batch.ok()) return FinishLocked(batch.status());
      // The database is behind what it said before: it was restored, or a replica answers. To ask
      // again at once would be a busy loop, so let the client come back in its own time.
      if (batch->revision < must_exceed) {
        return FinishLocked(Unavailable("FEED_BEHIND", "the database is behind the feed"));
      }
      for (Response& message : batch->messages) {
        outbox_.push_back(std::make_shared<const Response>(std::move(message)));
      }
      subscription_->Start(batch->revision);
    }
    Pump();
  }

  // Writes the next message if there is one and none is under way.
  void Pump() {
    std::unique_lock lock(mutex_);
    if (finishing_ || reading_) return;
    if (writing_) {
      if (subscription_->ended()) EndLocked();
      return;
    }
    if (outbox_.empty()) {
      typename Hub::Next next = subscription_->Take();
      if (next.kind == FeedNext::kNothing) return;
      if (next.kind == FeedNext::kCutOff || next.kind == FeedNext::kClosed) return EndLocked();
      if (next.kind == FeedNext::kBehind) {
        reading_ = true;
        lock.unlock();
        source_.ReadChanges(pool_id_, next.revision, OnReadOf(next.revision + 1));
        return;
      }
      outbox_.push_back(std::move(next.change));
    }
    current_ = std::move(outbox_.front());
    outbox_.pop_front();
    writing_ = true;
    wrote_lately_ = true;
    this->StartWrite(current_.get());
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      const bool last = source_.IsLast(*current_);
      current_.reset();
      if (finishing_) {
        this->Finish(ToGrpc(end_));
        return;
      }
      if (!ok) return FinishLocked(absl::CancelledError("the client left"));
      if (last) return FinishLocked(absl::OkStatus());
    }
    Pump();
  }

  void OnCancel() override {
    std::lock_guard lock(mutex_);
    FinishLocked(absl::CancelledError("the client left"));
  }

  void OnDone() override {
    std::shared_ptr<FeedStream> self;
    {
      std::lock_guard lock(mutex_);
      done_ = true;
      self = std::move(self_);
      progress_alarm_.reset();
    }
    subscription_->Cancel();
  }

  // gRPC takes the final status only when no write is under way.
  void FinishLocked(absl::Status status) {
    if (finishing_) return;
    finishing_ = true;
    end_ = std::move(status);
    outbox_.clear();
    if (!writing_) this->Finish(ToGrpc(end_));
  }

  void EndLocked() {
    const bool cut_off = subscription_->Take().kind == FeedNext::kCutOff;
    FinishLocked(cut_off ? ResourceExhausted("SLOW_READER", "the feed was read too slowly")
                         : Unavailable("DRAINING", "the service is shutting down"));
    // The status waits behind the write that the client does not take; do not wait for ever.
    std::weak_ptr<FeedStream> weak = this->weak_from_this();
    patience_alarm_.Set(GrpcTimeIn(options_.cut_off_patience), [weak](bool fired) {
      auto self = weak.lock();
      if (!self || !fired) return;
      std::lock_guard lock(self->mutex_);
      if (!self->done_) self->context_->TryCancel();
    });
  }

  void ArmProgress() {
    std::weak_ptr<FeedStream> weak = this->weak_from_this();
    std::lock_guard lock(mutex_);
    if (done_ || finishing_) return;
    // A fresh alarm each time: one cannot be set anew from within its own callback.
    progress_alarm_ = std::make_unique<grpc::Alarm>();
    progress_alarm_->Set(GrpcTimeIn(options_.progress_interval), [weak](bool fired) {
      auto self = weak.lock();
      if (!self || !fired) return;
      self->TellProgress();
      self->ArmProgress();
    });
  }

  void TellProgress() {
    {
      std::lock_guard lock(mutex_);
      const bool idle = !wrote_lately_ && !reading_ && !writing_ && !finishing_;
      wrote_lately_ = false;
      if (idle) {
        outbox_.push_back(
            std::make_shared<const Response>(source_.Progress(subscription_->cursor())));
      }
    }
    Pump();
  }

  grpc::CallbackServerContext* const context_;  // stands until OnDone
  Source& source_;
  const std::string pool_id_;
  const FeedStreamOptions options_;
  std::shared_ptr<typename Hub::Subscription> subscription_;
  std::mutex mutex_;
  std::shared_ptr<FeedStream> self_;
  std::deque<std::shared_ptr<const Response>> outbox_;
  std::shared_ptr<const Response> current_;  // being written
  bool reading_ = true;  // from the beginning, so that an early wake finds nothing to do
  bool writing_ = false;
  bool wrote_lately_ = false;
  bool finishing_ = false;
  bool done_ = false;
  absl::Status end_;
  std::unique_ptr<grpc::Alarm> progress_alarm_;
  grpc::Alarm patience_alarm_;
};

}  // namespace muster
