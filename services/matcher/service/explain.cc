// MatcherService: why tickets wait, and why agents were offered what they were.
//
// The pool says how it stands now, the records say what was decided; nothing is added to that.
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/page_token.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/convert_explain.h"
#include "services/matcher/domain/work_id.h"
#include "services/matcher/service/matcher_service.h"
#include "services/matcher/service/requests.h"

namespace muster::matcher {
namespace {

using OpenOffers = std::set<std::string>;  // by id

// Offers that are open to an agent.
void AddOpen(const PoolView& view, const std::string& pool_id, const std::string& agent_id,
             OpenOffers* open) {
  for (const engine::OfferView& offer : view.engine.PendingOffersOf(agent_id)) {
    open->insert(WorkId{pool_id, offer.offer.epoch, offer.offer.number}.ToString());
  }
}

OpenOffers Explain(const PoolView& view, const DecisionQuery& query,
                   v1::ExplainTicketResponse* response) {
  OpenOffers open;
  if (auto explained = view.engine.ExplainTicket(query.ticket_id)) {
    *response->mutable_now() = ToProto(*explained);
    for (const std::string& agent : explained->offered_to) {
      AddOpen(view, query.pool_id, agent, &open);
    }
  }
  return open;
}

OpenOffers Explain(const PoolView& view, const DecisionQuery& query,
                   v1::ExplainAgentResponse* response) {
  OpenOffers open;
  if (auto explained = view.engine.ExplainAgent(query.agent_id);
      explained && explained->registered) {
    *response->mutable_now() = ToProto(*explained);
  }
  AddOpen(view, query.pool_id, query.agent_id, &open);
  return open;
}

template <class Response>
void FillDecisions(const DecisionList& list, const std::vector<RecordedDecision>& found,
                   const OpenOffers& open, Response* response) {
  const size_t size = std::min(found.size(), static_cast<size_t>(list.query.limit));
  for (size_t i = 0; i < size; ++i) *response->add_decisions() = ToProto(found[i], open);
  if (found.size() > size) {
    const int64_t last = ParseWorkId(found[size - 1].decision.offer_id)->Sequence();
    response->set_next_page_token(MakePageToken(list.filters, absl::StrCat(last)));
  }
}

// First how it stands, then what is on record: an offer that ends in between shows its end.
template <class Response>
void Answer(PoolOperations& operations, Store& store, absl::StatusOr<DecisionList> read,
            absl::Time deadline, Response* response, UnaryDone done) {
  if (!read.ok()) return done(read.status());
  auto list = std::make_shared<const DecisionList>(*std::move(read));
  operations.Inspect(list->query.pool_id, [=, &store](absl::StatusOr<PoolView> view) {
    if (!view.ok()) return done(view.status());
    *response->mutable_time() = ToProtoTime(view->now);
    OpenOffers open = Explain(*view, list->query, response);
    DecisionQuery query = list->query;
    ++query.limit;  // one more tells whether there is another page
    store.ListDecisions(query, deadline,
                        [list, open = std::move(open), response,
                         done](const absl::StatusOr<std::vector<RecordedDecision>>& found) {
                          if (found.ok()) FillDecisions(*list, *found, open, response);
                          done(found.status());
                        });
  });
}

}  // namespace

MatcherService::Unary* MatcherService::ExplainTicket(Context* context,
                                                     const v1::ExplainTicketRequest* request,
                                                     v1::ExplainTicketResponse* response) {
  return HandleUnary(
      context, "matcher.ExplainTicket", [&](const CallContext& call, UnaryDone done) {
        if (forward_.To(*context, request->pool_id(), &Forward::Peer::ExplainTicket, request,
                        response, call, done)) {
          return;
        }
        Answer(operations_, store_, ReadRequest(*request), call.deadline, response, done);
      });
}

MatcherService::Unary* MatcherService::ExplainAgent(Context* context,
                                                    const v1::ExplainAgentRequest* request,
                                                    v1::ExplainAgentResponse* response) {
  return HandleUnary(context, "matcher.ExplainAgent", [&](const CallContext& call, UnaryDone done) {
    if (forward_.To(*context, request->pool_id(), &Forward::Peer::ExplainAgent, request, response,
                    call, done)) {
      return;
    }
    Answer(operations_, store_, ReadRequest(*request), call.deadline, response, done);
  });
}

}  // namespace muster::matcher
