#include "common/rpc/unary.h"

#include <grpcpp/server_context.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"
#include "common/rpc/status_convert.h"

namespace muster {
namespace {

// One histogram for each method and code. The registry would compare labels at every call.
prometheus::Histogram& Latency(const char* method, absl::StatusCode code) {
  constexpr int kCodes = 17;
  static std::mutex* mutex = new std::mutex;
  static auto* known = new std::unordered_map<uintptr_t, prometheus::Histogram*>;
  uintptr_t key = reinterpret_cast<uintptr_t>(method) * kCodes + static_cast<uintptr_t>(code);
  std::lock_guard lock(*mutex);
  prometheus::Histogram*& histogram = (*known)[key];
  if (histogram == nullptr) {
    histogram =
        &ProcessMetrics().Histogram("muster_rpc_seconds", "Time to answer a unary call",
                                    {{"method", method}, {"code", absl::StatusCodeToString(code)}});
  }
  return *histogram;
}

// Our own fault, as opposed to the client's.
bool OurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace

struct UnaryDone::State {
  grpc::ServerUnaryReactor* reactor;
  const char* method;
  CallContext call;
  absl::Time start;
  std::atomic<bool> answered{false};

  void Answer(const absl::Status& status) {
    if (answered.exchange(true)) return;
    absl::Duration took = absl::Now() - start;
    Latency(method, status.code()).Observe(absl::ToDoubleSeconds(took));
    Severity severity = OurFault(status.code()) ? Severity::kError : Severity::kDebug;
    Log(severity)
        .Msg(status.ok() ? "call answered" : "call failed")
        .With("method", method)
        .With("took", took)
        .Error(status)
        .Call(call.correlation_id);
    reactor->Finish(ToGrpc(status));
  }

  ~State() { Answer(Internal("NO_ANSWER", "the handler gave no answer")); }
};

void UnaryDone::operator()(const absl::Status& status) const { state_->Answer(status); }

grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context, const char* method,
                                      const UnaryHandler& handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Time now = absl::Now();
  CallContext call = ContextOf(*context, now);
  auto state = std::make_shared<UnaryDone::State>();
  state->reactor = reactor;
  state->method = method;
  state->call = call;
  state->start = now;
  UnaryDone done(std::move(state));
  try {
    handler(call, done);
  } catch (const std::exception& error) {
    done(Internal("UNEXPECTED_EXCEPTION", error.what()));
  } catch (...) {
    done(Internal("UNEXPECTED_EXCEPTION", "of an unknown type"));
  }
  return reactor;
}

void Reply(grpc::ServerUnaryReactor* reactor, const absl::Status& status) {
  reactor->Finish(ToGrpc(status));
}

}  // namespace muster
