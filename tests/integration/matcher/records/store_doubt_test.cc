// A connection that is cut between a commit and its answer: what was done is found, and not done
// again.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "common/db/database.h"
#include "services/matcher/storage/postgres_store.h"
#include "tests/integration/matcher/records/store_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"
#include "tests/support/tcp_proxy.h"

namespace muster::matcher {
namespace {

class DoubtTester {
 public:
  DoubtTester() : url_(SharedPostgres().CreateDatabase()), proxy_(SharedPostgres().port()) {
    REQUIRE(MigrateRecords({.url = url_}).ok());
    const std::string through = absl::StrReplaceAll(
        url_, {{absl::StrCat(":", SharedPostgres().port()), absl::StrCat(":", proxy_.port())}});
    store_ = std::make_unique<PostgresStore>(
        PostgresStoreOptions{.database = {.url = through, .connections = 1}});
  }

  Store& store() { return *store_; }
  void CutNextAnswer() { proxy_.CutAnswerTo("COMMIT"); }
  // Submitted with its commit's answer cut.
  absl::StatusOr<Outcome> SubmitInDoubt(Mutation mutation) {
    CutNextAnswer();
    const int64_t before = proxy_.answers_cut();
    absl::StatusOr<Outcome> outcome = Submit(*store_, std::move(mutation));
    CHECK(proxy_.answers_cut() == before + 1);
    return outcome;
  }
  int64_t Count(const std::string& sql) {
    Connection connection({.url = url_});
    int64_t count = -1;
    REQUIRE(connection
                .Transact(
                    [&](pqxx::work& tx) {
                      count = tx.exec(sql)[0][0].as<int64_t>();
                      return absl::OkStatus();
                    },
                    absl::InfiniteFuture())
                .ok());
    return count;
  }

 private:
  const std::string url_;
  TcpProxy proxy_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_CASE("a commit in doubt has one effect, and the answer of that effect") {
  DoubtTester t;
  const int64_t epoch = Take(t.store(), "bank");
  const RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");

  auto outcome = t.SubmitInDoubt(assigned);
  INFO(outcome.status().ToString());
  REQUIRE(outcome.ok());
  CHECK(outcome->assignment_id == "bank/1/1");
  CHECK(*Get(t.store(), "bank/1/1") == assigned.assignment);
  CHECK(t.Count("SELECT units FROM matcher.agent_load") == 1);

  REQUIRE(t.SubmitInDoubt(WrappingUp(assigned)).ok());
  outcome = t.SubmitInDoubt(Completing(assigned));
  REQUIRE(outcome.ok());
  CHECK(Get(t.store(), "bank/1/1")->state == AssignmentState::kCompleted);
  CHECK(t.Count("SELECT units FROM matcher.agent_load") == 0);
  CHECK(t.Count("SELECT count(*) FROM matcher.ended_assignment") == 1);

  REQUIRE(t.SubmitInDoubt(OfferEnding("bank", epoch, 2, "t-2", OfferState::kDeclined)).ok());
  CHECK(t.Count("SELECT count(*) FROM matcher.ended_offer") == 1);
}

TEST_CASE("operations' request in doubt takes back one assignment, whoever asks again") {
  DoubtTester t;
  const int64_t epoch = Take(t.store(), "bank");
  const RecordAssignment assigned = Assigning("bank", epoch, 1, "t-1");
  REQUIRE(Submit(t.store(), assigned).ok());
  TicketMove move{.pool_id = "bank",
                  .ticket_id = "t-1",
                  .reason = "her phone broke",
                  .ended_assignment_id = assigned.assignment.assignment_id,
                  .time = kStart,
                  .progress_revision = 7};
  const RecordMove requeue{{"bank", epoch}, move, end_reason::kRequeued, "r-1", 1};
  auto first = t.SubmitInDoubt(requeue);
  INFO(first.status().ToString());
  REQUIRE(first.ok());
  CHECK(first->assignment_id == assigned.assignment.assignment_id);
  CHECK(Get(t.store(), first->assignment_id)->state == AssignmentState::kTransferred);
  auto again = t.SubmitInDoubt(requeue);
  REQUIRE(again.ok());
  CHECK(again->repeated);
  CHECK(again->assignment_id == first->assignment_id);
  CHECK(again->agent_id == first->agent_id);
  CHECK(t.Count("SELECT count(*) FROM matcher.ticket_move") == 1);
  CHECK(t.Count("SELECT count(*) FROM matcher.request") == 1);
}

// A take in doubt is not tried again by the store: the next look finds it.
TEST_CASE("a take in doubt is found at the next renewal") {
  DoubtTester t;
  LeaseStore& leases = t.store().leases();
  const Member me{.member_id = "m-1"};
  REQUIRE(leases.Join(me, absl::Seconds(30), absl::InfiniteFuture()).ok());
  t.CutNextAnswer();
  auto taken = leases.Take("m-1", {"bank"}, absl::InfiniteFuture());
  CHECK(ErrorReason(taken.status()) == "COMMIT_IN_DOUBT");
  auto membership = leases.Renew(me, absl::Seconds(30), absl::InfiniteFuture());
  INFO(membership.status().ToString());
  REQUIRE(membership.ok());
  REQUIRE(membership->pools.size() == 1);
  CHECK(membership->pools[0].holder == "m-1");
  CHECK(membership->pools[0].epoch == 1);
}

}  // namespace
}  // namespace muster::matcher
