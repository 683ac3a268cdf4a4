// Answers muster.server.v1: what this process is, and whether and why not it can serve.
//
// Threading: thread-safe. Server owns and registers one; nobody else needs it.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "absl/time/time.h"
#include "muster/server/v1/server.grpc.pb.h"

namespace muster {

class ServerInfoService final : public server::v1::ServerInfoService::CallbackService {
 public:
  explicit ServerInfoService(absl::Time start);

  void SetHealth(const std::string& service, bool serving, const std::string& reason,
                 absl::Time now);

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const server::v1::GetServerInfoRequest* request,
                                          server::v1::ServerInfo* response) override;

 private:
  std::mutex mutex_;
  server::v1::ServerInfo info_;  // without `services`
  std::map<std::string, server::v1::ServerInfo::Health> health_;
};

}  // namespace muster
