// Any matcher may be asked about any pool: it passes the call on to the one that holds it, once.
#include "services/matcher/service/members_service.h"
#include "tests/integration/matcher/records/service_fixture.h"

namespace muster::matcher {
namespace {

v1::GetStatisticsRequest About(const std::string& pool_id) {
  v1::GetStatisticsRequest request;
  request.set_pool_id(pool_id);
  return request;
}

TEST_CASE("a call about another's pool is answered by that one") {
  ServiceFixture holder, asked;
  holder.operations.Serve("bank");
  holder.operations.With("bank", [](FakePool& pool) { pool.now = kStart; });
  asked.operations.ServedAt("bank", holder.server.address());

  v1::Statistics statistics;
  REQUIRE(asked.Call(&Stub::GetStatistics, About("bank"), &statistics).ok());
  CHECK(statistics.pool_id() == "bank");
  CHECK(statistics.time().seconds() == absl::ToUnixSeconds(kStart));

  v1::RequeueTicketRequest requeue;
  requeue.set_pool_id("bank");
  requeue.set_ticket_id("t-1");
  requeue.set_reason("her phone broke");
  requeue.set_request_id("r-1");
  v1::RequeueTicketResponse requeued;
  REQUIRE(asked.Call(&Stub::RequeueTicket, requeue, &requeued).ok());
  REQUIRE(holder.operations.requeued().size() == 1);
  CHECK(holder.operations.requeued()[0].request.request_id == "r-1");
  CHECK(asked.operations.requeued().empty());

  // Errors come as the holder says them.
  v1::GetOfferRequest get;
  get.set_offer_id("bank/3/9");
  v1::Offer offer;
  CHECK(ErrorReason(asked.Call(&Stub::GetOffer, get, &offer)) == "OFFER_NOT_FOUND");
  // Records are for all to read.
  v1::ListAssignmentsRequest list;
  list.set_pool_id("bank");
  v1::ListAssignmentsResponse listed;
  CHECK(asked.Call(&Stub::ListAssignments, list, &listed).ok());
}

TEST_CASE("a watch goes on at the holder, and wherever the pool goes next") {
  ServiceFixture holder, asked;
  holder.operations.Serve("bank");
  holder.operations.With("bank", [](FakePool& pool) { pool.now = kStart; });
  asked.operations.ServedAt("bank", holder.server.address());
  grpc::ClientContext context;
  v1::WatchStatisticsRequest request;
  request.set_pool_id("bank");
  request.mutable_interval()->set_nanos(100'000'000);
  auto stream = asked.stub->WatchStatistics(&context, request);
  v1::Statistics statistics;
  REQUIRE(stream->Read(&statistics));
  CHECK(statistics.time().seconds() == absl::ToUnixSeconds(kStart));
  // It comes here.
  asked.operations.Serve("bank");
  asked.operations.With("bank", [](FakePool& pool) { pool.now = kStart + absl::Seconds(1); });
  asked.operations.ServedAt("bank", "");
  bool here = false;
  for (int i = 0; i < 50 && !here && stream->Read(&statistics); ++i) {
    here = statistics.time().seconds() == absl::ToUnixSeconds(kStart) + 1;
  }
  CHECK(here);
  context.TryCancel();
}

TEST_CASE("two that each think that the other has it do not play ball") {
  ServiceFixture one, two;
  one.operations.ServedAt("bank", two.server.address());
  two.operations.ServedAt("bank", one.server.address());
  v1::Statistics statistics;
  const absl::Status status = one.Call(&Stub::GetStatistics, About("bank"), &statistics);
  CHECK(absl::IsUnavailable(status));
  CHECK(ErrorReason(status) == "POOL_NOT_SERVED");
}

TEST_CASE("a holder that cannot be reached is named") {
  ServiceFixture asked;
  asked.operations.ServedAt("bank", "127.0.0.1:1");
  v1::Statistics statistics;
  const absl::Status status = asked.Call(&Stub::GetStatistics, About("bank"), &statistics);
  CHECK(absl::IsUnavailable(status));
  CHECK(ErrorReason(status) == "POOL_NOT_SERVED");
  CHECK(ErrorMetadataOf(status)["address"] == "127.0.0.1:1");
}

TEST_CASE("who shares the pools is told by any of them") {
  FakeOperations operations;
  operations.AreThere(
      {.matchers = {{"m-1~x", "10.0.0.1:7403", 3, true}, {"m-2~y", "10.0.0.2:7403", 2, false}},
       .pools_without_holder = 1});
  MembersService service(operations);
  Server server({});
  server.Register(&service);
  REQUIRE(server.Start().ok());
  auto stub = v1::MatcherMembers::NewStub(
      grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::ListMatchersResponse response;
  REQUIRE(stub->ListMatchers(&context, {}, &response).ok());
  REQUIRE(response.matchers_size() == 2);
  CHECK(response.matchers(0).pools() == 3);
  CHECK(response.matchers(1).address() == "10.0.0.2:7403");
  CHECK_FALSE(response.matchers(1).takes_pools());
  CHECK(response.pools_without_matcher() == 1);
  server.Drain();
}

}  // namespace
}  // namespace muster::matcher
