// A gRPC server that does nothing: what a stream costs by itself.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "muster/availability/v1/link.grpc.pb.h"
#include "tests/bench/load/benches.h"

namespace muster::bench {
namespace {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;

// Answers the first frame, so that the client knows it is there, and reads the others.
class BareStream final : public grpc::ServerBidiReactor<AgentFrame, PlatformFrame> {
 public:
  BareStream() { StartRead(&incoming_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    if (!answered_) {
      answered_ = true;
      answer_.set_agent_id(incoming_.agent_id());
      answer_.mutable_welcome();
      StartWrite(&answer_);
    }
    StartRead(&incoming_);
  }
  void OnDone() override { delete this; }

 private:
  AgentFrame incoming_;
  PlatformFrame answer_;
  bool answered_ = false;
};

class BareLink final : public availability::v1::AgentLink::CallbackService {
  grpc::ServerBidiReactor<AgentFrame, PlatformFrame>* Connect(
      grpc::CallbackServerContext*) override {
    return new BareStream;
  }
};

}  // namespace

int ServeBareStreams() {
  BareLink service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << "port " << port << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace muster::bench
