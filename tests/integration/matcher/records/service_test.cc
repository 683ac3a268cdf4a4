// MatcherService over gRPC: what it answers.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "tests/integration/matcher/records/service_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace muster::matcher {
namespace {

constexpr int kEpoch = 3;  // of FakePool

int64_t Epochs(Store& store, const std::string& pool_id) {
  int64_t epoch = 0;
  while (epoch < kEpoch) epoch = Take(store, pool_id);
  return epoch;
}

// Makes `count` open offers 3/1, 3/2, ... of tickets t-1, t-2 to agents a-1, a-2.
void MakeOffers(FakeOperations& operations, int count) {
  operations.With("bank", [&](FakePool& pool) {
    pool.now = kStart;
    pool.queues["card"] = {"Cards", absl::Seconds(20)};
    auto apply = [&](const engine::Event& event) {
      pool.engine.Apply(event, pool.now, &pool.effects);
    };
    apply(engine::QueueChanged{"card", {}});
    for (int n = 1; n <= count; ++n) {
      engine::AgentSpec agent{.agent_id = absl::StrCat("a-", n),
                              .presence = engine::Presence::kOnline};
      apply(engine::AgentChanged{agent});
    }
    apply(engine::MatchingOpened{});
    for (int n = 1; n <= count; ++n) {
      apply(engine::TicketQueued{{.ticket_id = absl::StrCat("t-", n),
                                  .queue_id = "card",
                                  .create_time = kStart - absl::Seconds(7)}});
    }
  });
}

void Record(FakeStore& store, Mutation mutation) {
  auto outcome = Submit(store, std::move(mutation));
  INFO(outcome.status());
  REQUIRE(outcome.ok());
}

TEST_CASE("an offer is told from memory while it is open, then from the records") {
  ServiceFixture f;
  f.operations.Serve("bank");
  Epochs(f.store, "bank");
  MakeOffers(f.operations, 2);
  f.operations.With("bank", [](FakePool& pool) { pool.receive_times["bank/3/2"] = kStart; });
  v1::GetOfferRequest request;
  request.set_offer_id("bank/3/2");
  v1::Offer offer;
  REQUIRE(f.Call(&Stub::GetOffer, request, &offer).ok());
  CHECK(offer.offer_id() == "bank/3/2");
  CHECK(offer.pool_id() == "bank");
  CHECK(offer.ticket_id() == "t-2");
  CHECK(offer.queue_id() == "card");
  CHECK(offer.state() == v1::OFFER_STATE_PENDING);
  CHECK(FromProtoTime(offer.create_time()) == kStart);
  CHECK(FromProtoTime(offer.receive_time()) == kStart);
  CHECK(FromProtoTime(offer.expire_time()) > kStart);
  CHECK(FromProtoDuration(offer.waited()) == absl::Seconds(7));
  CHECK_FALSE(offer.has_end_time());

  RecordOfferEnded ended = OfferEnding("bank", kEpoch, 9, "t-9", OfferState::kDeclined);
  Record(f.store, ended);
  request.set_offer_id("bank/3/9");
  REQUIRE(f.Call(&Stub::GetOffer, request, &offer).ok());
  CHECK(offer.state() == v1::OFFER_STATE_DECLINED);
  CHECK(offer.reason() == "busy");
  CHECK(FromProtoDuration(offer.waited()) == absl::Seconds(30));
  CHECK(FromProtoTime(offer.end_time()) == *ended.offer.end_time);
  CHECK_FALSE(offer.has_receive_time());

  request.set_offer_id("bank/3/77");
  CHECK(ErrorReason(f.Call(&Stub::GetOffer, request, &offer)) == "OFFER_NOT_FOUND");
  request.set_offer_id("shop/3/77");
  CHECK(ErrorReason(f.Call(&Stub::GetOffer, request, &offer)) == "POOL_NOT_SERVED");
}

TEST_CASE("open and ended offers make one list, and pages keep their place") {
  ServiceFixture f;
  f.operations.Serve("bank");
  Epochs(f.store, "bank");
  MakeOffers(f.operations, 5);  // bank/3/1 to 3/5
  // Number 4 has ended between the two looks: it is in memory still, and on record.
  Record(f.store, Assigning("bank", kEpoch, 4, "t-4", "a-4"));
  for (int n = 6; n <= 9; ++n) {
    Record(f.store, OfferEnding("bank", kEpoch, n, "t-1", OfferState::kExpired));
  }
  auto list = [&](v1::ListOffersRequest request) {
    request.set_pool_id("bank");
    std::vector<std::vector<std::string>> pages;
    do {
      v1::ListOffersResponse response;
      REQUIRE(f.Call(&Stub::ListOffers, request, &response).ok());
      pages.emplace_back();
      for (const v1::Offer& offer : response.offers()) {
        pages.back().push_back(absl::StrCat(offer.offer_id().substr(7),
                                            offer.state() == v1::OFFER_STATE_PENDING ? "p" : ""));
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return pages;
  };
  using Pages = std::vector<std::vector<std::string>>;
  v1::ListOffersRequest request;
  CHECK(list(request) == Pages{{"9", "8", "7", "6", "5p", "4", "3p", "2p", "1p"}});
  request.set_page_size(4);
  CHECK(list(request) == Pages{{"9", "8", "7", "6"}, {"5p", "4", "3p", "2p"}, {"1p"}});
  request.set_page_size(3);
  CHECK(list(request) == Pages{{"9", "8", "7"}, {"6", "5p", "4"}, {"3p", "2p", "1p"}});
  request.set_page_size(5000);
  request.add_states(v1::OFFER_STATE_PENDING);
  CHECK(list(request) == Pages{{"5p", "4p", "3p", "2p", "1p"}});
  request.add_states(v1::OFFER_STATE_ACCEPTED);
  CHECK(list(request) == Pages{{"5p", "4", "3p", "2p", "1p"}});
  request.clear_states();
  request.add_states(v1::OFFER_STATE_EXPIRED);
  CHECK(list(request) == Pages{{"9", "8", "7", "6"}});
  request.clear_states();
  request.set_ticket_id("t-1");
  CHECK(list(request) == Pages{{"9", "8", "7", "6", "1p"}});
  request.clear_ticket_id();
  request.set_agent_id("a-4");
  CHECK(list(request) == Pages{{"4"}});
}

TEST_CASE("assignments are told from the records") {
  ServiceFixture f;
  f.operations.Serve("bank");
  Epochs(f.store, "bank");
  std::vector<RecordAssignment> assigned;
  for (int n = 1; n <= 5; ++n) {
    assigned.push_back(Assigning("bank", kEpoch, n, absl::StrCat("t-", n)));
    assigned.back().capacity = 10;
    Record(f.store, assigned.back());
  }
  Record(f.store, WrappingUp(assigned[1]));
  Record(f.store, Completing(assigned[1]));

  v1::GetAssignmentRequest get;
  get.set_assignment_id("bank/3/2");
  v1::Assignment a;
  REQUIRE(f.Call(&Stub::GetAssignment, get, &a).ok());
  CHECK(a.assignment_id() == "bank/3/2");
  CHECK(a.pool_id() == "bank");
  CHECK(a.ticket_id() == "t-2");
  CHECK(a.queue_id() == "card");
  CHECK(a.agent_id() == "ann");
  CHECK(a.weight() == 1);
  CHECK(a.state() == v1::ASSIGNMENT_STATE_COMPLETED);
  CHECK(a.end_reason() == "completed");
  CHECK(a.disposition() == "solved");
  absl::Time accepted = assigned[1].assignment.accept_time;
  CHECK(FromProtoTime(a.ticket_create_time()) == accepted - absl::Seconds(40));
  CHECK(FromProtoTime(a.offer_time()) == accepted - absl::Seconds(5));
  CHECK(FromProtoTime(a.accept_time()) == accepted);
  CHECK(FromProtoTime(a.wrap_up_time()) == accepted + absl::Seconds(10));
  CHECK(FromProtoTime(a.end_time()) == accepted + absl::Seconds(20));
  get.set_assignment_id("bank/3/77");
  CHECK(ErrorReason(f.Call(&Stub::GetAssignment, get, &a)) == "ASSIGNMENT_NOT_FOUND");
  get.set_assignment_id("shop/3/77");
  CHECK(ErrorReason(f.Call(&Stub::GetAssignment, get, &a)) == "POOL_NOT_SERVED");

  v1::ListAssignmentsRequest list;
  list.set_pool_id("bank");
  list.set_page_size(2);
  list.set_oldest_first(true);
  std::vector<std::string> seen;
  std::set<std::string> tokens;
  do {
    v1::ListAssignmentsResponse page;
    REQUIRE(f.Call(&Stub::ListAssignments, list, &page).ok());
    for (const auto& one : page.assignments()) seen.push_back(one.assignment_id());
    list.set_page_token(page.next_page_token());
    CHECK(tokens.insert(list.page_token()).second);
  } while (!list.page_token().empty());
  CHECK(seen ==
        std::vector<std::string>{"bank/3/1", "bank/3/2", "bank/3/3", "bank/3/4", "bank/3/5"});
  list = {};
  list.set_pool_id("bank");
  list.add_states(v1::ASSIGNMENT_STATE_COMPLETED);
  v1::ListAssignmentsResponse page;
  REQUIRE(f.Call(&Stub::ListAssignments, list, &page).ok());
  CHECK(page.assignments_size() == 1);
  CHECK(page.next_page_token().empty());
}

TEST_CASE("a requeue is carried out once for each request id") {
  ServiceFixture f;
  f.operations.Serve("bank");
  int64_t epoch = Epochs(f.store, "bank");
  RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");
  Record(f.store, assigned);
  v1::RequeueTicketRequest request;
  request.set_pool_id("bank");
  request.set_ticket_id("t-1");
  request.set_reason("phone broke");
  request.set_request_id("ops-1");
  f.operations.AnswerWith(OperationResult{"bank/3/1"});
  v1::RequeueTicketResponse response;
  REQUIRE(f.Call(&Stub::RequeueTicket, request, &response).ok());
  CHECK(response.ended_assignment().assignment_id() == "bank/3/1");
  std::vector<RequeueOperation> asked = f.operations.requeued();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].ticket_id == "t-1");
  CHECK(asked[0].reason == "phone broke");
  CHECK(asked[0].request.request_id == "ops-1");

  // As the pool does it: the move goes on record with its request.
  TicketMove move{.pool_id = "bank",
                  .ticket_id = "t-1",
                  .reason = "phone broke",
                  .ended_assignment_id = "bank/3/1",
                  .time = kStart + absl::Hours(1),
                  .progress_revision = 1};
  Record(f.store,
         RecordMove{
             {"bank", epoch}, move, end_reason::kRequeued, "ops-1", asked[0].request.fingerprint});
  v1::RequeueTicketResponse repeated;
  REQUIRE(f.Call(&Stub::RequeueTicket, request, &repeated).ok());
  CHECK(repeated.ended_assignment().state() == v1::ASSIGNMENT_STATE_TRANSFERRED);
  CHECK(repeated.ended_assignment().end_reason() == "requeued");
  CHECK(f.operations.requeued().size() == 1);  // not again

  request.set_reason("another");
  CHECK(ErrorReason(f.Call(&Stub::RequeueTicket, request, &response)) == "REQUEST_ID_REUSED");
  v1::TransferTicketRequest transfer;
  transfer.set_pool_id("bank");
  transfer.set_ticket_id("t-1");
  transfer.set_queue_id("loans");
  transfer.set_reason("phone broke");
  transfer.set_request_id("ops-1");
  v1::TransferTicketResponse transferred;
  CHECK(ErrorReason(f.Call(&Stub::TransferTicket, transfer, &transferred)) == "REQUEST_ID_REUSED");
  CHECK(f.operations.transferred().empty());

  transfer.clear_request_id();
  f.operations.AnswerWith(OperationResult{});
  REQUIRE(f.Call(&Stub::TransferTicket, transfer, &transferred).ok());
  CHECK_FALSE(transferred.has_ended_assignment());
  REQUIRE(f.operations.transferred().size() == 1);
  CHECK(f.operations.transferred()[0].to_queue_id == "loans");
  CHECK(f.operations.transferred()[0].request.request_id.empty());
  f.operations.AnswerWith(FailedPrecondition("TICKET_NOT_LIVE", "it has ended"));
  absl::Status refused = f.Call(&Stub::TransferTicket, transfer, &transferred);
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(refused) == "TICKET_NOT_LIVE");
}

TEST_CASE("statistics say how the pool stands and what happened") {
  ServiceFixture f;
  f.operations.Serve("bank");
  MakeOffers(f.operations, 2);
  f.operations.With("bank", [](FakePool& pool) {
    auto apply = [&](const engine::Event& event) {
      pool.engine.Apply(event, pool.now, &pool.effects);
    };
    apply(engine::OfferAccepted{.offer = {3, 1}, .agent_id = "a-1", .act = 1});
    apply(engine::TicketQueued{
        {.ticket_id = "t-9", .queue_id = "card", .create_time = kStart - absl::Seconds(60)}});
    pool.queues["empty"] = {"Empty", absl::Seconds(30)};
    pool.now = kStart + absl::Seconds(2);
    pool.statistics.Assigned("card", kStart, {absl::Seconds(7), absl::Seconds(20)});
    pool.statistics.TicketAbandoned("gone", kStart, {absl::Seconds(40), absl::Seconds(20)});
    pool.statistics.AgentUnits(kStart, 2, 1);
  });
  v1::GetStatisticsRequest request;
  request.set_pool_id("bank");
  v1::Statistics s;
  REQUIRE(f.Call(&Stub::GetStatistics, request, &s).ok());
  CHECK(s.pool_id() == "bank");
  CHECK(FromProtoTime(s.time()) == kStart + absl::Seconds(2));
  CHECK(s.window().seconds() == 300);
  REQUIRE(s.queues_size() == 3);
  const v1::QueueStatistics& card = s.queues(0);
  CHECK(card.queue_id() == "card");
  CHECK(card.waiting() == 2);  // one of them on offer
  CHECK(card.offered() == 1);
  CHECK(card.assigned() == 1);
  CHECK(card.in_wrap_up() == 0);
  CHECK(card.longest_wait().seconds() == 62);
  CHECK(card.target_wait().seconds() == 20);
  CHECK(card.flow().tickets_assigned() == 1);
  CHECK(card.flow().mean_wait().seconds() == 7);
  CHECK(card.flow().service_level() == 1);
  CHECK(s.queues(1).queue_id() == "empty");
  CHECK_FALSE(s.queues(1).has_longest_wait());
  CHECK_FALSE(s.queues(1).flow().has_mean_wait());
  CHECK(s.queues(1).flow().service_level() == -1);
  CHECK(s.queues(2).queue_id() == "gone");
  CHECK(s.queues(2).flow().tickets_abandoned() == 1);
  CHECK(s.total().queue_id().empty());
  CHECK(s.total().waiting() == 2);
  CHECK(s.total().longest_wait().seconds() == 62);
  CHECK(s.total().flow().service_level() == 0.5);
  CHECK(s.agents().registered() == 2);
  CHECK(s.agents().online() == 2);
  CHECK(s.agents().idle() == 0);
  CHECK(s.agents().busy() == 2);  // one at work, one with an offer
  CHECK(s.agents().capacity_units() == 2);
  CHECK(s.agents().busy_units() == 1);
  CHECK(s.agents().occupancy() == 0.5);
}

TEST_CASE("a watch tells again and again until somebody leaves") {
  ServiceFixture f;
  f.operations.Serve("bank");
  v1::WatchStatisticsRequest request;
  request.set_pool_id("bank");
  *request.mutable_interval() = ToProtoDuration(absl::Milliseconds(100));
  grpc::ClientContext context;
  auto stream = f.stub->WatchStatistics(&context, request);
  v1::Statistics statistics;
  for (int n = 0; n < 3; ++n) {
    REQUIRE(stream->Read(&statistics));
    CHECK(statistics.pool_id() == "bank");
  }
  CHECK(f.service.open_streams() == 1);

  SECTION("the client") {
    context.TryCancel();
    while (stream->Read(&statistics)) {
    }
    CHECK(stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
  }
  SECTION("the pool") {
    f.operations.Drop("bank");
    while (stream->Read(&statistics)) {
    }
    CHECK(ErrorReason(FromGrpc(stream->Finish())) == "POOL_NOT_SERVED");
  }
  SECTION("the service") {
    f.service.EndStreams();
    while (stream->Read(&statistics)) {
    }
    CHECK(ErrorReason(FromGrpc(stream->Finish())) == "DRAINING");
    grpc::ClientContext again;
    auto refused = f.stub->WatchStatistics(&again, request);
    CHECK_FALSE(refused->Read(&statistics));
    CHECK(ErrorReason(FromGrpc(refused->Finish())) == "DRAINING");
  }
  CHECK(Eventually([&] { return f.service.open_streams() == 0; }));
}

TEST_CASE("a watch at rest ends at once when the client leaves") {
  ServiceFixture f;
  f.operations.Serve("bank");
  v1::WatchStatisticsRequest request;
  request.set_pool_id("bank");
  *request.mutable_interval() = ToProtoDuration(absl::Minutes(1));
  grpc::ClientContext context;
  auto stream = f.stub->WatchStatistics(&context, request);
  v1::Statistics statistics;
  REQUIRE(stream->Read(&statistics));
  context.TryCancel();
  CHECK(Eventually([&] { return f.service.open_streams() == 0; }));
  CHECK(stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
}

TEST_CASE("watches are bounded") {
  ServiceFixture f;
  f.operations.Serve("bank");
  v1::WatchStatisticsRequest request;
  request.set_pool_id("bank");
  *request.mutable_interval() = ToProtoDuration(absl::Minutes(1));
  struct Client {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::Statistics>> stream;
  };
  std::vector<std::unique_ptr<Client>> clients;
  v1::Statistics statistics;
  for (size_t n = 0; n < kMaxStatisticsWatches; ++n) {
    clients.push_back(std::make_unique<Client>());
    clients.back()->stream = f.stub->WatchStatistics(&clients.back()->context, request);
    REQUIRE(clients.back()->stream->Read(&statistics));
  }
  grpc::ClientContext context;
  auto refused = f.stub->WatchStatistics(&context, request);
  CHECK_FALSE(refused->Read(&statistics));
  absl::Status status = FromGrpc(refused->Finish());
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(ErrorReason(status) == "TOO_MANY_WATCHES");
  for (auto& client : clients) client->context.TryCancel();
  CHECK(Eventually([&] { return f.service.open_streams() == 0; }));
}

TEST_CASE("without records, what needs them says so") {
  ServiceFixture f;
  f.operations.Serve("bank");
  f.store.FailWith(Unavailable("DATABASE_UNAVAILABLE", "no database"));
  v1::ListAssignmentsRequest list;
  list.set_pool_id("bank");
  v1::ListAssignmentsResponse page;
  CHECK(ErrorReason(f.Call(&Stub::ListAssignments, list, &page)) == "DATABASE_UNAVAILABLE");
  v1::GetStatisticsRequest request;
  request.set_pool_id("bank");
  v1::Statistics statistics;
  CHECK(f.Call(&Stub::GetStatistics, request, &statistics).ok());
}

}  // namespace
}  // namespace muster::matcher
