// Follows one feed of one pool: snapshot, changes, and again from where it was after a break.
//
// The same for tickets and agents; `Traits` says what differs (see feeds.h). A snapshot is gathered
// and handed over whole. When a handler cannot take a message (its queue is full), or nothing has
// come for the watchdog's time, the stream is broken off and resumed. A revision that is no longer
// served (OUT_OF_RANGE) leads to a new snapshot.
//
// Threading: Start and Stop from one thread; handlers are called on threads of gRPC, one at a time
// for each feed. After Stop has returned none is called.
//
//   auto feed = std::make_shared<FeedClient<TicketFeed>>(*stub, "bank", options, handlers);
//   feed->Start();
#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/boot_clock.h"
#include "common/obs/log.h"
#include "common/rpc/status_convert.h"
#include "services/matcher/wire/retry_timer.h"

namespace muster::matcher {

struct FeedOptions {
  // An idle feed says progress every few seconds; silence for this long means that it is dead.
  absl::Duration silence = absl::Seconds(20);
  BackoffOptions backoff = {.initial = absl::Milliseconds(50), .max = absl::Seconds(2)};
};

template <class Traits>
class FeedClient : public std::enable_shared_from_this<FeedClient<Traits>> {
 public:
  using Request = typename Traits::Request;
  using Response = typename Traits::Response;
  using Snapshot = typename Traits::Snapshot;
  using Changes = typename Traits::Response::Changes;

  struct Handlers {
    // False: it could not be taken, and has to come again.
    std::function<bool(Snapshot, absl::Time received)> snapshot;
    std::function<bool(Changes, absl::Time received)> changes;
    // Whether the feed flows; with the reason why not.
    std::function<void(bool flowing, const std::string& reason)> state;
  };

  // `stub` outlives it. It is not owned: who lets go of a channel last must not be a thread of
  // gRPC, which would wait for itself, and a callback may be the last to hold this.
  FeedClient(typename Traits::Stub& stub, std::string pool_id, FeedOptions options,
             Handlers handlers)
      : stub_(stub),
        pool_id_(std::move(pool_id)),
        options_(options),
        handlers_(std::move(handlers)),
        backoff_(options.backoff, RandomSeed()) {}

  void Start() { Connect(); }

  // Waits until gRPC has let go of the stream.
  void Stop() {
    timer_.Cancel();
    std::unique_lock lock(mutex_);
    stopping_ = true;
    if (stream_) stream_->Cancel();
    ended_.wait(lock, [this] { return !connected_; });
  }

 private:
  class Stream final : public grpc::ClientReadReactor<Response> {
   public:
    explicit Stream(std::shared_ptr<FeedClient> client) : client_(std::move(client)) {}

    void Run(int64_t after_revision) {
      request_.set_pool_id(client_->pool_id_);
      request_.set_after_revision(after_revision);
      Traits::Watch(client_->stub_, &context_, &request_, this);
      this->StartRead(&response_);
      Watch();
      this->StartCall();
    }
    void Cancel() { context_.TryCancel(); }

    void OnReadDone(bool ok) override {
      if (!ok) return;
      last_message_us_ = absl::ToUnixMicros(BootClock().Now());
      if (client_->Take(&response_, &snapshot_, absl::Now())) {
        response_.Clear();
        this->StartRead(&response_);
      } else {
        Cancel();
        this->StartRead(&response_);  // fails; OnDone follows
      }
    }

    void OnDone(const grpc::Status& status) override {
      watchdog_.Cancel();
      std::shared_ptr<FeedClient> client = std::move(client_);
      client->OnEnd(FromGrpc(status));  // this is gone afterwards
    }

   private:
    // The stream outlives its watchdog's calls: they hold the client, and ask it who is current.
    void Watch() {
      std::weak_ptr<FeedClient> weak = client_;
      watchdog_.Start(client_->options_.silence / 2, [weak, this] {
        if (auto client = weak.lock()) client->Bark(this);
      });
    }
    friend class FeedClient;

    std::shared_ptr<FeedClient> client_;
    grpc::ClientContext context_;
    Request request_;
    Response response_;
    Snapshot snapshot_;
    std::atomic<int64_t> last_message_us_ = absl::ToUnixMicros(BootClock().Now());
    RetryTimer watchdog_;
  };

  void Connect() {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    connected_ = true;
    stream_ = std::make_unique<Stream>(this->shared_from_this());
    stream_->Run(revision_);
  }

  bool Take(Response* response, Snapshot* gathering, absl::Time received) {
    if (!flowing_) {
      flowing_ = true;
      handlers_.state(true, "");
    }
    switch (response->kind_case()) {
      case Response::kChunk:
        Traits::Gather(response->mutable_chunk(), gathering);
        return true;
      case Response::kSnapshotComplete:
        gathering->revision = response->snapshot_complete().revision();
        if (!handlers_.snapshot(std::move(*gathering), received)) return false;
        *gathering = Snapshot();
        return Reach(response->snapshot_complete().revision());
      case Response::kChanges: {
        int64_t revision = response->changes().revision();
        if (!handlers_.changes(std::move(*response->mutable_changes()), received)) return false;
        return Reach(revision);
      }
      case Response::kProgress:
        return Reach(response->progress().revision());
      default:
        return true;  // a newer server's word
    }
  }

  // Also ends the backoff: the feed flows.
  bool Reach(int64_t revision) {
    std::lock_guard lock(mutex_);
    revision_ = std::max(revision_, revision);
    backoff_.Reset();
    return true;
  }

  void Bark(Stream* stream) {
    std::lock_guard lock(mutex_);
    if (stream_.get() != stream) return;
    if (BootClock().Now() - absl::FromUnixMicros(stream->last_message_us_) >= options_.silence) {
      Log(Severity::kWarning)
          .Msg("feed is silent")
          .With("feed", Traits::kName)
          .With("pool_id", pool_id_);
      stream->Cancel();
    } else {
      stream->Watch();
    }
  }

  void OnEnd(const absl::Status& status) {
    flowing_ = false;
    if (!stopping()) {
      // Before the stream is let go, so that Stop waits for this too.
      handlers_.state(false, status.ok() ? "the feed has ended" : std::string(status.message()));
    }
    std::unique_ptr<Stream> old;
    {
      std::lock_guard lock(mutex_);
      old = std::move(stream_);
    }
    old.reset();  // with its hold on the channel, while Stop still waits
    std::lock_guard lock(mutex_);
    connected_ = false;
    ended_.notify_all();
    if (stopping_) return;
    if (absl::IsOutOfRange(status)) revision_ = 0;
    timer_.Start(backoff_.Next(), [weak = this->weak_from_this()] {
      if (auto self = weak.lock()) self->Connect();
    });
  }

  bool stopping() {
    std::lock_guard lock(mutex_);
    return stopping_;
  }

  typename Traits::Stub& stub_;
  const std::string pool_id_;
  const FeedOptions options_;
  const Handlers handlers_;
  bool flowing_ = false;  // touched by the stream's callbacks only, which follow one another

  std::mutex mutex_;
  std::condition_variable ended_;
  std::unique_ptr<Stream> stream_;
  bool connected_ = false;  // until the stream is gone for good
  int64_t revision_ = 0;
  bool stopping_ = false;
  Backoff backoff_;
  RetryTimer timer_;
};

}  // namespace muster::matcher
