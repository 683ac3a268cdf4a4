// Passes calls about a pool on to the matcher that holds it, so that any node may be asked.
//
// One hop: a call that was passed on already is not passed on again, for then the two do not agree
// yet on who has the pool; it is answered with UNAVAILABLE, POOL_NOT_SERVED, and the address. The
// client's deadline and correlation id go along.
//
// Threading: thread-safe. Ends once all calls have; their clients are gone by then.
//
//   if (forward_.To(*context, pool_id, &Forward::Peer::GetStatistics, request, response, call,
//   done))
//     return;
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/rpc/call_context.h"
#include "common/rpc/unary.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "services/matcher/core/operations.h"

namespace muster::matcher {

// Of other matchers whose connections are kept.
inline constexpr size_t kMaxPeers = 1'000;

class Forward {
 public:
  using Peer = v1::MatcherService::StubInterface::async_interface;
  template <class Request, class Response>
  using Method = void (Peer::*)(grpc::ClientContext*, const Request*, Response*,
                                std::function<void(grpc::Status)>);
  using Done = std::function<void(const absl::Status&)>;

  explicit Forward(const PoolOperations& operations) : operations_(operations) {}
  ~Forward();

  // False if the pool is not another's, or the call has been passed on before: then it is to be
  // answered here. Otherwise `done` gets the answer.
  template <class Request, class Response>
  bool To(const grpc::ServerContextBase& context, const std::string& pool_id,
          Method<Request, Response> method, const Request* request, Response* response,
          const CallContext& call, Done done) {
    return !WasForwarded(context) && ToHolder(pool_id, method, request, response, call, done);
  }
  // For calls that begin here.
  template <class Request, class Response>
  bool ToHolder(const std::string& pool_id, Method<Request, Response> method,
                const Request* request, Response* response, const CallContext& call, Done done) {
    std::optional<std::string> address = operations_.AddressOf(pool_id);
    Peer* peer = address ? PeerAt(*address) : nullptr;
    if (peer == nullptr) return false;
    std::shared_ptr<grpc::ClientContext> onward = Begin(call);
    (peer->*method)(onward.get(), request, response,
                    [this, onward, address, pool_id, done](const grpc::Status& status) mutable {
                      done(Answer(pool_id, *address, status));
                      End(std::move(onward));
                    });
    return true;
  }

 private:
  struct Connection {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::MatcherService::Stub> stub;
  };

  static bool WasForwarded(const grpc::ServerContextBase& context);
  static absl::Status Answer(const std::string& pool_id, const std::string& address,
                             const grpc::Status& status);
  Peer* PeerAt(const std::string& address);  // null: there are too many
  std::shared_ptr<grpc::ClientContext> Begin(const CallContext& call);
  void End(std::shared_ptr<grpc::ClientContext> onward);

  const PoolOperations& operations_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::string, Connection> peers_;
  std::set<grpc::ClientContext*> under_way_;
};

}  // namespace muster::matcher
