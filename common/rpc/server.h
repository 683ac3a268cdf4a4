// Runs a gRPC server: limits, keepalive, health per service, reflection, and a graceful end.
//
// Threading: Register, Start and the destructor belong to one thread (main). SetServing may be
// called from any thread at any time.
//
//   BlockTerminationSignals();                        // first thing in main
//   Server server({.listen = config.listen});
//   server.Register(&intake_service);
//   server.OnDrain([&] { intake_service.EndStreams(); });
//   MUSTER_RETURN_IF_ERROR(server.Start());
//   server.SetServing("muster.intake.v1.Intake", true);
//   server.RunUntilTerminated();                      // SIGTERM or SIGINT: drains, then returns
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc {
class Service;
}

namespace muster {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // port 0: any free one, see port()
  int max_message_bytes = 4 << 20;
  int max_concurrent_streams = 20'000;  // of one connection: the app's backend carries many agents
  size_t memory_quota_bytes = size_t{1} << 30;
  absl::Duration keepalive_time = absl::Seconds(10);
  // A gRPC C++ client that has no call open looks at its connection only every 5 s.
  absl::Duration keepalive_timeout = absl::Seconds(10);
  // Clients may ping this often; gRPC's default of 5 min would cut those that look after
  // themselves.
  absl::Duration min_ping_interval = absl::Seconds(2);
  // How long calls in flight may take to end after SIGTERM, before they are cancelled.
  absl::Duration drain_limit = absl::Seconds(10);
};

class Server {
 public:
  explicit Server(ServerOptions options);
  // Drains if that has not been done.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before Start. `service` must outlive the server. Health does not know it until
  // SetServing: say false first, and true once it can serve.
  void Register(grpc::Service* service);

  // Called first thing when draining begins, to end streams that would go on for ever. Before
  // Start.
  void OnDrain(std::function<void()> callback);

  // UNAVAILABLE when the address cannot be bound.
  absl::Status Start();
  // The port in use; 0 before Start.
  int port() const;
  // "host:port" with the port in use.
  std::string address() const;

  // The health of one service, by its full proto name; logs changes with the reason. The overall
  // health ("") is good when that of every service named so far is.
  void SetServing(std::string_view service, bool serving, std::string_view reason = "");

  // Blocks until SIGTERM or SIGINT, then drains.
  void RunUntilTerminated();

  // Health NOT_SERVING, OnDrain callbacks, no new calls, waits up to drain_limit, then cancels.
  void Drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
