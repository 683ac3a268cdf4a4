#include "services/cli/replay/link.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <algorithm>
#include <utility>

#include "common/rpc/proto_time.h"

namespace muster::replay {
namespace {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;

constexpr BackoffOptions kReconnect = {.initial = absl::Milliseconds(20),
                                       .max = absl::Milliseconds(500)};
// Until the platform has said how often it wants to hear from its agents.
constexpr absl::Duration kFirstHeartbeatInterval = absl::Seconds(1);
constexpr absl::Duration kShortestHeartbeatInterval = absl::Milliseconds(20);

}  // namespace

Link::Link(EventLoop& loop, std::shared_ptr<grpc::Channel> channel, Listener listener)
    : loop_(loop),
      stub_(availability::v1::AgentLink::NewStub(std::move(channel))),
      listener_(std::move(listener)),
      backoff_(kReconnect, RandomSeed()),
      heartbeat_interval_(kFirstHeartbeatInterval) {
  Beat();
}

Link::~Link() { *alive_ = false; }

void Link::Open() {
  call_ = std::make_unique<Call>();
  call_->context.set_wait_for_ready(true);
  call_->stream = stub_->PrepareAsyncConnect(&call_->context, loop_.queue());
  call_->stream->StartCall(EventLoop::Tag([this](bool ok) { Started(ok); }));
}

void Link::Close() {
  closing_ = true;
  if (call_ != nullptr) call_->context.TryCancel();
}

void Link::Send(const AgentFrame& frame) {
  if (call_ == nullptr || !call_->up) return;
  call_->outgoing.push_back(frame);
  if (!call_->writing) Write();
}

void Link::Started(bool ok) {
  if (!ok) return Fail();
  call_->up = true;
  Read();
  listener_.connected(this);
}

void Link::Read() {
  call_->stream->Read(&call_->incoming, EventLoop::Tag([this](bool ok) {
    if (!ok) return Fail();
    if (call_->incoming.has_welcome()) {
      heartbeat_interval_ =
          std::max(FromProtoDuration(call_->incoming.welcome().heartbeat_interval()),
                   kShortestHeartbeatInterval);
      backoff_.Reset();
    }
    listener_.hear(this, call_->incoming);
    Read();
  }));
}

void Link::Write() {
  call_->writing = true;
  call_->stream->Write(call_->outgoing.front(), EventLoop::Tag([this](bool ok) {
                         call_->writing = false;
                         call_->outgoing.pop_front();
                         if (call_->finished) return Ended();
                         // When a write fails the stream has ended, and the read that is open will
                         // say so.
                         if (ok && call_->up && !call_->outgoing.empty()) Write();
                       }));
}

// Nothing will come any more. The stream is over once its status is here and no write is open.
void Link::Fail() {
  if (std::exchange(call_->up, false)) listener_.disconnected(this);
  call_->stream->Finish(&call_->status, EventLoop::Tag([this](bool) {
    call_->finished = true;
    Ended();
  }));
}

void Link::Ended() {
  if (!call_->finished || call_->writing) return;
  call_.reset();
  if (closing_) return;
  loop_.timers().After(backoff_.Next(), [this, alive = alive_] {
    if (*alive && !closing_) Open();
  });
}

void Link::Beat() {
  loop_.timers().After(heartbeat_interval_ / 2, [this, alive = alive_] {
    if (!*alive || closing_) return;
    // Other agents' frames do not speak for one who has nothing to say; this one speaks for all.
    AgentFrame frame;
    frame.mutable_heartbeat();
    Send(frame);
    Beat();
  });
}

}  // namespace muster::replay
