#include "tests/bench/load/link.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <utility>

namespace muster::bench {
namespace {

using availability::v1::AgentFrame;
using availability::v1::AgentFrames;
using availability::v1::AgentLink;
using availability::v1::PlatformFrame;
using availability::v1::PlatformFrames;

constexpr int kMostFrames = 1'000;  // in a message

// What differs between messages of one frame and of many.
struct OfOne {
  using Out = AgentFrame;
  using In = PlatformFrame;
  static auto Prepare(AgentLink::Stub& stub, grpc::ClientContext* context, Loop& loop) {
    return stub.PrepareAsyncConnect(context, loop.queue());
  }
  static void Fill(std::deque<AgentFrame>& queue, Out* out) {
    *out = std::move(queue.front());
    queue.pop_front();
  }
  template <class Hear>
  static void Each(const In& message, const Hear& hear) {
    hear(message);
  }
};

struct OfMany {
  using Out = AgentFrames;
  using In = PlatformFrames;
  static auto Prepare(AgentLink::Stub& stub, grpc::ClientContext* context, Loop& loop) {
    return stub.PrepareAsyncConnectMany(context, loop.queue());
  }
  static void Fill(std::deque<AgentFrame>& queue, Out* out) {
    out->Clear();
    while (!queue.empty() && out->frames_size() < kMostFrames) {
      *out->add_frames() = std::move(queue.front());
      queue.pop_front();
    }
  }
  template <class Hear>
  static void Each(const In& message, const Hear& hear) {
    for (const PlatformFrame& frame : message.frames()) hear(frame);
  }
};

template <class Kind>
class Link final : public LinkClient {
 public:
  Link(Loop& loop, const std::shared_ptr<grpc::Channel>& channel, Hear hear)
      : hear_(std::move(hear)),
        stub_(AgentLink::NewStub(channel)),
        stream_(Kind::Prepare(*stub_, &context_, loop)) {
    stream_->StartCall(Loop::Tag([this](bool ok) {
      if (!ok) {
        read_ended_ = true;
        return;
      }
      started_ = true;
      Read();
      Write();
    }));
  }

  void Send(AgentFrame frame) override {
    outgoing_.push_back(std::move(frame));
    if (!hearing_) Write();
  }
  void Close() override { context_.TryCancel(); }
  bool closed() const override { return read_ended_ && !writing_; }

 private:
  void Read() {
    stream_->Read(&incoming_, Loop::Tag([this](bool ok) {
      if (!ok) {
        read_ended_ = true;
        return;
      }
      hearing_ = true;
      Kind::Each(incoming_, [this](const PlatformFrame& frame) { hear_(*this, frame); });
      hearing_ = false;
      Write();
      Read();
    }));
  }

  void Write() {
    if (!started_ || writing_ || read_ended_ || outgoing_.empty()) return;
    writing_ = true;
    Kind::Fill(outgoing_, &out_);
    // gRPC may wait with what is followed by more: then several messages share a system call.
    grpc::WriteOptions options;
    if (!outgoing_.empty()) options.set_buffer_hint();
    stream_->Write(out_, options, Loop::Tag([this](bool ok) {
                     writing_ = false;
                     if (ok) Write();
                   }));
  }

  const Hear hear_;
  std::unique_ptr<AgentLink::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<typename Kind::Out, typename Kind::In>> stream_;
  typename Kind::In incoming_;
  typename Kind::Out out_;
  std::deque<AgentFrame> outgoing_;
  bool started_ = false;
  bool hearing_ = false;  // what it leads to is said together
  bool writing_ = false;
  bool read_ended_ = false;
};

}  // namespace

std::unique_ptr<LinkClient> LinkClient::Open(Loop& loop,
                                             const std::shared_ptr<grpc::Channel>& channel,
                                             Messages messages, Hear hear) {
  if (messages == Messages::kOfOne)
    return std::make_unique<Link<OfOne>>(loop, channel, std::move(hear));
  return std::make_unique<Link<OfMany>>(loop, channel, std::move(hear));
}

}  // namespace muster::bench
