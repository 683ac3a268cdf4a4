// AgentLink: one stream for one agent or for many of one pool, a frame or many to a message.
//
// A frame that is wrong gets an answer, and the stream goes on.
//
// Threading: gRPC calls Connect and ConnectMany from any of its threads.
//
//   LinkService links(sessions, router, table, counts, clock, steady, {});
//   server.Register(&links);
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstddef>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "muster/availability/v1/link.grpc.pb.h"
#include "services/availability/domain/limits.h"
#include "services/availability/session/router.h"
#include "services/availability/session/sessions.h"

namespace muster::availability {

struct LinkOptions {
  // What may wait to be written on one stream; more, and the stream is cut.
  size_t max_queued_frames = 20'000;
  size_t max_queued_bytes = size_t{16} << 20;
  absl::Duration act_timeout = kActTimeout;
};

// What every stream of the service works with; all outlive the server.
struct LinkParts {
  Sessions& sessions;
  Router& router;
  SessionTable& table;
  Counts& counts;
  const Clock& clock;
  const Clock& steady;  // see Router
  LinkOptions options;
  const std::atomic<bool>& ready;  // until then all is refused
};

// Its messages are bytes to gRPC: a frame that many hold is encoded once.
class LinkService final
    : public v1::AgentLink::WithRawCallbackMethod_Connect<
          v1::AgentLink::WithRawCallbackMethod_ConnectMany<v1::AgentLink::Service>> {
 public:
  explicit LinkService(LinkParts parts) : parts_(parts) {}

  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  Reactor* Connect(grpc::CallbackServerContext* context) override;
  Reactor* ConnectMany(grpc::CallbackServerContext* context) override;

 private:
  const LinkParts parts_;
};

}  // namespace muster::availability
