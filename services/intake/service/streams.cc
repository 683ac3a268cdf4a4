#include "common/rpc/status_convert.h"
#include "services/intake/service/handlers.h"
#include "services/intake/standing/standing_stream.h"

namespace muster::intake {
namespace {

// A stream that was wrong from the beginning.
template <class Response>
class FailedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit FailedStream(const absl::Status& status) { this->Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<v1::TicketStanding>* IntakeService::WatchTicket(
    Context*, const v1::WatchTicketRequest* request) {
  absl::Status status = CheckReady();
  if (status.ok()) status = ValidateTicketId(request->ticket_id(), "ticket_id");
  if (!status.ok()) return new FailedStream<v1::TicketStanding>(status);
  return StandingStream::Open(parts_.desk, request->ticket_id());
}

grpc::ServerWriteReactor<v1::WatchTicketsResponse>* IntakeService::WatchTickets(
    Context* context, const v1::WatchTicketsRequest* request) {
  absl::Status status = CheckReady();
  if (status.ok()) status = ValidateId(request->pool_id(), "pool_id");
  if (status.ok() && request->after_revision() < 0) {
    status = InvalidField("after_revision", "must not be negative");
  }
  if (!status.ok()) return new FailedStream<v1::WatchTicketsResponse>(status);
  return FeedStream<v1::WatchTicketsResponse>::Open(context, parts_.feed.hub(), parts_.feed,
                                                    request->pool_id(), request->after_revision(),
                                                    parts_.feed_stream);
}

}  // namespace muster::intake
