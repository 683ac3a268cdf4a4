// A bidirectional stream of gRPC's callback API with a bounded queue of what is to be written.
//
// Messages are handled one after the other, on gRPC's thread; what is written goes out from the
// thread that has it, without a hop, if nothing is being written. A client who does not read is cut
// off when too much waits for it.
//
// Threading: thread-safe. `OnMessage` and `OnEnded` are called without locks; `NextLocked` with.
// It owns itself until gRPC says OnDone.
//
//   class LinkStream final : public BidiStream<AgentFrame, PlatformFrame> { ... };
//   auto stream = std::make_shared<LinkStream>(context, ...);
//   stream->Begin();
//   return stream.get();
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/rpc/grpc_time.h"
#include "common/rpc/status_convert.h"

namespace muster::availability {

// A client who was cut off and does not even take its status is cancelled after this.
inline constexpr absl::Duration kCutOffPatience = absl::Seconds(5);

template <class In, class Out>
class BidiStream : public grpc::ServerBidiReactor<In, Out>,
                   public std::enable_shared_from_this<BidiStream<In, Out>> {
 public:
  explicit BidiStream(grpc::CallbackServerContext* context) : context_(context) {}

  void Begin() {
    self_ = this->shared_from_this();
    this->StartRead(&in_);
  }

 protected:
  // The message may be taken apart.
  virtual void OnMessage(In& message) = 0;
  // No message comes any more. Once.
  virtual void OnEnded() = 0;
  // Moves the next message to be written into `out`; false if there is none.
  virtual bool NextLocked(Out* out) = 0;
  virtual void ClearLocked() = 0;

  std::mutex& mutex() { return mutex_; }
  bool ending_locked() const { return ending_; }

  // Writes what is queued, or cuts the stream off if the queue ran over.
  void WriteQueued() {
    bool cut = false;
    {
      std::lock_guard lock(mutex_);
      cut = overflow_;
      if (!cut) WriteLocked();
    }
    if (cut) CutOff(ResourceExhausted("SLOW_READER", "the stream was read too slowly"));
  }
  // The queue has run over; the next WriteQueued cuts the stream.
  void OverflowLocked() {
    overflow_ = true;
    ClearLocked();
  }

  // Ends the stream after what is queued.
  void EndStream(absl::Status status) {
    {
      std::lock_guard lock(mutex_);
      BeginEndLocked(std::move(status));
    }
    EndedOnce();
  }

  void CutOff(absl::Status status) {
    {
      std::lock_guard lock(mutex_);
      ClearLocked();
      BeginEndLocked(std::move(status));
    }
    EndedOnce();
  }

 private:
  void OnReadDone(bool ok) final {
    if (!ok) return EndStream(absl::OkStatus());
    try {
      OnMessage(in_);
    } catch (const std::exception& error) {
      return EndStream(Internal("UNEXPECTED_EXCEPTION", error.what()));
    }
    std::lock_guard lock(mutex_);
    if (!ending_) this->StartRead(&in_);
  }

  void OnWriteDone(bool ok) final {
    std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) ClearLocked();
    WriteLocked();
  }

  void OnCancel() final { CutOff(absl::CancelledError("the client left")); }

  void OnDone() final {
    std::shared_ptr<BidiStream> self;  // destroyed after the lock is released
    std::lock_guard lock(mutex_);
    done_ = true;
    self = std::move(self_);
  }

  void WriteLocked() {
    if (writing_ || finished_) return;
    if (NextLocked(&out_)) {
      writing_ = true;
      this->StartWrite(&out_);
    } else if (ending_) {
      finished_ = true;
      this->Finish(ToGrpc(end_));
    }
  }

  void BeginEndLocked(absl::Status status) {
    if (!ending_) {
      ending_ = true;
      end_ = std::move(status);
    }
    WriteLocked();
    if (finished_ || patience_set_) return;
    // The status waits behind a write that the client may never take.
    patience_set_ = true;
    std::weak_ptr<BidiStream> weak = this->weak_from_this();
    patience_.Set(GrpcTimeIn(kCutOffPatience), [weak](bool fired) {
      auto self = weak.lock();
      if (!self || !fired) return;
      std::lock_guard lock(self->mutex_);
      if (!self->done_) self->context_->TryCancel();
    });
  }

  void EndedOnce() {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(told_ended_, true)) return;
    }
    OnEnded();
  }

  grpc::CallbackServerContext* const context_;  // stands until OnDone
  std::mutex mutex_;
  std::shared_ptr<BidiStream> self_;
  In in_;
  Out out_;
  bool writing_ = false;
  bool overflow_ = false;
  bool ending_ = false;
  bool finished_ = false;
  bool told_ended_ = false;
  bool done_ = false;
  bool patience_set_ = false;
  absl::Status end_;
  grpc::Alarm patience_;
};

}  // namespace muster::availability
