#include "tests/integration/matcher/records/store_fixture.h"

#include <atomic>
#include <deque>

#include "absl/strings/str_cat.h"
#include "services/matcher/storage/fake_store.h"
#include "services/matcher/storage/postgres_store.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"

namespace muster::matcher {
namespace {

absl::Time Deadline() { return absl::InfiniteFuture(); }

}  // namespace

std::unique_ptr<Store> MakeStore(StoreKind kind) {
  if (kind == StoreKind::kFake) return std::make_unique<FakeStore>();
  DatabaseOptions database{.url = SharedPostgres().CreateDatabase(), .connections = 2};
  absl::Status migrated = MigrateRecords(database);
  INFO(migrated.ToString());
  REQUIRE(migrated.ok());
  return std::make_unique<PostgresStore>(PostgresStoreOptions{.database = database});
}

absl::StatusOr<Outcome> Submit(Store& store, Mutation mutation) {
  return Await<Outcome>([&](Store::Done<Outcome> done) {
    store.Submit(std::move(mutation), Deadline(), std::move(done));
  });
}

std::vector<absl::StatusOr<Outcome>> SubmitAll(Store& store, std::vector<Mutation> mutations) {
  std::deque<std::promise<absl::StatusOr<Outcome>>> answers(mutations.size());
  std::vector<std::future<absl::StatusOr<Outcome>>> futures;
  for (size_t i = 0; i < mutations.size(); ++i) {
    futures.push_back(answers[i].get_future());
    store.Submit(std::move(mutations[i]), Deadline(),
                 [&answers, i](absl::StatusOr<Outcome> outcome) { answers[i].set_value(outcome); });
  }
  std::vector<absl::StatusOr<Outcome>> outcomes;
  for (auto& future : futures) outcomes.push_back(future.get());
  return outcomes;
}

int64_t Take(Store& store, const std::string& pool_id) {
  // Each time another member, whose lease ends at once: so the next may take the pool, and until
  // then the hold is good.
  static std::atomic<int> members = 0;
  const Member me{.member_id = absl::StrCat("matcher-", ++members)};
  REQUIRE(store.leases().Join(me, absl::Seconds(60), Deadline()).ok());
  auto taken = store.leases().Take(me.member_id, {pool_id}, Deadline());
  INFO(taken.status().ToString());
  REQUIRE(taken.ok());
  REQUIRE(taken->size() == 1);
  REQUIRE(store.leases().Renew(me, absl::ZeroDuration(), Deadline()).ok());
  return (*taken)[0].epoch;
}

std::vector<Assignment> Live(Store& store, const std::string& pool_id) {
  auto live = Await<std::vector<Assignment>>([&](Store::Done<std::vector<Assignment>> done) {
    store.LoadLiveAssignments(pool_id, Deadline(), std::move(done));
  });
  INFO(live.status().ToString());
  REQUIRE(live.ok());
  return *live;
}

absl::StatusOr<Assignment> Get(Store& store, const std::string& assignment_id) {
  return Await<Assignment>([&](Store::Done<Assignment> done) {
    store.GetAssignment(assignment_id, Deadline(), std::move(done));
  });
}

std::string IdOf(const std::string& pool_id, int64_t epoch, int number) {
  return absl::StrCat(pool_id, "/", epoch, "/", number);
}

RecordAssignment Assigning(const std::string& pool_id, int64_t epoch, int number,
                           const std::string& ticket_id, const std::string& agent_id) {
  absl::Time accepted = kStart + absl::Minutes(number);
  Assignment assignment{.assignment_id = IdOf(pool_id, epoch, number),
                        .pool_id = pool_id,
                        .ticket_id = ticket_id,
                        .queue_id = "card",
                        .agent_id = agent_id,
                        .weight = 1,
                        .ticket_create_time = accepted - absl::Seconds(40),
                        .offer_time = accepted - absl::Seconds(5),
                        .offer_receive_time = accepted - absl::Seconds(4),
                        .offer_expire_time = accepted + absl::Seconds(15),
                        .accept_time = accepted};
  return {.hold = {pool_id, epoch}, .assignment = std::move(assignment), .capacity = 2};
}

StartWrapUp WrappingUp(const RecordAssignment& assigned) {
  const Assignment& a = assigned.assignment;
  return {.hold = assigned.hold,
          .assignment_id = a.assignment_id,
          .ticket_id = a.ticket_id,
          .time = a.accept_time + absl::Seconds(10),
          .until = a.accept_time + absl::Seconds(40)};
}

EndAssignment Completing(const RecordAssignment& assigned, const std::string& request_id) {
  const Assignment& a = assigned.assignment;
  return {.hold = assigned.hold,
          .assignment_id = a.assignment_id,
          .ticket_id = a.ticket_id,
          .state = AssignmentState::kCompleted,
          .end_reason = end_reason::kCompleted,
          .disposition = "solved",
          .note = "said \"thanks\" {to, us}\\",
          .time = a.accept_time + absl::Seconds(20),
          .request_id = request_id};
}

RecordOfferEnded OfferEnding(const std::string& pool_id, int64_t epoch, int number,
                             const std::string& ticket_id, OfferState state) {
  absl::Time made = kStart + absl::Minutes(number);
  Offer offer{.offer_id = IdOf(pool_id, epoch, number),
              .pool_id = pool_id,
              .ticket_id = ticket_id,
              .queue_id = "card",
              .agent_id = "ann",
              .state = state,
              .reason = "busy",
              .ticket_create_time = made - absl::Seconds(30),
              .create_time = made,
              .receive_time = std::nullopt,
              .expire_time = made + absl::Seconds(20),
              .end_time = made + absl::Seconds(3)};
  return {.hold = {pool_id, epoch}, .offer = std::move(offer)};
}

}  // namespace muster::matcher
