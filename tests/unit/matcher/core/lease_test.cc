// The lease by our own clock, and what a pool does without it.
#include "services/matcher/core/own_lease.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {
namespace {

constexpr absl::Duration kLength = absl::Seconds(2);
constexpr absl::Duration kMargin = absl::Milliseconds(200);

TEST_CASE("our lease ends before the one on record can") {
  struct Case {
    const char* what;
    absl::Duration call;     // from the asking to the answer
    absl::Duration elapsed;  // since the asking
    bool holds;
  };
  const std::vector<Case> cases = {
      {"at once", absl::ZeroDuration(), absl::ZeroDuration(), true},
      {"near the end", absl::ZeroDuration(), kLength - kMargin - absl::Milliseconds(1), true},
      {"within the margin", absl::ZeroDuration(), kLength - kMargin, false},
      {"a slow answer counts from its asking", absl::Seconds(1), absl::Milliseconds(1799), true},
      {"and ends no later", absl::Seconds(1), absl::Milliseconds(1800), false},
      {"an answer that came too late", absl::Seconds(5), absl::Seconds(5), false},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    FakeClock steady;
    OwnLease lease(steady, kLength, kMargin);
    CHECK_FALSE(lease.Holds());
    const absl::Time begun = steady.Now();
    steady.Advance(c.call);
    lease.Renewed(begun);
    steady.Advance(c.elapsed - c.call);
    CHECK(lease.Holds() == c.holds);
    CHECK((lease.Left() > absl::ZeroDuration()) == c.holds);
  }
}

TEST_CASE("renewals only lengthen, and an end is an end until the next") {
  FakeClock steady;
  OwnLease lease(steady, kLength, kMargin);
  const absl::Time early = steady.Now();
  steady.Advance(absl::Seconds(1));
  lease.Renewed(steady.Now());
  lease.Renewed(early);  // its answer came later
  CHECK(lease.Left() == kLength - kMargin);
  lease.End();
  CHECK_FALSE(lease.Holds());
  lease.Renewed(steady.Now());
  CHECK(lease.Holds());
}

// A pool whose process holds a lease by a clock of its own.
class LeasedPool : public PoolTester {
 public:
  LeasedPool() : PoolTester(/*open=*/false) {
    lease.Renewed(steady.Now());
    own_lease = &lease;
    Restart();
    Open();
  }
  FakeClock steady;
  OwnLease lease{steady, kLength, kMargin};
};

TEST_CASE("without a lease nothing is offered, and what was offered is taken back") {
  LeasedPool pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  const std::string offer = pool.LastOffer();
  REQUIRE(!offer.empty());
  // Nobody says anything: it notices by itself.
  pool.steady.Advance(kLength);
  pool.Advance(kLength);
  REQUIRE(pool.Said("ann").size() == 2);
  CHECK(pool.Said("ann")[1].offer_revoked().offer_id() == offer);
  pool.AddTicket("t-2");
  pool.AddAgent("bob");
  CHECK(pool.OffersOf("t-2") == 0);
  pool.lease.Renewed(pool.steady.Now());
  pool.runner->OnLeaseHolds();
  pool.Run();
  CHECK(pool.OffersOf("t-1") == 2);
  CHECK(pool.OffersOf("t-2") == 1);
}

// As after SIGSTOP: the first thing that it sees is an event, and no timer has rung.
TEST_CASE("a process that was stopped past its lease offers nothing when it wakes") {
  LeasedPool pool;
  pool.AddAgent("ann");
  pool.steady.Advance(kLength);
  pool.AddTicket("t-1");
  CHECK(pool.OffersOf("t-1") == 0);
}

TEST_CASE("an offer that is accepted after the lease has ended is no assignment") {
  LeasedPool pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  const std::string offer = pool.LastOffer();
  pool.steady.Advance(kLength);
  const uint64_t act = pool.Accept("ann", offer);
  CHECK_FALSE(pool.AnsweredOk(act));
  CHECK(pool.Progress().empty());
}

TEST_CASE("a lease that is renewed in time is not noticed") {
  LeasedPool pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  for (int i = 0; i < 10; ++i) {
    pool.steady.Advance(absl::Seconds(1));
    pool.lease.Renewed(pool.steady.Now());
    pool.Advance(absl::Seconds(1));
  }
  CHECK(pool.Said("ann").size() == 1);
}

}  // namespace
}  // namespace muster::matcher
