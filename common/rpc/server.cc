#include "common/rpc/server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/signals.h"
#include "common/base/steady_waits.h"
#include "common/base/version.h"
#include "common/obs/log.h"
#include "common/rpc/server_info.h"

namespace muster {
namespace {

int Millis(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

// gRPC 1.51 dies when descriptors run out (CVE-2023-4785), and the usual soft limit is 1024.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Debian's Abseil is built without NDEBUG: it looks for cycles in the order of gRPC's locks, each
// time that one is taken. Here that is left to tests.
void StopLookingForDeadlocks() {
#ifdef NDEBUG
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
}

// Its own format would break the JSON lines. What gRPC calls an error is for us to judge: what
// matters comes back as a status.
void LogForGrpc(gpr_log_func_args* args) {
  Severity severity =
      args->severity == GPR_LOG_SEVERITY_ERROR ? Severity::kWarning : Severity::kDebug;
  Log(severity).Msg(args->message).With("from", "grpc").With("file", args->file);
}

void SetArguments(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  // Probing for bandwidth costs a ping for nearly every message of a quiet connection.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Millis(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Millis(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Millis(options.min_ping_interval));
  // Two servers on one port would share its calls; the second must fail instead.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("muster");
  quota.Resize(options.memory_quota_bytes);
  builder.SetResourceQuota(quota);
}

}  // namespace

struct Server::Impl {
  explicit Impl(ServerOptions o) : options(std::move(o)), info(SystemClock().Now()) {}

  const ServerOptions options;
  ServerInfoService info;
  std::vector<grpc::Service*> services;
  std::vector<std::function<void()>> on_drain;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  bool drained = false;

  std::mutex mutex;  // guards what follows
  std::map<std::string, bool> serving;
  bool draining = false;

  // With the mutex held, so that two changes cannot overtake each other.
  void Publish(const std::string& service, bool good) {
    auto* health = server == nullptr ? nullptr : server->GetHealthCheckService();
    if (health == nullptr) return;
    health->SetServingStatus(service, good);
    bool all = std::all_of(serving.begin(), serving.end(), [](const auto& s) { return s.second; });
    health->SetServingStatus("", all);
  }
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Server::~Server() { Drain(); }

void Server::Register(grpc::Service* service) { impl_->services.push_back(service); }

void Server::OnDrain(std::function<void()> callback) {
  impl_->on_drain.push_back(std::move(callback));
}

absl::Status Server::Start() {
  UseSteadyWaits();
  RaiseDescriptorLimit();
  StopLookingForDeadlocks();
  gpr_set_log_function(LogForGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  // Once a process: the plugin registers itself for every server that is built later.
  static bool reflection = (grpc::reflection::InitProtoReflectionServerBuilderPlugin(), true);
  (void)reflection;
  grpc::ServerBuilder builder;
  SetArguments(impl_->options, builder);
  builder.AddListeningPort(impl_->options.listen, grpc::InsecureServerCredentials(), &impl_->port);
  builder.RegisterService(&impl_->info);
  for (grpc::Service* service : impl_->services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || impl_->port == 0) {
    return Unavailable("LISTEN_FAILED", absl::StrCat("cannot listen on ", impl_->options.listen));
  }
  {
    std::lock_guard lock(impl_->mutex);
    impl_->server = std::move(server);
    for (const auto& [service, good] : impl_->serving) impl_->Publish(service, good);
  }
  Log(Severity::kInfo).Msg("listening").With("address", address()).With("version", Version());
  return absl::OkStatus();
}

int Server::port() const { return impl_->port; }

std::string Server::address() const {
  const std::string& listen = impl_->options.listen;
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", impl_->port);
}

void Server::SetServing(std::string_view service, bool serving, std::string_view reason) {
  std::string name(service);
  std::lock_guard lock(impl_->mutex);
  if (!impl_->draining) {
    impl_->info.SetHealth(name, serving, std::string(reason), SystemClock().Now());
  }
  auto [it, first] = impl_->serving.emplace(name, serving);
  if (!first && it->second == serving) return;
  it->second = serving;
  if (impl_->draining) return;
  impl_->Publish(name, serving);
  LogLine line = Log(serving ? Severity::kInfo : Severity::kWarning);
  line.Msg("health changed").With("health_of", service).With("serving", serving);
  if (!reason.empty()) line.With("why", reason);
}

void Server::RunUntilTerminated() {
  int signal = WaitForTermination();
  Log(Severity::kInfo).Msg("draining").With("signal", signal);
  Drain();
}

void Server::Drain() {
  if (impl_->drained || impl_->server == nullptr) return;
  impl_->drained = true;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->draining = true;
    for (auto& [service, good] : impl_->serving) {
      good = false;
      impl_->info.SetHealth(service, false, "draining", SystemClock().Now());
      impl_->Publish(service, false);
    }
    if (auto* health = impl_->server->GetHealthCheckService()) health->Shutdown();
  }
  for (const auto& callback : impl_->on_drain) callback();
  impl_->server->Shutdown(std::chrono::system_clock::now() +
                          absl::ToChronoMilliseconds(impl_->options.drain_limit));
  impl_->server->Wait();
  Log(Severity::kInfo).Msg("drained");
}

}  // namespace muster
