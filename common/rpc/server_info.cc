#include "common/rpc/server_info.h"

#include <errno.h>

#include "common/base/version.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/unary.h"

namespace muster {

ServerInfoService::ServerInfoService(absl::Time start) {
  info_.set_program(program_invocation_short_name);
  info_.set_version(std::string(Version()));
  *info_.mutable_start_time() = ToProtoTime(start);
}

void ServerInfoService::SetHealth(const std::string& service, bool serving,
                                  const std::string& reason, absl::Time now) {
  std::lock_guard lock(mutex_);
  auto [it, first] = health_.try_emplace(service);
  server::v1::ServerInfo::Health& health = it->second;
  if (first || health.serving() != serving) *health.mutable_since() = ToProtoTime(now);
  health.set_service(service);
  health.set_serving(serving);
  health.set_reason(serving ? "" : reason);
}

grpc::ServerUnaryReactor* ServerInfoService::GetServerInfo(
    grpc::CallbackServerContext* context, const server::v1::GetServerInfoRequest* request,
    server::v1::ServerInfo* response) {
  return HandleUnary(context, "server.GetServerInfo", [&](const CallContext&, UnaryDone done) {
    {
      std::lock_guard lock(mutex_);
      *response = info_;
      for (const auto& [name, health] : health_) *response->add_services() = health;
    }
    done(absl::OkStatus());
  });
}

}  // namespace muster
