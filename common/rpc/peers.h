// Calls to other processes of the same service, with the client's deadline and correlation id: so
// that any node may be asked for what another one has.
//
// One hop: a call that was passed on already must not be passed on again, for then the two do not
// agree yet on who has it.
//
// Threading: thread-safe. Ends once all calls have; their clients are gone by then.
//
//   Peers<v1::MatcherService> peers;
//   using Peer = Peers<v1::MatcherService>::Peer;
//   if (!Peers<v1::MatcherService>::WasForwarded(*context) &&
//       peers.Call(address, &Peer::GetStatistics, request, response, call, done)) return;
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "common/rpc/call_context.h"
#include "common/rpc/channel.h"

namespace muster {

// Of others whose connections are kept.
inline constexpr size_t kMaxPeers = 1'000;
inline constexpr char kForwardedKey[] = "x-muster-forwarded";

template <class Service>
class Peers {
 public:
  using Peer = typename Service::StubInterface::async_interface;
  template <class Request, class Response>
  using Method = void (Peer::*)(grpc::ClientContext*, const Request*, Response*,
                                std::function<void(grpc::Status)>);
  using Done = std::function<void(const grpc::Status&)>;

  Peers() = default;
  ~Peers() {
    std::unique_lock lock(mutex_);
    for (grpc::ClientContext* onward : under_way_) onward->TryCancel();
    ended_.wait(lock, [this] { return under_way_.empty(); });
  }

  static bool WasForwarded(const grpc::ServerContextBase& context) {
    return context.client_metadata().count(kForwardedKey) > 0;
  }

  // False if there are too many peers. `request` and `response` outlive the call.
  template <class Request, class Response>
  bool Call(const std::string& address, Method<Request, Response> method, const Request* request,
            Response* response, const CallContext& call, Done done) {
    Peer* peer = PeerAt(address);
    if (peer == nullptr) return false;
    auto onward = std::make_shared<grpc::ClientContext>();
    Propagate(call, onward.get());
    onward->AddMetadata(kForwardedKey, "1");
    {
      std::lock_guard lock(mutex_);
      under_way_.insert(onward.get());
    }
    (peer->*method)(onward.get(), request, response,
                    [this, onward, done = std::move(done)](const grpc::Status& status) {
                      done(status);
                      std::lock_guard lock(mutex_);
                      under_way_.erase(onward.get());
                      ended_.notify_all();
                    });
    return true;
  }

 private:
  struct Connection {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<typename Service::Stub> stub;
  };

  Peer* PeerAt(const std::string& address) {
    std::lock_guard lock(mutex_);
    auto it = peers_.find(address);
    if (it == peers_.end()) {
      if (peers_.size() >= kMaxPeers) return nullptr;
      Connection connection;
      connection.channel = MakeChannel(address);
      connection.stub = Service::NewStub(connection.channel);
      it = peers_.emplace(address, std::move(connection)).first;
    }
    // Never removed: who lets go of a channel last must not be a thread of gRPC.
    return it->second.stub->async();
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::string, Connection> peers_;
  std::set<grpc::ClientContext*> under_way_;
};

}  // namespace muster
