// What every LeaseStore keeps: one suite for the fake and for PostgreSQL.
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/matcher/storage/fake_store.h"
#include "services/matcher/storage/postgres_store.h"
#include "tests/integration/matcher/records/store_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/postgres.h"

namespace muster::matcher {
namespace {

constexpr absl::Duration kLease = absl::Seconds(30);
const absl::Time kNoDeadline = absl::InfiniteFuture();

// Both kinds, and the database's clock as far as leases are concerned.
class LeaseTester {
 public:
  LeaseTester() {
    if (GENERATE(true, false)) {
      fake_.emplace(clock_);
    } else {
      database_ = {.url = SharedPostgres().CreateDatabase(), .connections = 2};
      REQUIRE(MigrateRecords(database_).ok());
      postgres_.emplace(PostgresStoreOptions{.database = database_});
    }
  }

  Store& store() { return fake_ ? static_cast<Store&>(*fake_) : *postgres_; }
  LeaseStore& leases() { return store().leases(); }

  // The database's clock moves, as all leases see it.
  void Advance(absl::Duration by) {
    clock_.Advance(by);
    if (fake_) return;
    Connection connection(database_);
    REQUIRE(connection
                .Transact(
                    [by](pqxx::work& tx) {
                      tx.exec_params(
                          "UPDATE matcher.member SET lease_until = lease_until - "
                          "$1::bigint * interval '1 microsecond'",
                          absl::ToInt64Microseconds(by));
                      return absl::OkStatus();
                    },
                    kNoDeadline)
                .ok());
  }

  void Join(const std::string& id) {
    REQUIRE(leases().Join({.member_id = id, .address = id + ":1"}, kLease, kNoDeadline).ok());
  }
  Membership Renew(const std::string& id, bool takes = true) {
    auto membership = leases().Renew({.member_id = id, .address = id + ":1", .takes = takes},
                                     kLease, kNoDeadline);
    INFO(membership.status().ToString());
    REQUIRE(membership.ok());
    return *membership;
  }
  // Of the pools that it got: "bank@3 shop@1".
  std::string Take(const std::string& id, const std::vector<std::string>& pools) {
    auto taken = leases().Take(id, pools, kNoDeadline);
    INFO(taken.status().ToString());
    REQUIRE(taken.ok());
    std::string text;
    for (const Hold& hold : *taken) {
      absl::StrAppend(&text, text.empty() ? "" : " ", hold.pool_id, "@", hold.epoch);
    }
    return text;
  }
  // Whether the hold is good for writing.
  bool Writes(const std::string& pool_id, int64_t epoch) {
    static int number = 0;
    ++number;
    return Submit(store(), OfferEnding(pool_id, epoch, number, "t", OfferState::kDeclined)).ok();
  }

 private:
  FakeClock clock_;
  std::optional<FakeStore> fake_;
  DatabaseOptions database_;
  std::optional<PostgresStore> postgres_;
};

std::string Text(const Membership& membership) {
  std::string text;
  for (const Member& m : membership.members) {
    absl::StrAppend(&text, m.member_id, "=", m.address, m.takes ? "" : ",leaving",
                    m.live ? "" : ",gone", " ");
  }
  for (const PoolHold& p : membership.pools) {
    absl::StrAppend(&text, p.pool_id, "@", p.epoch, ":", p.holder, " ");
  }
  return text;
}

TEST_CASE("a pool is taken by one, and only once its holder's lease has run out by another") {
  LeaseTester t;
  t.Join("a");
  t.Join("b");
  CHECK(t.Take("a", {"bank", "shop"}) == "bank@1 shop@1");
  CHECK(t.Take("b", {"bank", "club"}) == "club@1");
  CHECK(Text(t.Renew("b")) == "a=a:1 b=b:1 bank@1:a club@1:b shop@1:a ");
  t.Advance(kLease - absl::Seconds(1));
  t.Renew("b");
  CHECK(t.Take("b", {"bank"}).empty());
  t.Advance(absl::Seconds(2));
  CHECK(Text(t.Renew("b")) == "a=a:1,gone b=b:1 bank@1:a club@1:b shop@1:a ");
  CHECK(t.Take("b", {"bank"}) == "bank@2");
  // The former holder writes nothing there, and goes on with what nobody has taken.
  CHECK_FALSE(t.Writes("bank", 1));
  CHECK(t.Writes("bank", 2));
  CHECK(Text(t.Renew("a")) == "a=a:1 b=b:1 bank@2:b club@1:b shop@1:a ");
  CHECK(t.Writes("shop", 1));
  CHECK(t.Take("b", {"shop"}).empty());
  CHECK(t.Take("a", {"shop"}).empty());  // it has it already
}

TEST_CASE("who has no lease takes nothing") {
  LeaseTester t;
  CHECK(t.Take("stranger", {"bank"}).empty());
  t.Join("a");
  t.Advance(kLease + absl::Seconds(1));
  CHECK(t.Take("a", {"bank"}).empty());
  t.Renew("a");
  CHECK(t.Take("a", {"bank"}) == "bank@1");
}

TEST_CASE("a released pool is free at once, and nothing is written under the old hold") {
  LeaseTester t;
  t.Join("a");
  t.Join("b");
  CHECK(t.Take("a", {"bank", "shop"}) == "bank@1 shop@1");
  REQUIRE(t.leases().Release("a", {{"bank", 1}}, kNoDeadline).ok());
  CHECK_FALSE(t.Writes("bank", 1));
  CHECK(t.Take("b", {"bank", "shop"}) == "bank@3");
  // Late, or not the holder's: no effect.
  REQUIRE(t.leases().Release("a", {{"bank", 1}, {"bank", 3}}, kNoDeadline).ok());
  CHECK(t.Writes("bank", 3));
  t.Renew("a", /*takes=*/false);
  CHECK(Text(t.Renew("b")) == "a=a:1,leaving b=b:1 bank@3:b shop@1:a ");
  REQUIRE(t.leases().Leave("a", kNoDeadline).ok());
  CHECK(Text(t.Renew("b")) == "b=b:1 bank@3:b shop@2: ");
  CHECK(t.Take("b", {"shop"}) == "shop@3");
}

TEST_CASE("a database clock that is set back does not make a lease eternal") {
  LeaseTester t;
  t.Join("a");
  t.Join("b");
  CHECK(t.Take("a", {"bank"}) == "bank@1");
  t.Advance(-absl::Hours(1));
  CHECK(Text(t.Renew("b")) == "a=a:1,gone b=b:1 bank@1:a ");
  CHECK(t.Take("b", {"bank"}) == "bank@2");
}

TEST_CASE("members long gone are forgotten, and cannot come back under their name") {
  LeaseTester t;
  t.Join("a");
  CHECK(t.Take("a", {"bank"}) == "bank@1");
  t.Advance(kLease + kMemberMemory + absl::Seconds(1));
  t.Join("b");
  CHECK(Text(t.Renew("b")) == "b=b:1 bank@1:a ");
  auto renewed = t.leases().Renew({.member_id = "a"}, kLease, kNoDeadline);
  CHECK(renewed.status().code() == absl::StatusCode::kNotFound);
  CHECK(t.Take("b", {"bank"}) == "bank@2");
  CHECK(t.leases().Join({.member_id = "b"}, kLease, kNoDeadline).code() ==
        absl::StatusCode::kAlreadyExists);
}

TEST_CASE("of many that want the same pools at once, each pool has one") {
  DatabaseOptions database{.url = SharedPostgres().CreateDatabase(), .connections = 1};
  REQUIRE(MigrateRecords(database).ok());
  constexpr int kTakers = 6;
  std::vector<std::string> pools;
  for (int i = 0; i < 40; ++i) pools.push_back(absl::StrCat("pool-", i));
  {
    PostgresLeaseStore gone(database);
    REQUIRE(gone.Join({.member_id = "gone"}, kLease, kNoDeadline).ok());
    REQUIRE(gone.Take("gone", pools, kNoDeadline)->size() == pools.size());
    REQUIRE(gone.Renew({.member_id = "gone"}, absl::ZeroDuration(), kNoDeadline).ok());
  }
  std::vector<absl::StatusOr<std::vector<Hold>>> taken(kTakers, absl::UnknownError("not yet"));
  std::vector<std::thread> threads;
  for (int i = 0; i < kTakers; ++i) {
    threads.emplace_back([&, i] {
      PostgresLeaseStore leases(database);
      const std::string id = absl::StrCat("m-", i);
      if (!leases.Join({.member_id = id}, kLease, kNoDeadline).ok()) return;
      taken[i] = leases.Take(id, pools, kNoDeadline);
      // The one that was gone comes back in the midst of it: it has kept none.
      auto back = leases.Renew({.member_id = "gone"}, absl::ZeroDuration(), kNoDeadline);
      for (const PoolHold& pool : back->pools) {
        if (pool.holder == "gone") taken[i] = absl::InternalError(pool.pool_id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t total = 0;
  for (const auto& holds : taken) {
    INFO(holds.status().ToString());
    REQUIRE(holds.ok());
    for (const Hold& hold : *holds) CHECK(hold.epoch == 2);
    total += holds->size();
  }
  CHECK(total == pools.size());
}

// A holder that is stopped in the middle of a commit keeps its locks; the server lets go of them.
TEST_CASE("a stalled commit of the former holder does not keep its pool from being taken") {
  DatabaseOptions database{.url = SharedPostgres().CreateDatabase(), .connections = 1};
  REQUIRE(MigrateRecords(database).ok());
  PostgresLeaseStore leases(database);
  REQUIRE(leases.Join({.member_id = "a"}, kLease, kNoDeadline).ok());
  REQUIRE(leases.Take("a", {"bank"}, kNoDeadline)->size() == 1);
  REQUIRE(leases.Renew({.member_id = "a"}, absl::ZeroDuration(), kNoDeadline).ok());
  Connection stalled(database);
  absl::Status status = stalled.Transact(
      [&](pqxx::work& tx) {
        tx.exec("SELECT epoch FROM matcher.pool WHERE pool_id = 'bank' FOR SHARE");
        REQUIRE(leases.Join({.member_id = "b"}, kLease, kNoDeadline).ok());
        auto taken = leases.Take("b", {"bank"}, kNoDeadline);
        INFO(taken.status().ToString());
        REQUIRE(taken.ok());
        CHECK(taken->size() == 1);
        return absl::OkStatus();
      },
      kNoDeadline);
  INFO(status.ToString());
  CHECK(absl::IsUnavailable(status));
}

}  // namespace
}  // namespace muster::matcher
