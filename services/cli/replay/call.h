// A unary call that goes on until it is answered for good: what passes (a service that is away, a
// deadline, a full queue) is tried again, with the same request and so the same request id.
//
// Threading: the event loop's thread.
//
//   CallUntilAnswered(loop, stub, &IntakeService::Stub::AsyncCreateTicket, request,
//                     [](const absl::Status& status, const Ticket& ticket) { … });
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/rpc/grpc_time.h"
#include "common/rpc/status_convert.h"
#include "services/cli/replay/event_loop.h"
#include "services/cli/replay/troubles.h"

namespace muster::replay {

inline constexpr absl::Duration kTryFor = absl::Seconds(5);          // one try
inline constexpr absl::Duration kKeepTryingFor = absl::Seconds(90);  // all together
inline constexpr BackoffOptions kBetweenTries = {.initial = absl::Milliseconds(10),
                                                 .max = absl::Milliseconds(500)};

template <class Stub, class Request, class Response>
class PersistentCall
    : public std::enable_shared_from_this<PersistentCall<Stub, Request, Response>> {
 public:
  using Method = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*)(
      grpc::ClientContext*, const Request&, grpc::CompletionQueue*);
  using Answer = std::function<void(const absl::Status&, const Response&)>;

  PersistentCall(EventLoop& loop, Stub& stub, Method method, Request request, Answer answer)
      : loop_(loop),
        stub_(stub),
        method_(method),
        request_(std::move(request)),
        answer_(std::move(answer)),
        give_up_(loop.timers().Now() + kKeepTryingFor),
        backoff_(kBetweenTries, RandomSeed()) {}

  void Try() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(GrpcTimeIn(kTryFor));
    reader_ = (stub_.*method_)(context_.get(), request_, loop_.queue());
    reader_->Finish(&response_, &status_,
                    EventLoop::Tag([self = this->shared_from_this()](bool) { self->Done(); }));
  }

 private:
  void Done() {
    const absl::Status status = FromGrpc(status_);
    if (!IsPassing(status) || loop_.timers().Now() >= give_up_) return answer_(status, response_);
    loop_.timers().After(backoff_.Next(), [self = this->shared_from_this()] { self->Try(); });
  }

  EventLoop& loop_;
  Stub& stub_;
  const Method method_;
  const Request request_;
  const Answer answer_;
  const absl::Duration give_up_;
  Backoff backoff_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  Response response_;
  grpc::Status status_;
};

template <class Stub, class Request, class Response>
void CallUntilAnswered(EventLoop& loop, Stub& stub,
                       std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*method)(
                           grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                       const Request& request,
                       std::function<void(const absl::Status&, const Response&)> answer) {
  std::make_shared<PersistentCall<Stub, Request, Response>>(loop, stub, method, request,
                                                            std::move(answer))
      ->Try();
}

}  // namespace muster::replay
