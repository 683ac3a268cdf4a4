// The server runner over a real socket. Any contract would do to try it on; intake's is at hand.
#include "common/rpc/server.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/signals.h"
#include "common/obs/metrics.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "common/rpc/unary.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster {
namespace {

using intake::v1::GetPoolRequest;
using intake::v1::IntakeService;
using intake::v1::Pool;

// Before any thread is made, as in the main of a service.
[[maybe_unused]] const bool kBlocked = (BlockTerminationSignals(), true);

// GetPool answers as the pool's name says.
class Probe final : public IntakeService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetPool(grpc::CallbackServerContext* context,
                                    const GetPoolRequest* request, Pool* response) override {
    return HandleUnary(context, "probe.GetPool",
                       [=, this](const CallContext& call, UnaryDone done) {
                         const std::string& act = request->pool_id();
                         if (act == "missing") return done(NotFound("pool", act));
                         if (act == "throw") throw std::runtime_error("oops");
                         if (act == "forget") return;
                         if (act == "twice") done(absl::OkStatus());
                         if (act == "wait") {
                           kept_ = std::make_unique<UnaryDone>(done);
                           waiting_ = true;
                           return;
                         }
                         response->set_pool_id(call.correlation_id);
                         seen_deadline_ = call.deadline;
                         done(act == "twice" ? absl::InternalError("second") : absl::OkStatus());
                       });
  }

  bool waiting() const { return waiting_; }
  void Answer() { (*std::exchange(kept_, nullptr))(absl::OkStatus()); }
  absl::Time seen_deadline() const { return seen_deadline_; }

 private:
  std::atomic<bool> waiting_{false};
  std::unique_ptr<UnaryDone> kept_;
  absl::Time seen_deadline_;
};

class Harness {
 public:
  explicit Harness(ServerOptions options = {}) : server_(options) {
    server_.Register(&probe_);
    absl::Status status = server_.Start();
    INFO(status.ToString());
    REQUIRE(status.ok());
    channel_ = MakeChannel(server_.address());
    stub_ = IntakeService::NewStub(channel_);
  }

  absl::Status Call(const std::string& act, Pool* pool, grpc::ClientContext* context) {
    GetPoolRequest request;
    request.set_pool_id(act);
    return FromGrpc(stub_->GetPool(context, request, pool));
  }
  absl::Status Call(const std::string& act) {
    grpc::ClientContext context;
    Begin(absl::Seconds(20), &context);
    Pool pool;
    return Call(act, &pool, &context);
  }

  // 1 SERVING, 2 NOT_SERVING, -1 for an error; the health protocol by hand, on raw bytes.
  int Health(const std::string& service) {
    std::string ask;
    if (!service.empty())
      ask = "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
    grpc::Slice slice(ask);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    Begin(absl::Seconds(20), &context);
    grpc::CompletionQueue queue;
    auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&response, &status, this);
    void* tag;
    bool ok;
    queue.Next(&tag, &ok);
    if (!status.ok()) return -1;
    std::vector<grpc::Slice> parts;
    if (!response.Dump(&parts).ok()) return -1;
    std::string bytes;
    for (const grpc::Slice& part : parts) {
      bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    return bytes.empty() ? 0 : bytes.back();
  }

  Server& server() { return server_; }
  Probe& probe() { return probe_; }

 private:
  Probe probe_;
  Server server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<IntakeService::Stub> stub_;
};

TEST_CASE("a call has one answer, whatever its handler does", "[server]") {
  Harness h;
  CHECK(h.Call("fine").ok());
  CHECK(h.Call("twice").ok());
  CHECK(h.Call("missing") == NotFound("pool", "missing"));
  CHECK(ErrorReason(h.Call("throw")) == "UNEXPECTED_EXCEPTION");
  CHECK(ErrorReason(h.Call("forget")) == "NO_ANSWER");
  CHECK(h.Call("fine").ok());  // still there
  std::string metrics = ProcessMetrics().Text();
  CHECK(absl::StrContains(
      metrics, "muster_rpc_seconds_count{code=\"NOT_FOUND\",method=\"probe.GetPool\"} 1"));
}

TEST_CASE("the correlation id is passed on, or made", "[server]") {
  Harness h;
  Pool pool;
  grpc::ClientContext first;
  Propagate({"my-id", absl::Now() + absl::Seconds(20)}, &first);
  REQUIRE(h.Call("fine", &pool, &first).ok());
  CHECK(pool.pool_id() == "my-id");
  grpc::ClientContext second;
  REQUIRE(h.Call("fine", &pool, &second).ok());
  CHECK(absl::StartsWith(pool.pool_id(), "r-"));
  grpc::ClientContext bad;
  bad.AddMetadata(kCorrelationKey, std::string(200, 'x'));
  REQUIRE(h.Call("fine", &pool, &bad).ok());
  CHECK(absl::StartsWith(pool.pool_id(), "r-"));
}

TEST_CASE("deadlines are the client's, within bounds", "[server]") {
  Harness h;
  Pool pool;
  auto left_for = [&](absl::Duration asked) {
    grpc::ClientContext context;
    if (asked != absl::InfiniteDuration()) {
      context.set_deadline(absl::ToChronoTime(absl::Now() + asked));
    }
    REQUIRE(h.Call("fine", &pool, &context).ok());
    return h.probe().seen_deadline() - absl::Now();
  };
  constexpr absl::Duration kSlack = absl::Seconds(5);
  // The wire rounds a time-out up to a few digits.
  CHECK(left_for(absl::Seconds(30)) < absl::Seconds(31));
  CHECK(left_for(absl::Seconds(30)) > absl::Seconds(30) - kSlack);
  CHECK(left_for(absl::InfiniteDuration()) <= kDefaultDeadline);
  CHECK(left_for(absl::InfiniteDuration()) > kDefaultDeadline - kSlack);
  CHECK(left_for(absl::Hours(1)) <= kMaxDeadline);
  CHECK(left_for(absl::Hours(1)) > kMaxDeadline - kSlack);
}

TEST_CASE("health is told for each service and over all", "[server]") {
  Harness h;
  CHECK(h.Health("a") == -1);  // not named yet
  h.server().SetServing("a", true);
  h.server().SetServing("b", false, "no database");
  CHECK(h.Health("a") == 1);
  CHECK(h.Health("b") == 2);
  CHECK(h.Health("") == 2);
  h.server().SetServing("b", true);
  CHECK(h.Health("b") == 1);
  CHECK(h.Health("") == 1);
}

TEST_CASE("health set before the start counts", "[server]") {
  Server server({});
  server.SetServing("early", false, "starting");
  REQUIRE(server.Start().ok());
  CHECK(server.port() > 0);
  server.SetServing("early", true);
}

TEST_CASE("a port in use is an error", "[server]") {
  Harness h;
  Server second({.listen = h.server().address()});
  CHECK(ErrorReason(second.Start()) == "LISTEN_FAILED");
}

TEST_CASE("a message above the limit is refused", "[server]") {
  Harness h({.max_message_bytes = 1000});
  CHECK(h.Call(std::string(900, 'x')).ok());
  CHECK(h.Call(std::string(1100, 'x')).code() == absl::StatusCode::kResourceExhausted);
}

TEST_CASE("SIGTERM drains: calls in flight end well, new ones are refused", "[server]") {
  Harness h;
  h.server().SetServing("a", true);
  std::atomic<bool> told{false};
  absl::Status in_flight = absl::UnknownError("no answer yet");
  std::thread caller([&] { in_flight = h.Call("wait"); });
  REQUIRE(Eventually([&] { return h.probe().waiting(); }));
  std::thread answerer([&] {
    // Draining shows in that new calls fail; then the old one may have its answer.
    Eventually([&] { return absl::IsUnavailable(h.Call("fine")); });
    told = true;
    h.probe().Answer();
  });
  RequestTermination();
  h.server().RunUntilTerminated();
  caller.join();
  answerer.join();
  CHECK(told);
  CHECK(in_flight.ok());
}

TEST_CASE("a call that does not end is cancelled when draining takes too long", "[server]") {
  Harness h({.drain_limit = absl::Milliseconds(100)});
  absl::Status in_flight;
  std::thread caller([&] { in_flight = h.Call("wait"); });
  REQUIRE(Eventually([&] { return h.probe().waiting(); }));
  std::thread answerer([&] {
    caller.join();  // the client hears of it first; gRPC still wants the handler's answer
    h.probe().Answer();
  });
  h.server().Drain();
  answerer.join();
  CHECK_FALSE(in_flight.ok());
}

}  // namespace
}  // namespace muster
