// What every store of the matcher's records promises: the one on PostgreSQL, and the fake.
#include <algorithm>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/matcher/storage/store.h"
#include "tests/integration/matcher/records/store_fixture.h"
#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

std::unique_ptr<Store> AnyStore() {
  StoreKind kind = GENERATE(StoreKind::kFake, StoreKind::kPostgres);
  INFO((kind == StoreKind::kFake ? "on the fake" : "on PostgreSQL"));
  return MakeStore(kind);
}

absl::StatusOr<std::vector<Offer>> Offers(Store& store, OfferQuery query) {
  return Await<std::vector<Offer>>([&](Store::Done<std::vector<Offer>> done) {
    store.ListOffers(std::move(query), absl::InfiniteFuture(), std::move(done));
  });
}

absl::StatusOr<std::vector<Assignment>> Assignments(Store& store, AssignmentQuery query) {
  return Await<std::vector<Assignment>>([&](Store::Done<std::vector<Assignment>> done) {
    store.ListAssignments(std::move(query), absl::InfiniteFuture(), std::move(done));
  });
}

std::vector<std::string> Ids(const std::vector<Assignment>& assignments) {
  std::vector<std::string> ids;
  for (const Assignment& a : assignments) ids.push_back(a.assignment_id);
  return ids;
}

std::vector<std::string> Ids(const std::vector<Offer>& offers) {
  std::vector<std::string> ids;
  for (const Offer& offer : offers) ids.push_back(offer.offer_id);
  return ids;
}

TEST_CASE("an assignment's life is recorded as it was told") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");

  absl::StatusOr<Outcome> outcome = Submit(*store, assigned);
  REQUIRE(outcome.ok());
  CHECK_FALSE(outcome->repeated);
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(outcome->agent_id == assigned.assignment.agent_id);
  CHECK(*Get(*store, "bank/1/1") == assigned.assignment);
  CHECK(Live(*store, "bank") == std::vector<Assignment>{assigned.assignment});

  StartWrapUp wrap_up = WrappingUp(assigned);
  Assignment expected = assigned.assignment;
  expected.state = AssignmentState::kWrapUp;
  expected.wrap_up_time = wrap_up.time;
  expected.wrap_up_until = wrap_up.until;
  outcome = Submit(*store, wrap_up);
  REQUIRE(outcome.ok());
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(*Get(*store, "bank/1/1") == expected);
  CHECK(Live(*store, "bank") == std::vector<Assignment>{expected});

  EndAssignment end = Completing(assigned);
  expected.state = AssignmentState::kCompleted;
  expected.end_reason = end.end_reason;
  expected.disposition = end.disposition;
  expected.note = end.note;
  expected.end_time = end.time;
  outcome = Submit(*store, end);
  REQUIRE(outcome.ok());
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(outcome->agent_id == assigned.assignment.agent_id);
  CHECK(*Get(*store, "bank/1/1") == expected);
  CHECK(Live(*store, "bank").empty());
}

TEST_CASE("a ticket has at most one live assignment") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment first = Assigning("bank", epoch, 1, "t-1", "ann");
  RecordAssignment second = Assigning("bank", epoch, 2, "t-1", "bob");
  REQUIRE(Submit(*store, first).ok());
  CHECK(ErrorReason(Submit(*store, second).status()) == "TICKET_ALREADY_ASSIGNED");
  // In wrap-up it is still the first agent's.
  REQUIRE(Submit(*store, WrappingUp(first)).ok());
  CHECK(ErrorReason(Submit(*store, second).status()) == "TICKET_ALREADY_ASSIGNED");
  CHECK(Get(*store, "bank/1/2").status().code() == absl::StatusCode::kNotFound);
  // Nor in one batch.
  auto outcomes = SubmitAll(
      *store, {Assigning("bank", epoch, 3, "t-2", "cid"), Assigning("bank", epoch, 4, "t-2", "dee"),
               Assigning("bank", epoch, 5, "t-3", "eve")});
  CHECK(outcomes[0].ok());
  CHECK(ErrorReason(outcomes[1].status()) == "TICKET_ALREADY_ASSIGNED");
  CHECK(outcomes[2].ok());
  // Once it has ended, another may have it.
  REQUIRE(Submit(*store, Completing(first)).ok());
  CHECK(Submit(*store, second).ok());
}

TEST_CASE("an agent is never given more than its capacity") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  auto outcomes = SubmitAll(
      *store, {Assigning("bank", epoch, 1, "t-1"), Assigning("bank", epoch, 2, "t-2"),
               Assigning("bank", epoch, 3, "t-3"), Assigning("bank", epoch, 4, "t-4", "bob")});
  CHECK(outcomes[0].ok());
  CHECK(outcomes[1].ok());
  CHECK(outcomes[2].status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(outcomes[2].status()) == "CAPACITY_EXCEEDED");
  CHECK(ErrorMetadataOf(outcomes[2].status())["agent_id"] == "ann");
  CHECK(outcomes[3].ok());  // its neighbours do not suffer

  SECTION("what ends makes room, also in the same batch") {
    outcomes = SubmitAll(*store, {Completing(Assigning("bank", epoch, 1, "t-1")),
                                  Assigning("bank", epoch, 5, "t-5")});
    CHECK(outcomes[0].ok());
    CHECK(outcomes[1].ok());
    CHECK(ErrorReason(Submit(*store, Assigning("bank", epoch, 6, "t-6")).status()) ==
          "CAPACITY_EXCEEDED");
  }
  SECTION("a weight counts as its units") {
    REQUIRE(Submit(*store, Completing(Assigning("bank", epoch, 1, "t-1"))).ok());
    RecordAssignment heavy = Assigning("bank", epoch, 5, "t-5");
    heavy.assignment.weight = 2;
    CHECK(ErrorReason(Submit(*store, heavy).status()) == "CAPACITY_EXCEEDED");
    heavy.capacity = 3;
    CHECK(Submit(*store, heavy).ok());
  }
  SECTION("a lowered capacity leaves work in hand alone, and refuses more") {
    REQUIRE(Submit(*store, WrappingUp(Assigning("bank", epoch, 1, "t-1"))).ok());
    REQUIRE(Submit(*store, Completing(Assigning("bank", epoch, 1, "t-1"))).ok());
    RecordAssignment more = Assigning("bank", epoch, 5, "t-5");
    more.capacity = 1;
    CHECK(ErrorReason(Submit(*store, more).status()) == "CAPACITY_EXCEEDED");
    CHECK(Submit(*store, Completing(Assigning("bank", epoch, 2, "t-2"))).ok());
    CHECK(Submit(*store, more).ok());
  }
}

TEST_CASE("whoever has lost a pool can write nothing") {
  auto store = AnyStore();
  int64_t old_epoch = Take(*store, "bank");
  int64_t other = Take(*store, "shop");
  RecordAssignment assigned = Assigning("bank", old_epoch, 1, "t-1");
  REQUIRE(Submit(*store, assigned).ok());
  int64_t epoch = Take(*store, "bank");
  CHECK(epoch > old_epoch);

  TicketMove move{.pool_id = "bank", .ticket_id = "t-9", .reason = "r", .time = kStart};
  auto outcomes = SubmitAll(
      *store, {Assigning("bank", old_epoch, 2, "t-2"), WrappingUp(assigned), Completing(assigned),
               OfferEnding("bank", old_epoch, 3, "t-3", OfferState::kDeclined),
               RecordMove{{"bank", old_epoch}, move, end_reason::kRequeued, "r-1", 1},
               Assigning("shop", other, 1, "t-1"), Assigning("none", 1, 1, "t-1")});
  for (size_t i : {0, 1, 2, 3, 4, 6}) {
    INFO(i << ": " << outcomes[i].status());
    CHECK(outcomes[i].status().code() == absl::StatusCode::kAborted);
    CHECK(ErrorReason(outcomes[i].status()) == "EPOCH_LOST");
  }
  CHECK(outcomes[5].ok());
  CHECK(Live(*store, "bank") == std::vector<Assignment>{assigned.assignment});

  // The new holder ends what the former one began.
  EndAssignment end = Completing(assigned);
  end.hold.epoch = epoch;
  CHECK(Submit(*store, end).ok());
}

TEST_CASE("what is done twice is done once, with the same outcome") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment one = Assigning("bank", epoch, 1, "t-1");
  RecordAssignment two = Assigning("bank", epoch, 2, "t-2");
  RecordAssignment again = Assigning("bank", epoch, 3, "t-1", "bob");
  EndAssignment requeued = Completing(one, "");
  requeued.state = AssignmentState::kTransferred;
  requeued.end_reason = end_reason::kRequeued;
  // As a commit in doubt has it: the whole batch is run again.
  std::vector<Mutation> batch = {one,
                                 two,
                                 WrappingUp(two),
                                 requeued,
                                 again,
                                 Completing(two),
                                 OfferEnding("bank", epoch, 4, "t-4", OfferState::kExpired)};
  auto first = SubmitAll(*store, batch);
  auto second = SubmitAll(*store, batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    INFO(i << ": " << first[i].status() << ", " << second[i].status());
    REQUIRE(first[i].ok());
    REQUIRE(second[i].ok());
    CHECK_FALSE(first[i]->repeated);
  }
  CHECK(second[0]->repeated);
  CHECK(second[5]->repeated);
  CHECK(second[5]->assignment_id == first[5]->assignment_id);
  CHECK(second[5]->agent_id == first[5]->agent_id);
  CHECK(Ids(Live(*store, "bank")) == std::vector<std::string>{"bank/1/3"});
  // Units were counted once: ann has both of hers free.
  CHECK(Submit(*store, Assigning("bank", epoch, 5, "t-5")).ok());
  CHECK(Submit(*store, Assigning("bank", epoch, 6, "t-6")).ok());
  CHECK(ErrorReason(Submit(*store, Assigning("bank", epoch, 7, "t-7")).status()) ==
        "CAPACITY_EXCEEDED");
}

TEST_CASE("an id is one assignment's for ever") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  REQUIRE(Submit(*store, Assigning("bank", epoch, 1, "t-1")).ok());
  auto other = Submit(*store, Assigning("bank", epoch, 1, "t-2"));
  CHECK(other.status().code() == absl::StatusCode::kAlreadyExists);
  REQUIRE(Submit(*store, Completing(Assigning("bank", epoch, 1, "t-1"))).ok());
  other = Submit(*store, Assigning("bank", epoch, 1, "t-2"));
  CHECK(other.status().code() == absl::StatusCode::kAlreadyExists);
  auto outcomes = SubmitAll(
      *store, {Assigning("bank", epoch, 2, "t-3"), Assigning("bank", epoch, 2, "t-4", "bob")});
  CHECK(outcomes[0].ok());
  CHECK(outcomes[1].status().code() == absl::StatusCode::kAlreadyExists);
}

TEST_CASE("a complete is told from its repetition and from another") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");
  REQUIRE(Submit(*store, assigned).ok());
  EndAssignment end = Completing(assigned, "r-1");
  REQUIRE(Submit(*store, end).ok());

  EndAssignment repeated = end;
  repeated.time += absl::Seconds(5);
  absl::StatusOr<Outcome> outcome = Submit(*store, repeated);
  REQUIRE(outcome.ok());
  CHECK(outcome->repeated);
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(Get(*store, "bank/1/1")->end_time == end.time);
  repeated.request_id = "r-2";
  CHECK(Submit(*store, repeated).ok());

  EndAssignment other = end;
  other.disposition = "unsolved";
  CHECK(ErrorReason(Submit(*store, other).status()) == "REQUEST_ID_REUSED");
  other.request_id = "r-2";
  CHECK(ErrorReason(Submit(*store, other).status()) == "ALREADY_COMPLETED");
  CHECK(ErrorReason(Submit(*store, WrappingUp(assigned)).status()) == "ALREADY_COMPLETED");
  other.assignment_id = "bank/1/77";
  CHECK(ErrorReason(Submit(*store, other).status()) == "ASSIGNMENT_NOT_FOUND");
  other = end;
  other.ticket_id = "t-77";
  CHECK(ErrorReason(Submit(*store, other).status()) == "ASSIGNMENT_NOT_FOUND");
}

TEST_CASE("an agent cannot complete what was taken from it") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");
  REQUIRE(Submit(*store, assigned).ok());
  TicketMove move{.pool_id = "bank",
                  .ticket_id = "t-1",
                  .reason = "phone broke",
                  .ended_assignment_id = "bank/1/1",
                  .time = kStart + absl::Hours(1),
                  .progress_revision = 7};
  absl::StatusOr<Outcome> outcome =
      Submit(*store, RecordMove{{"bank", epoch}, move, end_reason::kRequeued, "ops-1", 11});
  REQUIRE(outcome.ok());
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(outcome->agent_id == assigned.assignment.agent_id);
  const Assignment ended = *Get(*store, "bank/1/1");
  CHECK(ended.state == AssignmentState::kTransferred);
  CHECK(ended.end_reason == end_reason::kRequeued);
  CHECK(ended.note == "phone broke");
  CHECK(ended.end_time == move.time);
  CHECK(ErrorReason(Submit(*store, Completing(assigned)).status()) == "ASSIGNMENT_ENDED");
}

TEST_CASE("a customer who had left before is put on record of what was completed") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");
  REQUIRE(Submit(*store, assigned).ok());
  RecordCustomerLeft left{assigned.hold, "bank/1/1", "t-1"};
  CHECK(Submit(*store, left)->assignment_id.empty());  // it is not completed yet
  EndAssignment end = Completing(assigned, "r-1");
  REQUIRE(Submit(*store, end).ok());
  Assignment expected = *Get(*store, "bank/1/1");
  expected.end_reason = end_reason::kCustomerLeft;
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<Outcome> outcome = Submit(*store, left);
    REQUIRE(outcome.ok());
    CHECK(outcome->assignment_id == "bank/1/1");
    CHECK(outcome->agent_id == expected.agent_id);
  }
  CHECK(*Get(*store, "bank/1/1") == expected);
  // To the agent it is still the complete that it was.
  CHECK(Submit(*store, end)->repeated);
  left.ticket_id = "t-2";
  CHECK(Submit(*store, left)->assignment_id.empty());
  left.hold.epoch = epoch + 1;
  CHECK(ErrorReason(Submit(*store, left).status()) == "EPOCH_LOST");
}

TEST_CASE("moves are kept, and their requests answered once") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  REQUIRE(Submit(*store, Assigning("bank", epoch, 1, "t-1")).ok());
  TicketMove move{.pool_id = "bank",
                  .ticket_id = "t-1",
                  .queue_id = "loans",
                  .preferred_agent_id = "bob",
                  .reason = "wrong queue",
                  .ended_assignment_id = "bank/1/1",
                  .time = kStart + absl::Hours(1),
                  .progress_revision = 7};
  RecordMove first{{"bank", epoch}, move, end_reason::kTransferred, "ops-1", 11};
  auto outcomes = SubmitAll(*store, {first, first});
  REQUIRE(outcomes[0].ok());
  REQUIRE(outcomes[1].ok());
  CHECK_FALSE(outcomes[0]->repeated);
  CHECK(outcomes[1]->repeated);
  for (const auto& outcome : outcomes) {
    CHECK(outcome->assignment_id == "bank/1/1");
    CHECK(outcome->agent_id == Get(*store, "bank/1/1")->agent_id);
  }
  RecordMove later = first;  // the same request, as it would be carried out now
  later.move.ended_assignment_id = "";
  later.move.progress_revision = 8;
  absl::StatusOr<Outcome> outcome = Submit(*store, later);
  REQUIRE(outcome.ok());
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(outcome->agent_id == outcomes[0]->agent_id);
  later.fingerprint = 12;
  CHECK(ErrorReason(Submit(*store, later).status()) == "REQUEST_ID_REUSED");

  later.request_id = "ops-2";
  CHECK(Submit(*store, later).ok());
  later.request_id = "ops-3";
  later.move.ended_assignment_id = "bank/1/9";
  CHECK(ErrorReason(Submit(*store, later).status()) == "TICKET_NOT_LIVE");

  auto moves = Await<std::vector<TicketMove>>([&](Store::Done<std::vector<TicketMove>> done) {
    store->FindMoves("bank", {"t-1", "t-2"}, absl::InfiniteFuture(), std::move(done));
  });
  REQUIRE(moves.ok());
  move.progress_revision = 8;
  move.ended_assignment_id = "";
  CHECK(*moves == std::vector<TicketMove>{move});

  auto request = [&](const std::string& id) {
    return *Await<std::optional<AnsweredRequest>>(
        [&](Store::Done<std::optional<AnsweredRequest>> done) {
          store->FindRequest(id, absl::InfiniteFuture(), std::move(done));
        });
  };
  REQUIRE(request("ops-1").has_value());
  CHECK(request("ops-1")->fingerprint == 11);
  CHECK(request("ops-1")->ended_assignment_id == "bank/1/1");
  CHECK(request("ops-2")->ended_assignment_id.empty());
  CHECK_FALSE(request("ops-3").has_value());  // it failed: it may be tried again
}

TEST_CASE("offers are listed newest first, accepted ones among them") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordOfferEnded declined = OfferEnding("bank", epoch, 1, "t-1", OfferState::kDeclined);
  RecordAssignment accepted = Assigning("bank", epoch, 2, "t-1", "bob");
  RecordOfferEnded revoked = OfferEnding("bank", epoch, 3, "t-2", OfferState::kRevoked);
  RecordAssignment live = Assigning("bank", epoch, 11, "t-3");
  for (const auto& outcome :
       SubmitAll(*store, {declined, accepted, revoked, live, Completing(accepted)})) {
    REQUIRE(outcome.ok());
  }
  using V = std::vector<std::string>;
  CHECK(Ids(*Offers(*store, {.pool_id = "bank"})) ==
        V{"bank/1/11", "bank/1/3", "bank/1/2", "bank/1/1"});
  CHECK(Ids(*Offers(*store, {.pool_id = "shop"})).empty());
  CHECK(Ids(*Offers(*store, {.pool_id = "bank", .states = {OfferState::kAccepted}})) ==
        V{"bank/1/11", "bank/1/2"});
  CHECK(Ids(*Offers(*store, {.pool_id = "bank", .agent_id = "bob"})) == V{"bank/1/2"});
  CHECK(Ids(*Offers(*store, {.pool_id = "bank", .ticket_id = "t-1"})) == V{"bank/1/2", "bank/1/1"});
  CHECK(Ids(*Offers(*store,
                    {.pool_id = "bank", .before_sequence = (int64_t{1} << 40) + 3, .limit = 1})) ==
        V{"bank/1/2"});

  auto offer = [&](const std::string& id) {
    return Await<Offer>([&](Store::Done<Offer> done) {
      store->GetOffer(id, absl::InfiniteFuture(), std::move(done));
    });
  };
  CHECK(*offer("bank/1/1") == declined.offer);
  REQUIRE(offer("bank/1/2").ok());
  CHECK(offer("bank/1/2")->state == OfferState::kAccepted);
  CHECK(offer("bank/1/2")->create_time == accepted.assignment.offer_time);
  CHECK(offer("bank/1/2")->end_time == accepted.assignment.accept_time);
  CHECK(offer("bank/1/2")->receive_time == accepted.assignment.offer_receive_time);
  for (const char* unknown : {"bank/1/9", "shop/1/1", "nonsense", "", "bank/0/1", "bank/1/1/1"}) {
    CHECK(ErrorReason(offer(unknown).status()) == "OFFER_NOT_FOUND");
  }
}

TEST_CASE("assignments are listed by order of making, filtered and by pages") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  std::vector<Mutation> mutations;
  for (int n = 1; n <= 12; ++n) {
    RecordAssignment assigned =
        Assigning("bank", epoch, n, absl::StrCat("t-", n), n % 3 == 0 ? "bob" : "ann");
    assigned.capacity = 100;
    assigned.assignment.queue_id = n % 2 == 0 ? "card" : "loans";
    mutations.push_back(assigned);
    if (n % 4 == 0) mutations.push_back(Completing(assigned));
  }
  for (const auto& outcome : SubmitAll(*store, mutations)) REQUIRE(outcome.ok());

  auto numbers = [&](AssignmentQuery query) {
    query.pool_id = "bank";
    std::vector<int> found;
    auto page = Assignments(*store, query);
    REQUIRE(page.ok());
    for (const Assignment& a : *page) {
      found.push_back(std::stoi(a.assignment_id.substr(std::string("bank/1/").size())));
    }
    return found;
  };
  using N = std::vector<int>;
  CHECK(numbers({.limit = 3}) == N{12, 11, 10});
  CHECK(numbers({.after_sequence = (int64_t{1} << 40) + 10, .limit = 3}) == N{9, 8, 7});
  CHECK(numbers({.oldest_first = true, .limit = 3}) == N{1, 2, 3});
  CHECK(numbers({.oldest_first = true, .after_sequence = (int64_t{1} << 40) + 10}) == N{11, 12});
  CHECK(numbers({.states = {AssignmentState::kCompleted}}) == N{12, 8, 4});
  CHECK(numbers({.states = {AssignmentState::kActive}, .agent_id = "bob"}) == N{9, 6, 3});
  CHECK(numbers({.queue_id = "card", .oldest_first = true}) == N{2, 4, 6, 8, 10, 12});
  CHECK(numbers({.ticket_id = "t-8"}) == N{8});

  auto latest = Await<std::vector<Assignment>>([&](Store::Done<std::vector<Assignment>> done) {
    store->FindLatestAssignments("bank", {"t-4", "t-5", "t-99"}, absl::InfiniteFuture(),
                                 std::move(done));
  });
  REQUIRE(latest.ok());
  std::vector<std::string> ids = Ids(*latest);
  std::sort(ids.begin(), ids.end());
  CHECK(ids == std::vector<std::string>{"bank/1/4", "bank/1/5"});
}

TEST_CASE("history has what ended since, and what is live") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  std::vector<Mutation> mutations;
  for (int n = 1; n <= 6; ++n) {
    RecordAssignment assigned = Assigning("bank", epoch, n, absl::StrCat("t-", n));
    assigned.capacity = 10;
    mutations.push_back(assigned);
    if (n != 3) mutations.push_back(Completing(assigned));
    mutations.push_back(
        OfferEnding("bank", epoch, n + 10, absl::StrCat("t-", n), OfferState::kExpired));
  }
  for (const auto& outcome : SubmitAll(*store, mutations)) REQUIRE(outcome.ok());
  auto history = Await<History>([&](Store::Done<History> done) {
    store->LoadHistory("bank", kStart + absl::Minutes(5), absl::InfiniteFuture(), std::move(done));
  });
  REQUIRE(history.ok());
  CHECK(Ids(history->assignments) == std::vector<std::string>{"bank/1/5", "bank/1/6", "bank/1/3"});
  // Offer number n + 10 ended at that minute, all since the fifth.
  CHECK(Ids(history->offers) == std::vector<std::string>{"bank/1/11", "bank/1/12", "bank/1/13",
                                                         "bank/1/14", "bank/1/15", "bank/1/16"});
}

TEST_CASE("mutations that are none are refused, and spoil nothing") {
  auto store = AnyStore();
  int64_t epoch = Take(*store, "bank");
  RecordAssignment foreign = Assigning("bank", epoch, 1, "t-1");
  foreign.assignment.assignment_id = "shop/1/1";
  RecordAssignment ended = Assigning("bank", epoch, 1, "t-1");
  ended.assignment.state = AssignmentState::kCompleted;
  EndAssignment lives = Completing(Assigning("bank", epoch, 1, "t-1"));
  lives.state = AssignmentState::kActive;
  RecordOfferEnded pending = OfferEnding("bank", epoch, 1, "t-1", OfferState::kPending);
  auto outcomes =
      SubmitAll(*store, {foreign, ended, lives, pending, Assigning("bank", epoch, 2, "t-2")});
  for (size_t i = 0; i < 4; ++i) {
    CHECK(outcomes[i].status().code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(outcomes[4].ok());
}

// Random lifecycles in random batches: both stores must come to the same end. Capacity is ample,
// since PostgreSQL may let an end make room for an assignment that stands before it in its batch.
TEST_CASE("PostgreSQL and the fake agree on any history") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  auto fake = MakeStore(StoreKind::kFake);
  auto postgres = MakeStore(StoreKind::kPostgres);
  int64_t epoch = Take(*fake, "bank");
  REQUIRE(Take(*postgres, "bank") == epoch);
  for (int round = 0; round < 25; ++round) {
    std::vector<Mutation> batch;
    for (int n = below(40); n >= 0; --n) {
      int number = 1 + below(60);
      RecordAssignment assigned = Assigning("bank", epoch, number, absl::StrCat("t-", number % 17),
                                            absl::StrCat("agent-", number % 5));
      assigned.capacity = 100;
      switch (below(4)) {
        case 0:
          batch.push_back(WrappingUp(assigned));
          break;
        case 1:
          batch.push_back(Completing(assigned, absl::StrCat("r-", below(3))));
          break;
        default:
          batch.push_back(assigned);
      }
    }
    auto expected = SubmitAll(*fake, batch);
    auto actual = SubmitAll(*postgres, batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      INFO("round " << round << ", mutation " << i << ": " << actual[i].status());
      REQUIRE(actual[i].status() == expected[i].status());
      if (actual[i].ok()) REQUIRE(actual[i]->repeated == expected[i]->repeated);
    }
    REQUIRE(Live(*postgres, "bank") == Live(*fake, "bank"));
  }
}

}  // namespace
}  // namespace muster::matcher
