// One link that carries many agents, as an app's backend holds it: says what it is given, passes on
// what it hears.
//
//   LinkClient link(loop, channel, [&](LinkClient& l, const PlatformFrame& frame) { … });
//   link.Send(frame);
//   link.Close();  loop.RunUntil([&] { return link.closed(); });
//
// Threading: the loop's thread.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <functional>
#include <memory>

#include "muster/availability/v1/link.grpc.pb.h"
#include "tests/bench/load/loop.h"

namespace muster::bench {

class LinkClient {
 public:
  using Frame = availability::v1::PlatformFrame;
  using Hear = std::function<void(LinkClient&, const Frame&)>;

  LinkClient(Loop& loop, const std::shared_ptr<grpc::Channel>& channel, Hear hear);
  LinkClient(const LinkClient&) = delete;
  LinkClient& operator=(const LinkClient&) = delete;

  void Send(availability::v1::AgentFrame frame);
  void Close() { context_.TryCancel(); }
  bool closed() const { return read_ended_ && !writing_; }

 private:
  void Read();
  void Write();

  Loop& loop_;
  const Hear hear_;
  std::unique_ptr<availability::v1::AgentLink::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientAsyncReaderWriter<availability::v1::AgentFrame, availability::v1::PlatformFrame>>
      stream_;
  Frame incoming_;
  std::deque<availability::v1::AgentFrame> outgoing_;
  bool started_ = false;
  bool writing_ = false;
  bool read_ended_ = false;
};

}  // namespace muster::bench
