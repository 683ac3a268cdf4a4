#include "common/rpc/unary.h"

#include <grpcpp/server_context.h>

#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <random>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/backoff.h"
#include "common/base/boot_clock.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "common/obs/metrics.h"
#include "common/rpc/limiter.h"
#include "common/rpc/status_convert.h"

namespace muster {
namespace {

constexpr absl::Duration kLeastRetry = absl::Milliseconds(100);
constexpr absl::Duration kRetrySpread = absl::Milliseconds(900);

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

// Refused for there is too much to do. Every client waits a while of its own.
absl::Status Overloaded(CallClass call_class) {
  static auto* refused = new std::array<prometheus::Counter*, kCallClasses>([] {
    std::array<prometheus::Counter*, kCallClasses> counters{};
    for (int i = 0; i < kCallClasses; ++i) {
      const std::string name(ClassName(static_cast<CallClass>(i)));
      counters[i] = &ProcessMetrics().Counter("muster_calls_refused_total",
                                              "Calls refused because too many were under way",
                                              {{"class", name}});
    }
    return counters;
  }());
  static auto& limit = ProcessMetrics().Gauge("muster_call_limit", "Calls that may be under way");
  (*refused)[static_cast<size_t>(call_class)]->Increment();
  limit.Set(ProcessLimiter().limit());
  thread_local std::mt19937_64 random(RandomSeed());
  return WithRetryDelay(
      ResourceExhausted("OVERLOADED", "more is asked than can be done in time; try again later"),
      kLeastRetry + kRetrySpread * std::uniform_real_distribution<double>(0, 1)(random));
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
  absl::Time entered = absl::InfiniteFuture();  // by BootClock, if the limiter counts it
  std::atomic<bool> answered{false};

  void Answer(const absl::Status& status) {
    if (answered.exchange(true)) return;
    absl::Duration took = absl::Now() - start;
    if (entered < absl::InfiniteFuture()) ProcessLimiter().Leave(entered, BootClock().Now());
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
  const CallClass call_class = ClassOf(method);
  const absl::Time steady = BootClock().Now();
  const bool admitted = ProcessLimiter().Enter(call_class, steady);
  if (admitted && call_class != CallClass::kExempt) state->entered = steady;
  UnaryDone done(std::move(state));
  if (!admitted) {
    done(Overloaded(call_class));
    return reactor;
  }
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
