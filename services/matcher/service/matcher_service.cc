#include "services/matcher/service/matcher_service.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/page_token.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/engine/engine.h"
#include "services/matcher/service/record_protos.h"
#include "services/matcher/service/requests.h"
#include "services/matcher/service/statistics_view.h"

namespace muster::matcher {
namespace {

constexpr absl::Duration kLookLimit = absl::Seconds(5);  // of one look of a watch elsewhere

int64_t SequenceOf(const std::string& id) { return ParseWorkId(id)->Sequence(); }

// One page of open and ended offers together, newest first. An offer that has ended between the two
// looks is in both: the record counts.
void FillOffers(const OfferList& list, const std::vector<PendingOffer>& pending,
                const std::vector<Offer>& ended, v1::ListOffersResponse& response) {
  struct Entry {
    int64_t sequence;
    const PendingOffer* pending;
    const Offer* ended;
  };
  std::vector<Entry> entries;
  std::set<int64_t> on_record;
  for (const Offer& offer : ended) {
    entries.push_back({SequenceOf(offer.offer_id), nullptr, &offer});
    on_record.insert(entries.back().sequence);
  }
  for (const PendingOffer& offer : pending) {
    int64_t sequence = SequenceOf(offer.offer_id);
    bool beyond = list.query.before_sequence != 0 && sequence >= list.query.before_sequence;
    if (!beyond && !on_record.contains(sequence)) entries.push_back({sequence, &offer, nullptr});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.sequence > b.sequence; });
  size_t size = std::min(entries.size(), static_cast<size_t>(list.query.limit));
  for (size_t i = 0; i < size; ++i) {
    *response.add_offers() = entries[i].ended != nullptr
                                 ? ToProto(*entries[i].ended)
                                 : ToProto(list.query.pool_id, *entries[i].pending);
  }
  if (entries.size() > size) {
    response.set_next_page_token(
        MakePageToken(list.filters, absl::StrCat(entries[size - 1].sequence)));
  }
}

void FillAssignments(const AssignmentList& list, const std::vector<Assignment>& found,
                     v1::ListAssignmentsResponse& response) {
  size_t size = std::min(found.size(), static_cast<size_t>(list.query.limit));
  for (size_t i = 0; i < size; ++i) *response.add_assignments() = ToProto(found[i]);
  if (found.size() > size) {
    response.set_next_page_token(
        MakePageToken(list.filters, absl::StrCat(SequenceOf(found[size - 1].assignment_id))));
  }
}

}  // namespace

MatcherService::MatcherService(PoolOperations& operations, Store& store, const Clock& clock)
    : operations_(operations),
      store_(store),
      forward_(operations),
      watches_([this](const StatisticsQuery& query,
                      StatisticsWatches::LookDone done) { LookAt(query, std::move(done)); },
               clock),
      tapes_(operations, clock) {}

absl::Status MatcherService::CheckServed(const std::string& pool_id) const {
  std::vector<std::string> pools = operations_.Pools();
  if (std::binary_search(pools.begin(), pools.end(), pool_id)) return absl::OkStatus();
  if (operations_.AddressOf(pool_id)) return absl::OkStatus();
  return Unavailable("POOL_NOT_SERVED", absl::StrCat("no matcher serves pool ", pool_id));
}

// Two looks, since the pool's offers are found by their agents.
void MatcherService::FindPendingOffer(const WorkId& id, PoolOperations::Done<PendingOffer> done) {
  operations_.Inspect(
      id.pool_id, [this, id, done = std::move(done)](absl::StatusOr<PoolView> view) mutable {
        if (!view.ok()) return done(view.status());
        auto offer = view->engine.PendingOffer({id.epoch, id.number});
        if (!offer) return done(NotFound("offer", id.ToString()));
        operations_.PendingOffers(
            {.pool_id = id.pool_id, .agent_id = offer->agent_id, .ticket_id = offer->ticket_id},
            [id, done = std::move(done)](absl::StatusOr<std::vector<PendingOffer>> offers) mutable {
              if (!offers.ok()) return done(offers.status());
              for (PendingOffer& offer : *offers) {
                if (offer.offer_id == id.ToString()) return done(std::move(offer));
              }
              done(NotFound("offer", id.ToString()));
            });
      });
}

MatcherService::Unary* MatcherService::GetOffer(Context* context,
                                                const v1::GetOfferRequest* request,
                                                v1::Offer* response) {
  return HandleUnary(context, "matcher.GetOffer", [&](const CallContext& call, UnaryDone done) {
    absl::StatusOr<WorkId> id = ReadWorkId(request->offer_id(), "offer_id");
    if (!id.ok()) return done(id.status());
    if (forward_.To(*context, id->pool_id, &Forward::Peer::GetOffer, request, response, call,
                    done)) {
      return;
    }
    FindPendingOffer(*id, [=, this, deadline = call.deadline](absl::StatusOr<PendingOffer> open) {
      if (open.ok()) {
        *response = ToProto(id->pool_id, *open);
        return done(absl::OkStatus());
      }
      store_.GetOffer(id->ToString(), deadline,
                      [=, memory = open.status()](absl::StatusOr<Offer> ended) {
                        if (ended.ok()) *response = ToProto(*ended);
                        // Not on record; whether it is open nobody could say.
                        bool unknown = absl::IsNotFound(ended.status());
                        done(unknown ? memory : ended.status());
                      });
    });
  });
}

MatcherService::Unary* MatcherService::ListOffers(Context* context,
                                                  const v1::ListOffersRequest* request,
                                                  v1::ListOffersResponse* response) {
  return HandleUnary(context, "matcher.ListOffers", [&](const CallContext& call, UnaryDone done) {
    absl::StatusOr<OfferList> read = ReadRequest(*request);
    if (!read.ok()) return done(read.status());
    auto list = std::make_shared<const OfferList>(*std::move(read));
    if (forward_.To(*context, list->query.pool_id, &Forward::Peer::ListOffers, request, response,
                    call, done)) {
      return;
    }
    OfferFilter filter{list->query.pool_id, list->query.agent_id, list->query.ticket_id};
    // First what is open, then what is on record: so an offer that ends meanwhile is not missed.
    operations_.PendingOffers(filter, [=, this, deadline = call.deadline](
                                          absl::StatusOr<std::vector<PendingOffer>> pending) {
      if (!pending.ok()) return done(pending.status());
      if (!list->pending) pending->clear();
      if (!list->ended) {
        FillOffers(*list, *pending, {}, *response);
        return done(absl::OkStatus());
      }
      OfferQuery query = list->query;
      ++query.limit;  // one more tells whether there is another page
      store_.ListOffers(
          query, deadline,
          [=, pending = *std::move(pending)](const absl::StatusOr<std::vector<Offer>>& ended) {
            if (ended.ok()) FillOffers(*list, pending, *ended, *response);
            done(ended.status());
          });
    });
  });
}

MatcherService::Unary* MatcherService::GetAssignment(Context* context,
                                                     const v1::GetAssignmentRequest* request,
                                                     v1::Assignment* response) {
  return HandleUnary(
      context, "matcher.GetAssignment", [&](const CallContext& call, UnaryDone done) {
        absl::StatusOr<WorkId> id = ReadWorkId(request->assignment_id(), "assignment_id");
        if (!id.ok()) return done(id.status());
        store_.GetAssignment(id->ToString(), call.deadline,
                             [=, this](absl::StatusOr<Assignment> assignment) {
                               if (assignment.ok()) *response = ToProto(*assignment);
                               absl::Status status = assignment.status();
                               if (absl::IsNotFound(status)) {
                                 absl::Status served = CheckServed(id->pool_id);
                                 if (!served.ok()) status = served;
                               }
                               done(status);
                             });
      });
}

MatcherService::Unary* MatcherService::ListAssignments(Context* context,
                                                       const v1::ListAssignmentsRequest* request,
                                                       v1::ListAssignmentsResponse* response) {
  return HandleUnary(
      context, "matcher.ListAssignments", [&](const CallContext& call, UnaryDone done) {
        absl::StatusOr<AssignmentList> read = ReadRequest(*request);
        if (!read.ok()) return done(read.status());
        if (absl::Status served = CheckServed(read->query.pool_id); !served.ok()) {
          return done(served);
        }
        AssignmentQuery query = read->query;
        ++query.limit;
        store_.ListAssignments(
            query, call.deadline,
            [=, list = *std::move(read)](const absl::StatusOr<std::vector<Assignment>>& found) {
              if (found.ok()) FillAssignments(list, *found, *response);
              done(found.status());
            });
      });
}

template <class Response>
void MatcherService::AnswerEnded(const std::string& assignment_id, absl::Time deadline,
                                 Response* response, UnaryDone done) {
  if (assignment_id.empty()) return done(absl::OkStatus());
  store_.GetAssignment(assignment_id, deadline, [=](absl::StatusOr<Assignment> assignment) {
    if (assignment.ok()) *response->mutable_ended_assignment() = ToProto(*assignment);
    done(assignment.status());
  });
}

template <class Response>
void MatcherService::Once(const RequestRef& request, const CallContext& call, Response* response,
                          UnaryDone done,
                          std::function<void(PoolOperations::Done<OperationResult>)> carry_out) {
  auto finish = [this, response, done,
                 deadline = call.deadline](absl::StatusOr<OperationResult> result) {
    if (!result.ok()) return done(result.status());
    AnswerEnded(result->ended_assignment_id.value_or(""), deadline, response, done);
  };
  if (request.request_id.empty()) return carry_out(finish);
  store_.FindRequest(request.request_id, call.deadline,
                     [=, this, fingerprint = request.fingerprint, deadline = call.deadline](
                         absl::StatusOr<std::optional<AnsweredRequest>> answered) {
                       if (!answered.ok()) return done(answered.status());
                       if (!answered->has_value()) return carry_out(finish);
                       if ((*answered)->fingerprint != fingerprint) return done(RequestIdReused());
                       AnswerEnded((*answered)->ended_assignment_id, deadline, response, done);
                     });
}

MatcherService::Unary* MatcherService::RequeueTicket(Context* context,
                                                     const v1::RequeueTicketRequest* request,
                                                     v1::RequeueTicketResponse* response) {
  return HandleUnary(
      context, "matcher.RequeueTicket", [&](const CallContext& call, UnaryDone done) {
        absl::StatusOr<RequeueOperation> operation = ReadRequest(*request);
        if (!operation.ok()) return done(operation.status());
        if (forward_.To(*context, operation->pool_id, &Forward::Peer::RequeueTicket, request,
                        response, call, done)) {
          return;
        }
        Once(operation->request, call, response, done,
             [this, operation = *operation](PoolOperations::Done<OperationResult> finish) {
               operations_.Requeue(operation, std::move(finish));
             });
      });
}

MatcherService::Unary* MatcherService::TransferTicket(Context* context,
                                                      const v1::TransferTicketRequest* request,
                                                      v1::TransferTicketResponse* response) {
  return HandleUnary(
      context, "matcher.TransferTicket", [&](const CallContext& call, UnaryDone done) {
        absl::StatusOr<TransferOperation> operation = ReadRequest(*request);
        if (!operation.ok()) return done(operation.status());
        if (forward_.To(*context, operation->pool_id, &Forward::Peer::TransferTicket, request,
                        response, call, done)) {
          return;
        }
        Once(operation->request, call, response, done,
             [this, operation = *operation](PoolOperations::Done<OperationResult> finish) {
               operations_.Transfer(operation, std::move(finish));
             });
      });
}

MatcherService::Unary* MatcherService::GetStatistics(Context* context,
                                                     const v1::GetStatisticsRequest* request,
                                                     v1::Statistics* response) {
  return HandleUnary(context, "matcher.GetStatistics",
                     [&](const CallContext& call, UnaryDone done) {
                       absl::StatusOr<StatisticsQuery> query = ReadRequest(*request);
                       if (!query.ok()) return done(query.status());
                       if (forward_.To(*context, query->pool_id, &Forward::Peer::GetStatistics,
                                       request, response, call, done)) {
                         return;
                       }
                       operations_.Inspect(query->pool_id, [=](absl::StatusOr<PoolView> view) {
                         if (view.ok())
                           *response = StatisticsOf(query->pool_id, *view, query->window);
                         done(view.status());
                       });
                     });
}

void MatcherService::LookAt(const StatisticsQuery& query, StatisticsWatches::LookDone done) {
  struct Call {
    v1::GetStatisticsRequest request;
    v1::Statistics response;
  };
  auto call = std::make_shared<Call>();
  call->request.set_pool_id(query.pool_id);
  *call->request.mutable_window() = ToProtoDuration(query.window);
  // Shared, for it is needed here as well if the pool is not another's.
  auto shared = std::make_shared<StatisticsWatches::LookDone>(std::move(done));
  if (forward_.ToHolder(query.pool_id, &Forward::Peer::GetStatistics, &call->request,
                        &call->response, {NewId("r"), absl::Now() + kLookLimit},
                        [call, shared](const absl::Status& status) {
                          if (!status.ok()) return (*shared)(status);
                          (*shared)(std::move(call->response));
                        })) {
    return;
  }
  operations_.Inspect(query.pool_id, [query, shared](absl::StatusOr<PoolView> view) {
    if (!view.ok()) return (*shared)(view.status());
    (*shared)(StatisticsOf(query.pool_id, *view, query.window));
  });
}

grpc::ServerWriteReactor<v1::Statistics>* MatcherService::WatchStatistics(
    Context*, const v1::WatchStatisticsRequest* request) {
  return watches_.Open(ReadRequest(*request));
}

grpc::ServerWriteReactor<v1::RecordRunResponse>* MatcherService::RecordRun(
    Context*, const v1::RecordRunRequest* request) {
  return tapes_.Open(ReadRequest(*request));
}

}  // namespace muster::matcher
