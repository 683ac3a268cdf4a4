// The edge of a unary handler: exactly one answer, whatever happens inside.
//
// gRPC answers UNIMPLEMENTED for a handler that throws, and hangs for one that forgets to answer;
// HandleUnary catches everything, converts the status, counts the call in the metrics
// (muster_rpc_seconds{method,code}), and logs what went wrong on our side.
//
//   grpc::ServerUnaryReactor* Intake::GetTicket(grpc::CallbackServerContext* context,
//                                               const GetTicketRequest* request, Ticket* response)
//                                               {
//     return HandleUnary(context, "intake.GetTicket", [&](const CallContext& call, UnaryDone done)
//     {
//       if (!IsValidId(request->ticket_id())) return done(InvalidField("ticket_id", kIdRule));
//       reads_.Read<Ticket>(..., call.deadline, [response, done](absl::StatusOr<Ticket> ticket) {
//         if (ticket.ok()) *response = *std::move(ticket);
//         done(ticket.status());
//       });
//     });
//   }
//
// Threading: the handler runs on gRPC's thread and must not block; `done` may be called from any
// thread, once. Request and response stay valid until it is, also when the client has gone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/call_context.h"

namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc

namespace muster {

// Answers the call when called. Copies share one answer: the first counts, others are ignored. If
// every copy is destroyed without a call, the answer is INTERNAL.
class UnaryDone {
 public:
  struct State;
  explicit UnaryDone(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void operator()(const absl::Status& status) const;

 private:
  std::shared_ptr<State> state_;
};

using UnaryHandler = std::function<void(const CallContext&, UnaryDone)>;

// `method` is a literal, short: "intake.GetTicket".
grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context, const char* method,
                                      const UnaryHandler& handler);

// Finishes a reactor with `status`, for handlers that keep their own.
void Reply(grpc::ServerUnaryReactor* reactor, const absl::Status& status);

}  // namespace muster
