// The client's end of a bidirectional stream, for tests: what came is kept, and can be waited for.
//
// Threading: made and used by one thread; a thread of its own reads.
//
//   StreamClient<AgentFrame, PlatformFrame> link(stub->Connect...);
//   link.Send(hello);
//   std::optional<PlatformFrame> welcome = link.Await([](auto& f) { return f.has_welcome(); });
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/rpc/status_convert.h"
#include "tests/support/eventually.h"

namespace muster::availability {

template <class Out, class In>
class StreamClient {
 public:
  using Stream = grpc::ClientReaderWriter<Out, In>;
  using Open = std::function<std::unique_ptr<Stream>(grpc::ClientContext*)>;

  // With `read` false nothing is read before Read() is called.
  explicit StreamClient(const Open& open, bool read = true) : stream_(open(&context_)) {
    if (read) Read();
  }
  ~StreamClient() {
    context_.TryCancel();
    if (reader_.joinable()) reader_.join();
  }

  void Read() {
    reader_ = std::thread([this] { ReadAll(); });
  }
  bool Send(const Out& message) { return stream_->Write(message); }
  void HalfClose() { stream_->WritesDone(); }
  void Cut() { context_.TryCancel(); }

  // The first message that fits, after the one that the last Await returned.
  std::optional<In> Await(const std::function<bool(const In&)>& fits,
                          absl::Duration limit = kEventually) {
    std::unique_lock lock(mutex_);
    std::optional<In> found;
    changed_.wait_for(lock, absl::ToChronoMilliseconds(limit), [&] {
      while (!found && next_ < messages_.size()) {
        if (fits(messages_[next_])) found = messages_[next_];
        ++next_;
      }
      return found.has_value() || ended_;
    });
    return found;
  }

  // How the server ended the stream; nothing if it has not.
  std::optional<absl::Status> AwaitEnd(absl::Duration limit = kEventually) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(limit), [&] { return ended_; });
    if (!ended_) return std::nullopt;
    return end_;
  }

  std::vector<In> messages() const {
    std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  void ReadAll() {
    In message;
    while (stream_->Read(&message)) {
      std::lock_guard lock(mutex_);
      messages_.push_back(message);
      changed_.notify_all();
    }
    const absl::Status end = FromGrpc(stream_->Finish());
    std::lock_guard lock(mutex_);
    end_ = end;
    ended_ = true;
    changed_.notify_all();
  }

  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<In> messages_;
  size_t next_ = 0;
  bool ended_ = false;
  absl::Status end_;
  std::thread reader_;
};

}  // namespace muster::availability
