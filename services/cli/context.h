// What every command of `muster` shares: global flags, connections to the services, and the act
// that the command line chose.
//
// Threading: the main thread alone, except that stubs may be used from any thread.
//
//   void AddPoolCommands(CLI::App& app, Context& context);   // registers, in each commands/*.h
//   verb->callback([&] { context.Run([&] { return ListPools(context); }); });
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/grpc_time.h"
#include "common/rpc/status_convert.h"
#include "grpcpp/client_context.h"
#include "muster/availability/v1/availability.grpc.pb.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"

namespace muster::cli {

// Exit codes of `muster`.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitMisused = 2;

enum class Output { kTable, kJson, kId };

struct GlobalOptions {
  std::string intake = "127.0.0.1:7401";
  std::string availability = "127.0.0.1:7402";
  std::string matcher = "127.0.0.1:7403";
  // Empty: the only pool there is.
  std::string pool;
  Output output = Output::kTable;
  // Of one call.
  absl::Duration timeout = absl::Seconds(10);
  // Repeat a get or list until interrupted.
  bool watch = false;
  absl::Duration interval = absl::Seconds(1);
};

class Context {
 public:
  using Act = std::function<absl::Status()>;

  GlobalOptions& options() { return options_; }

  // Connections are made at the first use.
  intake::v1::IntakeService::Stub& Intake();
  availability::v1::AvailabilityService::Stub& Availability();
  matcher::v1::MatcherService::Stub& Matcher();
  // For streams and health; `address` is one of options().
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address);

  // --pool, or MUSTER_POOL, or the only pool there is; else an error that says what to do.
  absl::StatusOr<std::string> Pool();

  // Chosen by the command line; carried out by main once parsing is over.
  void Run(Act act) { act_ = std::move(act); }
  // As `Run`, and again and again with --watch.
  void RunWatchable(Act act) {
    act_ = std::move(act);
    watchable_ = true;
  }
  const Act& act() const { return act_; }
  bool watchable() const { return watchable_; }

  // One unary call with the global time-out.
  //   auto pool = context.Call(context.Intake(), &IntakeService::Stub::GetPool, request);
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext call;
    call.set_deadline(GrpcTimeIn(options_.timeout));
    Response response;
    const grpc::Status status = (stub.*method)(&call, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

 private:
  GlobalOptions options_;
  Act act_;
  bool watchable_ = false;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
  std::unique_ptr<intake::v1::IntakeService::Stub> intake_;
  std::unique_ptr<availability::v1::AvailabilityService::Stub> availability_;
  std::unique_ptr<matcher::v1::MatcherService::Stub> matcher_;
};

// A wrong use of the command line that only showed after parsing: exit code 2.
absl::Status Misused(std::string_view message);
bool IsMisused(const absl::Status& status);

// "error: …" and, where there is one, "hint: …" on stderr. Returns the exit code.
int Report(const absl::Status& status, const GlobalOptions& options);

}  // namespace muster::cli
