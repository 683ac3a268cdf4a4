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

#include <functional>
#include <optional>
#include <string>

#include "common/rpc/peers.h"
#include "common/rpc/unary.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "services/matcher/core/operations.h"

namespace muster::matcher {

class Forward {
 public:
  using Peer = Peers<v1::MatcherService>::Peer;
  template <class Request, class Response>
  using Method = Peers<v1::MatcherService>::Method<Request, Response>;
  using Done = std::function<void(const absl::Status&)>;

  explicit Forward(const PoolOperations& operations) : operations_(operations) {}

  // False if the pool is not another's, or the call has been passed on before: then it is to be
  // answered here. Otherwise `done` gets the answer.
  template <class Request, class Response>
  bool To(const grpc::ServerContextBase& context, const std::string& pool_id,
          Method<Request, Response> method, const Request* request, Response* response,
          const CallContext& call, Done done) {
    return !Peers<v1::MatcherService>::WasForwarded(context) &&
           ToHolder(pool_id, method, request, response, call, done);
  }
  // For calls that begin here.
  template <class Request, class Response>
  bool ToHolder(const std::string& pool_id, Method<Request, Response> method,
                const Request* request, Response* response, const CallContext& call, Done done) {
    std::optional<std::string> address = operations_.AddressOf(pool_id);
    return address && peers_.Call(*address, method, request, response, call,
                                  [address, pool_id, done](const grpc::Status& status) {
                                    done(Answer(pool_id, *address, status));
                                  });
  }

 private:
  static absl::Status Answer(const std::string& pool_id, const std::string& address,
                             const grpc::Status& status);

  const PoolOperations& operations_;
  Peers<v1::MatcherService> peers_;
};

}  // namespace muster::matcher
