// One unary call on a Loop.
//
//   Call(loop, *stub, &IntakeService::Stub::AsyncCreateTicket, request,
//        [](const grpc::Status& status, const Ticket& ticket) { … });
//
// Threading: may be begun on any thread; is answered on the loop's.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <memory>
#include <utility>

#include "tests/bench/load/loop.h"

namespace muster::bench {

inline constexpr absl::Duration kCallLimit = absl::Seconds(30);

template <class Stub, class Request, class Response, class Answer>
void Call(Loop& loop, Stub& stub,
          std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*method)(
              grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
          const Request& request, Answer answer, absl::Duration limit = kCallLimit) {
  struct State {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
    Response response;
    grpc::Status status;
  };
  auto state = std::make_shared<State>();
  state->context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
  state->reader = (stub.*method)(&state->context, request, loop.queue());
  state->reader->Finish(&state->response, &state->status,
                        Loop::Tag([state, answer = std::move(answer)](bool) mutable {
                          answer(state->status, state->response);
                        }));
}

}  // namespace muster::bench
