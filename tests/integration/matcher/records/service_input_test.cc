// MatcherService over gRPC: what it refuses, and which field it blames.
#include <grpcpp/generic/generic_stub.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "tests/integration/matcher/records/service_fixture.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

// Of every request that a case spoils in one field; `field` is the one to be blamed.
template <class Request>
struct Case {
  const char* field;
  std::function<void(Request&)> spoil;
};

template <class Request, class Response>
void CheckRefused(ServiceFixture& f,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& good, const std::vector<Case<Request>>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    Request request = good;
    cases[i].spoil(request);
    Response response;
    absl::Status status = f.Call(method, request, &response);
    INFO("case " << i << ": " << request.ShortDebugString().substr(0, 200) << ": " << status);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(ErrorField(status) == cases[i].field);
    CHECK(ErrorReason(status) == "INVALID_FIELD");
  }
}

const std::string kLongId(65, 'x');

TEST_CASE("ids of work must be ids of work") {
  ServiceFixture f;
  using Get = v1::GetOfferRequest;
  CheckRefused<Get, v1::Offer>(
      f, &Stub::GetOffer, {},
      {{"offer_id", [](Get&) {}},
       {"offer_id", [](Get& r) { r.set_offer_id("bank"); }},
       {"offer_id", [](Get& r) { r.set_offer_id("bank/3/x"); }},
       {"offer_id", [](Get& r) { r.set_offer_id(std::string(100'000, '/')); }}});
  using GetAssignment = v1::GetAssignmentRequest;
  CheckRefused<GetAssignment, v1::Assignment>(
      f, &Stub::GetAssignment, {},
      {{"assignment_id", [](GetAssignment&) {}},
       {"assignment_id", [](GetAssignment& r) { r.set_assignment_id("bank/3/17/1"); }},
       {"assignment_id", [](GetAssignment& r) { r.set_assignment_id("BANK/3/17"); }}});
}

TEST_CASE("lists want good filters and their own tokens") {
  ServiceFixture f;
  f.operations.Serve("bank");
  using List = v1::ListOffersRequest;
  List good;
  good.set_pool_id("bank");
  v1::ListOffersResponse response;
  REQUIRE(f.Call(&Stub::ListOffers, good, &response).ok());
  CheckRefused<List, v1::ListOffersResponse>(
      f, &Stub::ListOffers, good,
      {{"pool_id", [](List& r) { r.clear_pool_id(); }},
       {"pool_id", [](List& r) { r.set_pool_id("no such thing"); }},
       {"pool_id", [](List& r) { r.set_pool_id(kLongId); }},
       {"agent_id", [](List& r) { r.set_agent_id("Ann"); }},
       {"ticket_id", [](List& r) { r.set_ticket_id("t 1"); }},
       {"states[1]",
        [](List& r) {
          r.add_states(v1::OFFER_STATE_PENDING);
          r.add_states(static_cast<v1::OfferState>(99));
        }},
       {"states[0]", [](List& r) { r.add_states(v1::OFFER_STATE_UNSPECIFIED); }},
       {"states",
        [](List& r) {
          for (int n = 0; n <= kMaxStates; ++n) r.add_states(v1::OFFER_STATE_PENDING);
        }},
       {"page_size", [](List& r) { r.set_page_size(-1); }},
       {"page_token", [](List& r) { r.set_page_token("nonsense"); }},
       {"page_token", [](List& r) { r.set_page_token(std::string(10'000, 'A')); }}});
  good.set_pool_id("shop");
  CHECK(ErrorReason(f.Call(&Stub::ListOffers, good, &response)) == "POOL_NOT_SERVED");
}

TEST_CASE("assignment lists want good filters and their own tokens") {
  ServiceFixture f;
  f.operations.Serve("bank");
  int64_t epoch = Take(f.store, "bank");
  for (int n = 1; n <= 2; ++n) {
    REQUIRE(Submit(f.store, Assigning("bank", epoch, n, absl::StrCat("t-", n))).ok());
  }
  using List = v1::ListAssignmentsRequest;
  List good;
  good.set_pool_id("bank");
  good.set_page_size(1);
  v1::ListAssignmentsResponse response;
  REQUIRE(f.Call(&Stub::ListAssignments, good, &response).ok());
  std::string token = response.next_page_token();
  REQUIRE_FALSE(token.empty());
  CheckRefused<List, v1::ListAssignmentsResponse>(
      f, &Stub::ListAssignments, good,
      {{"pool_id", [](List& r) { r.clear_pool_id(); }},
       {"agent_id", [](List& r) { r.set_agent_id(kLongId); }},
       {"ticket_id", [](List& r) { r.set_ticket_id("/"); }},
       {"queue_id", [](List& r) { r.set_queue_id("-card"); }},
       {"states[0]", [](List& r) { r.add_states(static_cast<v1::AssignmentState>(-1)); }},
       {"page_size", [](List& r) { r.set_page_size(-7); }},
       {"page_token", [](List& r) { r.set_page_token("AAAA"); }},
       // Good, but of another list.
       {"page_token",
        [&](List& r) {
          r.set_page_token(token);
          r.set_oldest_first(true);
        }},
       {"page_token", [&](List& r) {
          r.set_page_token(token);
          r.set_agent_id("ann");
        }}});
  good.set_page_token(token);
  CHECK(f.Call(&Stub::ListAssignments, good, &response).ok());
  good.clear_page_token();
  good.set_pool_id("shop");
  CHECK(ErrorReason(f.Call(&Stub::ListAssignments, good, &response)) == "POOL_NOT_SERVED");
}

template <class Request>
Request GoodOperation() {
  Request request;
  request.set_pool_id("bank");
  request.set_ticket_id("t-1");
  request.set_reason("why not");
  return request;
}

template <class Request>
std::vector<Case<Request>> OperationCases() {
  return {{"pool_id", [](Request& r) { r.clear_pool_id(); }},
          {"pool_id", [](Request& r) { r.set_pool_id("Bank"); }},
          {"ticket_id", [](Request& r) { r.clear_ticket_id(); }},
          {"ticket_id", [](Request& r) { r.set_ticket_id(kLongId); }},
          {"reason", [](Request& r) { r.clear_reason(); }},
          {"reason", [](Request& r) { r.set_reason(std::string(kMaxReasonBytes + 1, 'x')); }},
          {"reason", [](Request& r) { r.set_reason(std::string("a\0b", 3)); }},
          {"request_id", [](Request& r) { r.set_request_id(std::string(129, 'x')); }},
          {"request_id", [](Request& r) { r.set_request_id("tab\t"); }}};
}

TEST_CASE("operations want a ticket, a reason and a target") {
  ServiceFixture f;
  f.operations.Serve("bank");
  using Requeue = v1::RequeueTicketRequest;
  auto requeue = GoodOperation<Requeue>();
  v1::RequeueTicketResponse response;
  REQUIRE(f.Call(&Stub::RequeueTicket, requeue, &response).ok());
  CheckRefused<Requeue, v1::RequeueTicketResponse>(f, &Stub::RequeueTicket, requeue,
                                                   OperationCases<Requeue>());
  using Transfer = v1::TransferTicketRequest;
  auto transfer = GoodOperation<Transfer>();
  transfer.set_queue_id("loans");
  v1::TransferTicketResponse transferred;
  REQUIRE(f.Call(&Stub::TransferTicket, transfer, &transferred).ok());
  auto cases = OperationCases<Transfer>();
  cases.push_back({"queue_id", [](Transfer& r) { r.clear_queue_id(); }});
  cases.push_back({"queue_id", [](Transfer& r) { r.set_queue_id("?"); }});
  cases.push_back({"agent_id", [](Transfer& r) { r.set_agent_id(kLongId); }});
  CheckRefused<Transfer, v1::TransferTicketResponse>(f, &Stub::TransferTicket, transfer, cases);
  CHECK(f.operations.requeued().size() == 1);  // only the good ones arrived
  CHECK(f.operations.transferred().size() == 1);
  requeue.set_pool_id("shop");
  CHECK(ErrorReason(f.Call(&Stub::RequeueTicket, requeue, &response)) == "POOL_NOT_SERVED");
}

TEST_CASE("statistics want a window that is kept") {
  ServiceFixture f;
  f.operations.Serve("bank");
  using Get = v1::GetStatisticsRequest;
  Get good;
  good.set_pool_id("bank");
  *good.mutable_window() = ToProtoDuration(absl::Hours(24));
  v1::Statistics statistics;
  REQUIRE(f.Call(&Stub::GetStatistics, good, &statistics).ok());
  auto window = [](int64_t seconds, int32_t nanos) {
    return [=](Get& r) {
      r.mutable_window()->set_seconds(seconds);
      r.mutable_window()->set_nanos(nanos);
    };
  };
  CheckRefused<Get, v1::Statistics>(f, &Stub::GetStatistics, good,
                                    {{"pool_id", [](Get& r) { r.clear_pool_id(); }},
                                     {"window", window(0, 0)},
                                     {"window", window(0, 999'999'999)},
                                     {"window", window(-5, 0)},
                                     {"window", window(86'400, 1)},
                                     {"window", window(60, 2'000'000'000)},
                                     {"window", window(INT64_MAX, 0)},
                                     {"window", window(INT64_MIN, INT32_MIN)}});
  good.set_pool_id("shop");
  CHECK(ErrorReason(f.Call(&Stub::GetStatistics, good, &statistics)) == "POOL_NOT_SERVED");

  auto watch = [&](const std::function<void(v1::WatchStatisticsRequest&)>& change) {
    v1::WatchStatisticsRequest request;
    request.set_pool_id("bank");
    change(request);
    grpc::ClientContext context;
    auto stream = f.stub->WatchStatistics(&context, request);
    CHECK_FALSE(stream->Read(&statistics));
    return FromGrpc(stream->Finish());
  };
  using Watch = v1::WatchStatisticsRequest;
  CHECK(ErrorField(watch([](Watch& r) { r.clear_pool_id(); })) == "pool_id");
  CHECK(ErrorField(watch([](Watch& r) { r.mutable_window(); })) == "window");
  CHECK(ErrorField(watch([](Watch& r) { r.mutable_interval(); })) == "interval");
  CHECK(ErrorField(watch([](Watch& r) { r.mutable_interval()->set_nanos(99'999'999); })) ==
        "interval");
  CHECK(ErrorField(watch([](Watch& r) { r.mutable_interval()->set_seconds(61); })) == "interval");
  CHECK(ErrorReason(watch([](Watch& r) { r.set_pool_id("shop"); })) == "POOL_NOT_SERVED");
}

// Bytes that are no message, to any method; the service must live on.
absl::Status CallRaw(ServiceFixture& f, const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(f.channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kAnswerLimit));
  grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1), response;
  auto call = stub.PrepareUnaryCall(&context, "/muster.matcher.v1.MatcherService/" + method,
                                    request, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return FromGrpc(status);
}

TEST_CASE("what is no message is refused, by every method") {
  ServiceFixture f;
  f.operations.Serve("bank");
  for (const char* method :
       {"GetOffer", "ListOffers", "GetAssignment", "ListAssignments", "RequeueTicket",
        "TransferTicket", "GetStatistics", "WatchStatistics", "RecordRun"}) {
    INFO(method);
    CHECK_FALSE(CallRaw(f, method, "\xff\xff\xff\xff").ok());
    CHECK_FALSE(CallRaw(f, method, std::string("\x0a\x02\xc3\x28", 4)).ok());  // no UTF-8
    CHECK(CallRaw(f, method, std::string(5 << 20, 'x')).code() ==
          absl::StatusCode::kResourceExhausted);
  }
  CHECK(CallRaw(f, "NoSuchMethod", "").code() == absl::StatusCode::kUnimplemented);
  v1::GetStatisticsRequest request;
  request.set_pool_id("bank");
  v1::Statistics statistics;
  CHECK(f.Call(&Stub::GetStatistics, request, &statistics).ok());
}

}  // namespace
}  // namespace muster::matcher
