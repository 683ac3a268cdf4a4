// The log of decisions: what every store keeps, and how PostgreSQL keeps it within bounds.
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/matcher/domain/work_id.h"
#include "services/matcher/storage/decision_purge.h"
#include "services/matcher/storage/postgres_store.h"
#include "tests/integration/matcher/records/store_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster::matcher {
namespace {

DecisionRecord Made(int number, const std::string& ticket_id, const std::string& agent_id) {
  return {.offer_id = IdOf("bank", 1, number),
          .ticket_id = ticket_id,
          .agent_id = agent_id,
          .time = kStart + absl::Minutes(number),
          .body = std::string("\0\x01 body ", 7) + absl::StrCat(number)};
}

std::vector<RecordedDecision> List(Store& store, DecisionQuery query) {
  query.pool_id = query.pool_id.empty() ? "bank" : query.pool_id;
  auto found =
      Await<std::vector<RecordedDecision>>([&](Store::Done<std::vector<RecordedDecision>> done) {
        store.ListDecisions(query, absl::InfiniteFuture(), std::move(done));
      });
  INFO(found.status());
  REQUIRE(found.ok());
  return *found;
}

std::vector<std::string> Ids(const std::vector<RecordedDecision>& decisions) {
  std::vector<std::string> ids;
  for (const RecordedDecision& d : decisions) ids.push_back(d.decision.offer_id);
  return ids;
}

using Strings = std::vector<std::string>;

TEST_CASE("decisions are kept with the commits that they ride along with") {
  auto store = MakeStore(GENERATE(StoreKind::kFake, StoreKind::kPostgres));
  int64_t epoch = Take(*store, "bank");
  RecordOfferEnded declined = OfferEnding("bank", epoch, 1, "t-1", OfferState::kDeclined);
  declined.decisions = {Made(1, "t-1", "ann"), Made(2, "t-1", "bob")};
  REQUIRE(Submit(*store, declined).ok());
  RecordAssignment assigned = Assigning("bank", epoch, 2, "t-1", "bob");
  assigned.decisions = {Made(3, "t-2", "ann")};
  REQUIRE(Submit(*store, assigned).ok());
  REQUIRE(Submit(*store, RecordDecisions{{"bank", epoch}, {Made(4, "t-3", "ann")}}).ok());

  std::vector<RecordedDecision> found = List(*store, {.ticket_id = "t-1"});
  CHECK(Ids(found) == Strings{"bank/1/2", "bank/1/1"});
  CHECK(found[0].decision == Made(2, "t-1", "bob"));
  CHECK(found[0].outcome == OfferState::kAccepted);
  CHECK(found[0].outcome_time == assigned.assignment.accept_time);
  CHECK(found[1].outcome == OfferState::kDeclined);
  CHECK(found[1].outcome_reason == declined.offer.reason);
  found = List(*store, {.agent_id = "ann"});
  CHECK(Ids(found) == Strings{"bank/1/4", "bank/1/3", "bank/1/1"});
  CHECK_FALSE(found[0].outcome.has_value());
  CHECK(List(*store, {.agent_id = "nobody"}).empty());
  CHECK(List(*store, {.pool_id = "other", .agent_id = "ann"}).empty());

  // A page at a time.
  CHECK(Ids(List(*store, {.agent_id = "ann", .limit = 2})) == Strings{"bank/1/4", "bank/1/3"});
  const int64_t sequence = ParseWorkId("bank/1/3")->Sequence();
  CHECK(Ids(List(*store, {.agent_id = "ann", .before_sequence = sequence})) == Strings{"bank/1/1"});
}

TEST_CASE("a decision that is there stays as it is, and one of a lost hold is refused") {
  auto store = MakeStore(GENERATE(StoreKind::kFake, StoreKind::kPostgres));
  int64_t epoch = Take(*store, "bank");
  RecordDecisions first{{"bank", epoch}, {Made(1, "t-1", "ann")}};
  REQUIRE(Submit(*store, first).ok());
  RecordDecisions again = first;
  again.decisions[0].body = "other";
  again.decisions.push_back(Made(2, "t-1", "ann"));
  again.decisions.push_back(Made(2, "t-1", "ann"));  // also twice in one
  REQUIRE(Submit(*store, again).ok());
  std::vector<RecordedDecision> found = List(*store, {.ticket_id = "t-1"});
  REQUIRE(found.size() == 2);
  CHECK(found[1].decision == first.decisions[0]);

  // A refused mutation's decisions were made all the same.
  REQUIRE(Submit(*store, Assigning("bank", epoch, 5, "t-5", "ann")).ok());
  RecordAssignment refused = Assigning("bank", epoch, 6, "t-5", "bob");
  refused.decisions = {Made(6, "t-5", "bob")};
  CHECK(ErrorReason(Submit(*store, refused).status()) == "TICKET_ALREADY_ASSIGNED");
  CHECK(List(*store, {.ticket_id = "t-5"}).size() == 1);

  RecordDecisions foreign{{"bank", epoch}, {Made(7, "t-7", "ann")}};
  foreign.decisions[0].offer_id = "other/1/7";
  CHECK(Submit(*store, foreign).status().code() == absl::StatusCode::kInvalidArgument);
  Take(*store, "bank");
  CHECK(ErrorReason(
            Submit(*store, RecordDecisions{{"bank", epoch}, {Made(8, "t-8", "ann")}}).status()) ==
        "EPOCH_LOST");
  CHECK(List(*store, {.ticket_id = "t-8"}).empty());
}

TEST_CASE("the log is kept within its age and its rows, a batch at a time") {
  DatabaseOptions database;
  database.url = SharedPostgres().CreateDatabase();
  REQUIRE(MigrateRecords(database).ok());
  PostgresStore store({.database = database});
  int64_t epoch = Take(store, "bank");
  RecordDecisions decisions{{"bank", epoch}, {}};
  for (int n = 1; n <= 10; ++n) decisions.decisions.push_back(Made(n, "t-1", "ann"));
  REQUIRE(Submit(store, decisions).ok());
  Take(store, "quiet");  // a pool without any

  Connection connection(database);
  const absl::Time now = kStart + absl::Minutes(10);
  const auto purge = [&](DecisionBounds bounds) {
    return PurgeDecisions(connection, bounds, now).value();
  };
  const auto left = [&] { return List(store, {.ticket_id = "t-1"}).size(); };
  CHECK(purge({}) == 0);
  CHECK(left() == 10);
  // Older than 7 minutes: the first two, one at a time.
  CHECK(purge({.age = absl::Minutes(7), .batch = 1, .batches = 1}) == 1);
  CHECK(left() == 9);
  CHECK(purge({.age = absl::Minutes(7)}) == 1);
  CHECK(purge({.age = absl::Minutes(7)}) == 0);
  CHECK(left() == 8);
  CHECK(purge({.rows = 3, .batch = 4, .batches = 1}) == 4);
  CHECK(purge({.rows = 3, .batch = 4, .batches = 1}) == 1);
  CHECK(purge({.rows = 3, .batch = 4}) == 0);
  CHECK(Ids(List(store, {.ticket_id = "t-1"})) == Strings{"bank/1/10", "bank/1/9", "bank/1/8"});
}

}  // namespace
}  // namespace muster::matcher
