// MatcherService: what others may ask about offers and assignments, and do about tickets.
//
// Reads come from the records, except open offers and statistics, which the pools keep in memory;
// requeue and transfer go to the pool, which answers once they are on record. What the pool has to
// answer goes on to the matcher that holds it, if that is another one.
//
// Threading: thread-safe; handlers do not block.
//
//   MatcherService service(operations, store, SystemClock());
//   server.Register(&service);
//   server.OnDrain([&] { service.EndStreams(); });
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/rpc/call_context.h"
#include "common/rpc/unary.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/service/forward.h"
#include "services/matcher/service/statistics_watch.h"
#include "services/matcher/service/tape_stream.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

class MatcherService final : public v1::MatcherService::CallbackService {
 public:
  MatcherService(PoolOperations& operations, Store& store, const Clock& clock);

  // Streams that would go on for ever; at the begin of a drain.
  void EndStreams() {
    watches_.EndAll();
    tapes_.EndAll();
  }
  size_t open_streams() const { return watches_.open() + tapes_.open(); }

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;
  Unary* GetOffer(Context*, const v1::GetOfferRequest*, v1::Offer*) override;
  Unary* ListOffers(Context*, const v1::ListOffersRequest*, v1::ListOffersResponse*) override;
  Unary* GetAssignment(Context*, const v1::GetAssignmentRequest*, v1::Assignment*) override;
  Unary* ListAssignments(Context*, const v1::ListAssignmentsRequest*,
                         v1::ListAssignmentsResponse*) override;
  Unary* RequeueTicket(Context*, const v1::RequeueTicketRequest*,
                       v1::RequeueTicketResponse*) override;
  Unary* TransferTicket(Context*, const v1::TransferTicketRequest*,
                        v1::TransferTicketResponse*) override;
  // explain.cc
  Unary* ExplainTicket(Context*, const v1::ExplainTicketRequest*,
                       v1::ExplainTicketResponse*) override;
  Unary* ExplainAgent(Context*, const v1::ExplainAgentRequest*, v1::ExplainAgentResponse*) override;
  Unary* GetStatistics(Context*, const v1::GetStatisticsRequest*, v1::Statistics*) override;
  grpc::ServerWriteReactor<v1::Statistics>* WatchStatistics(
      Context*, const v1::WatchStatisticsRequest*) override;
  grpc::ServerWriteReactor<v1::RecordRunResponse>* RecordRun(Context*,
                                                             const v1::RecordRunRequest*) override;

 private:
  // By any matcher: UNAVAILABLE POOL_NOT_SERVED, or OK.
  absl::Status CheckServed(const std::string& pool_id) const;
  // For a watch, here or where the pool is.
  void LookAt(const StatisticsQuery& query, StatisticsWatches::LookDone done);
  void FindPendingOffer(const WorkId& id, PoolOperations::Done<PendingOffer> done);
  // Answers a repeated request from the records, or calls `carry_out`.
  template <class Response>
  void Once(const RequestRef& request, const CallContext& call, Response* response, UnaryDone done,
            std::function<void(PoolOperations::Done<OperationResult>)> carry_out);
  // Answers with the assignment of that id, if there is one.
  template <class Response>
  void AnswerEnded(const std::string& assignment_id, absl::Time deadline, Response* response,
                   UnaryDone done);

  PoolOperations& operations_;
  Store& store_;
  Forward forward_;
  StatisticsWatches watches_;
  TapeStreams tapes_;
};

}  // namespace muster::matcher
