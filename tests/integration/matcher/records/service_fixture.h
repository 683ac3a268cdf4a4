// MatcherService on a port of its own, with fake pools and fake records behind it.
//
//   ServiceFixture f;
//   f.operations.Serve("bank");
//   CHECK(ErrorReason(f.Call(&Stub::GetOffer, request, response)) == "OFFER_NOT_FOUND");
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/rpc/server.h"
#include "common/rpc/status_convert.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "services/matcher/service/matcher_service.h"
#include "services/matcher/storage/fake_store.h"
#include "tests/integration/matcher/records/fake_operations.h"
#include "tests/integration/matcher/records/store_fixture.h"
#include "tests/support/catch.h"

namespace muster::matcher {

using Stub = v1::MatcherService::Stub;

struct ServiceFixture {
  ServiceFixture() : service(operations, store, SystemClock()), server({}) {
    server.Register(&service);
    server.OnDrain([this] { service.EndStreams(); });
    REQUIRE(server.Start().ok());
    channel = grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
    stub = v1::MatcherService::NewStub(channel);
  }
  ~ServiceFixture() { server.Drain(); }

  template <class Request, class Response>
  absl::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kAnswerLimit));
    return FromGrpc((stub.get()->*method)(&context, request, response));
  }

  FakeOperations operations;
  FakeStore store;
  MatcherService service;
  Server server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<Stub> stub;
};

}  // namespace muster::matcher
