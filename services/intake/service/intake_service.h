// muster.intake.v1.IntakeService: each handler validates, calls, converts.
//
// Threading: thread-safe; handlers run on gRPC's threads and never block.
//
//   IntakeService service({store, writer, feed, desk, clock, {}, ready});
//   server.Register(&service);
#pragma once

#include <atomic>

#include "common/base/clock.h"
#include "common/rpc/unary.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "services/intake/feed/ticket_feed.h"
#include "services/intake/standing/standing_desk.h"
#include "services/intake/storage/store.h"
#include "services/intake/writer.h"

namespace muster::intake {

struct IntakeParts {
  Store& store;
  Writer& writer;
  TicketFeed& feed;
  StandingDesk& desk;
  const Clock& clock;
  FeedStreamOptions feed_stream;
  // False until the database is there and up to date: calls are UNAVAILABLE.
  const std::atomic<bool>& ready;
};

class IntakeService final : public v1::IntakeService::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;
  using Empty = google::protobuf::Empty;

  explicit IntakeService(IntakeParts parts) : parts_(parts) {}

  // pools.cc
  Unary* CreatePool(Context*, const v1::CreatePoolRequest*, v1::Pool*) override;
  Unary* GetPool(Context*, const v1::GetPoolRequest*, v1::Pool*) override;
  Unary* ListPools(Context*, const v1::ListPoolsRequest*, v1::ListPoolsResponse*) override;
  Unary* UpdatePool(Context*, const v1::UpdatePoolRequest*, v1::Pool*) override;
  Unary* DeletePool(Context*, const v1::DeletePoolRequest*, Empty*) override;
  Unary* ApplyPool(Context*, const v1::ApplyPoolRequest*, v1::ApplyPoolResponse*) override;
  // queues.cc
  Unary* CreateQueue(Context*, const v1::CreateQueueRequest*, v1::Queue*) override;
  Unary* GetQueue(Context*, const v1::GetQueueRequest*, v1::Queue*) override;
  Unary* ListQueues(Context*, const v1::ListQueuesRequest*, v1::ListQueuesResponse*) override;
  Unary* UpdateQueue(Context*, const v1::UpdateQueueRequest*, v1::Queue*) override;
  Unary* DeleteQueue(Context*, const v1::DeleteQueueRequest*, Empty*) override;
  // tickets.cc
  Unary* CreateTicket(Context*, const v1::CreateTicketRequest*, v1::Ticket*) override;
  Unary* BatchCreateTickets(Context*, const v1::BatchCreateTicketsRequest*,
                            v1::BatchCreateTicketsResponse*) override;
  Unary* GetTicket(Context*, const v1::GetTicketRequest*, v1::Ticket*) override;
  Unary* ListTickets(Context*, const v1::ListTicketsRequest*, v1::ListTicketsResponse*) override;
  Unary* CancelTicket(Context*, const v1::CancelTicketRequest*, v1::Ticket*) override;
  Unary* ReleaseTicket(Context*, const v1::ReleaseTicketRequest*, v1::Ticket*) override;
  Unary* RecordProgress(Context*, const v1::RecordProgressRequest*,
                        v1::RecordProgressResponse*) override;
  // streams.cc
  grpc::ServerWriteReactor<v1::TicketStanding>* WatchTicket(Context*,
                                                            const v1::WatchTicketRequest*) override;
  grpc::ServerWriteReactor<v1::WatchTicketsResponse>* WatchTickets(
      Context*, const v1::WatchTicketsRequest*) override;

 private:
  // HandleUnary, once the service is ready. `handler` returns a status when it has not even begun:
  // that is then the answer.
  using Handler = std::function<absl::Status(const CallContext&, UnaryDone)>;
  Unary* Handle(Context* context, const char* method, const Handler& handler);
  absl::Status CheckReady() const;

  // The mutation that `request` asks for, marked for the memory of requests.
  template <class Act, class Request>
  Mutation MutationOf(Act act, const Request& request) const;
  // Submits; the outcome, which is a `Value`, becomes the response.
  template <class Value, class Response>
  void Write(Mutation mutation, const CallContext& call, Response* response, UnaryDone done);
  void WriteEmpty(Mutation mutation, const CallContext& call, UnaryDone done);

  const IntakeParts parts_;
};

}  // namespace muster::intake
