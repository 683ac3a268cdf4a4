// One link of one agent or of many: says what it is given, passes on what it hears.
//
//   auto link = LinkClient::Open(loop, channel, LinkClient::Messages::kOfMany,
//                                [&](LinkClient& l, const PlatformFrame& frame) { … });
//   link->Send(frame);
//   link->Close();  loop.RunUntil([&] { return link->closed(); });
//
// Threading: the loop's thread.
#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <memory>

#include "muster/availability/v1/link.grpc.pb.h"
#include "tests/bench/load/loop.h"

namespace muster::bench {

class LinkClient {
 public:
  using Frame = availability::v1::PlatformFrame;
  using Hear = std::function<void(LinkClient&, const Frame&)>;
  // Of one frame a message, as a phone says it, or of many.
  enum class Messages { kOfOne, kOfMany };

  static std::unique_ptr<LinkClient> Open(Loop& loop, const std::shared_ptr<grpc::Channel>& channel,
                                          Messages messages, Hear hear);
  LinkClient() = default;
  virtual ~LinkClient() = default;
  LinkClient(const LinkClient&) = delete;
  LinkClient& operator=(const LinkClient&) = delete;

  virtual void Send(availability::v1::AgentFrame frame) = 0;
  virtual void Close() = 0;
  virtual bool closed() const = 0;
};

}  // namespace muster::bench
