// Channels to Muster's services, with the limits and keepalive that the servers expect.
//
// Threading: thread-safe. A channel connects by itself, and reconnects with backoff.
//
//   auto stub = intake::v1::Intake::NewStub(MakeChannel(config.intake));
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace grpc {
class Channel;
}

namespace muster {

struct ChannelOptions {
  int max_message_bytes = 4 << 20;
  absl::Duration keepalive_time = absl::Seconds(10);
  absl::Duration keepalive_timeout = absl::Seconds(5);
  absl::Duration min_reconnect = absl::Milliseconds(100);
  absl::Duration max_reconnect = absl::Seconds(2);
  // An attempt that takes longer is given up, and made again: a blackholed address is tried soon
  // after it is back, but who asks a server that is slow with thousands of others must wait longer.
  absl::Duration connect_timeout = absl::Seconds(2);
  // A TCP connection of its own, where channels to one address would share one.
  bool own_connection = false;
};

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ChannelOptions& options = {});

}  // namespace muster
