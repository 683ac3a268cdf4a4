// One live stream to availability that carries many agents: connects, says what it is given, passes
// on what it hears, keeps the lease with heartbeats, and when it is cut connects again.
//
// Threading: the event loop's thread.
//
//   Link link(loop, channel, {.connected = …, .disconnected = …, .hear = …});
//   link.Open();  link.Send(frame);  link.Close();
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "common/base/backoff.h"
#include "muster/availability/v1/link.grpc.pb.h"
#include "services/cli/replay/crew.h"
#include "services/cli/replay/event_loop.h"

namespace muster::replay {

class Link final : public Wire {
 public:
  struct Listener {
    std::function<void(Link*)> connected;
    std::function<void(Link*)> disconnected;
    std::function<void(Link*, const availability::v1::PlatformFrame&)> hear;
  };

  Link(EventLoop& loop, std::shared_ptr<grpc::Channel> channel, Listener listener);
  // Closed, or not opened.
  ~Link() override;

  void Open();
  // Ends the stream for good; closed() once that is done.
  void Close();
  bool closed() const { return closing_ && call_ == nullptr; }

  void Send(const availability::v1::AgentFrame& frame) override;

 private:
  // One stream, from its start to its end.
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncReaderWriter<availability::v1::AgentFrame,
                                                  availability::v1::PlatformFrame>>
        stream;
    availability::v1::PlatformFrame incoming;
    std::deque<availability::v1::AgentFrame> outgoing;
    bool writing = false;
    bool up = false;        // frames can be sent
    bool finished = false;  // its status is here
    grpc::Status status;
  };

  void Started(bool ok);
  void Read();
  void Write();
  void Fail();
  void Ended();
  void Beat();

  EventLoop& loop_;
  std::unique_ptr<availability::v1::AgentLink::Stub> stub_;
  const Listener listener_;
  Backoff backoff_;
  std::unique_ptr<Call> call_;
  bool closing_ = false;
  absl::Duration heartbeat_interval_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for timers that outlive it
};

}  // namespace muster::replay
