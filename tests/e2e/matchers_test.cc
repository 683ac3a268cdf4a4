// Several matchers share the pools: a kill, a stop in mid-work, a clean stop, one that joins; and
// what each of them may still do afterwards.
#include <algorithm>
#include <csignal>
#include <deque>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/db/database.h"
#include "common/rpc/channel.h"
#include "muster/matcher/v1/members.grpc.pb.h"
#include "tests/e2e/support/people.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace muster::e2e {
namespace {

namespace in = intake::v1;
namespace ma = matcher::v1;

constexpr absl::Duration kAskLimit = absl::Seconds(2);
// A kill is made good within 3 s (the lease is 2 s); the bound is generous for a busy machine.
constexpr absl::Duration kTakeoverBound = absl::Seconds(10);

// One more matcher of a stack, on a port of its own.
class Node {
 public:
  Node(Stack& stack, const std::string& name)
      : address_(absl::StrCat("127.0.0.1:", FreePort())),
        process_(
            BinDir() + "/muster-matcher",
            {"--listen=" + address_, "--node-id=" + name, "--metrics-listen=127.0.0.1:0",
             "--database-url=" + stack.database_url(), "--intake=" + stack.address(Part::kIntake),
             "--availability=" + stack.address(Part::kAvailability)}),
        stub_(ma::MatcherService::NewStub(MakeChannel(address_))),
        members_(ma::MatcherMembers::NewStub(MakeChannel(address_))) {}
  ~Node() {
    process_.Signal(SIGCONT);
    process_.Signal(SIGTERM);
    process_.Wait();
  }

  Process& process() { return process_; }
  ma::MatcherService::Stub& stub() { return *stub_; }
  ma::MatcherMembers::Stub& members() { return *members_; }
  const std::string& address() const { return address_; }
  // As that node knows it; -1: it does not answer.
  static int Count(ma::MatcherMembers::Stub& stub, const std::string& address) {
    grpc::ClientContext call;
    call.set_deadline(absl::ToChronoTime(absl::Now() + kAskLimit));
    ma::ListMatchersResponse response;
    if (!stub.ListMatchers(&call, {}, &response).ok()) return -1;
    int pools = 0;
    for (const ma::Matcher& matcher : response.matchers()) {
      if (matcher.address() == address) pools += matcher.pools();
    }
    return pools;
  }

 private:
  const std::string address_;
  Process process_;
  std::unique_ptr<ma::MatcherService::Stub> stub_;
  std::unique_ptr<ma::MatcherMembers::Stub> members_;
};

// A stack whose first matcher is one of several, and pools for all of them.
class Cell {
 public:
  explicit Cell(int pools) {
    for (int i = 0; i < pools; ++i) pools_.emplace_back(stack_);
    for (Pool& pool : pools_) pool.AddAgent("ann");
  }

  Stack& stack() { return stack_; }
  std::deque<Pool>& pools() { return pools_; }
  Node& Add(const std::string& name) { return nodes_.emplace_back(stack_, name); }
  std::string first() { return stack_.address(Part::kMatcher); }

  // What the database says: the pool's holder's address, if its lease goes on.
  std::string HolderOf(const std::string& pool_id) {
    return Ask("SELECT address FROM matcher.pool_lease WHERE held AND pool_id = '" + pool_id + "'");
  }
  int64_t EpochOf(const std::string& pool_id) {
    return std::stoll(Ask("SELECT epoch FROM matcher.pool WHERE pool_id = '" + pool_id + "'"));
  }
  std::string Ask(const std::string& sql) {
    Connection connection({.url = stack_.database_url()});
    std::string answer;
    absl::Status status = connection.Transact(
        [&](pqxx::work& tx) {
          pqxx::result rows = tx.exec(sql);
          if (!rows.empty()) answer = rows[0][0].c_str();
          return absl::OkStatus();
        },
        absl::Now() + absl::Seconds(10));
    INFO(sql << ": " << status.ToString());
    REQUIRE(status.ok());
    return answer;
  }
  // These have so many each, in whatever order, and no pool is without a holder.
  void WaitForShares(ma::MatcherMembers::Stub& stub, const std::vector<std::string>& addresses,
                     std::vector<int> shares) {
    std::sort(shares.begin(), shares.end());
    std::vector<int> seen;
    const bool shared = Eventually(
        [&] {
          seen.clear();
          for (const std::string& address : addresses) seen.push_back(Node::Count(stub, address));
          std::sort(seen.begin(), seen.end());
          return seen == shares;
        },
        absl::Seconds(60));
    for (int count : seen) UNSCOPED_INFO(count);
    REQUIRE(shared);
  }
  // A ticket that is created now is offered, accepted and completed.
  void ServeOne(Pool& pool, Agent& ann) {
    const std::string ticket = pool.CreateTicket("c").ticket_id();
    const std::string offer = ann.WaitForOffer().offer_id();
    REQUIRE(ann.WaitForAnswer(ann.Accept(offer)).code() == 0);
    REQUIRE(ann.WaitForAnswer(ann.Complete(offer)).code() == 0);
    pool.WaitForTicket(ticket, in::TICKET_STATE_RESOLVED);
  }
  // Until no longer than the bound, each of the pools is held by one of `addresses`; how long it
  // took.
  absl::Duration Takeover(const std::vector<std::string>& pool_ids,
                          const std::set<std::string>& addresses) {
    const absl::Time start = absl::Now();
    for (const std::string& id : pool_ids) {
      INFO(id);
      REQUIRE(Eventually([&] { return addresses.count(HolderOf(id)) > 0; }, kTakeoverBound));
    }
    return absl::Now() - start;
  }
  std::vector<std::string> HeldBy(const std::string& address) {
    std::vector<std::string> ids;
    for (Pool& pool : pools_) {
      if (HolderOf(pool.id()) == address) ids.push_back(pool.id());
    }
    return ids;
  }

 private:
  Stack stack_;
  std::deque<Pool> pools_;
  std::deque<Node> nodes_;
};

TEST_CASE("matchers share the pools, and any of them answers for all") {
  Cell cell(4);
  Node& second = cell.Add("second");
  cell.WaitForShares(second.members(), {cell.first(), second.address()}, {2, 2});
  for (Pool& pool : cell.pools()) {
    Agent ann(cell.stack(), pool.id(), "ann");
    cell.ServeOne(pool, ann);
    // Both know it, the one that has the pool and the one that asks it.
    for (ma::MatcherService::Stub* stub : {&second.stub(), &cell.stack().matcher()}) {
      grpc::ClientContext call;
      ma::GetStatisticsRequest request;
      request.set_pool_id(pool.id());
      ma::Statistics statistics;
      const grpc::Status status = stub->GetStatistics(&call, request, &statistics);
      INFO(status.error_message());
      REQUIRE(status.ok());
      CHECK(statistics.total().flow().offers_accepted() == 1);
    }
  }
  // A third one joins, and a pool that is made now has an owner as well.
  Node& third = cell.Add("third");
  cell.WaitForShares(second.members(), {cell.first(), second.address(), third.address()},
                     {2, 1, 1});
  Pool late(cell.stack());
  late.AddAgent("ann");
  Agent ann(cell.stack(), late.id(), "ann");
  cell.ServeOne(late, ann);
}

TEST_CASE("a matcher that is killed loses its pools to the others within its lease") {
  Cell cell(4);
  Node& second = cell.Add("second");
  cell.WaitForShares(second.members(), {cell.first(), second.address()}, {2, 2});
  const std::vector<std::string> lost = cell.HeldBy(second.address());
  Pool* pool = nullptr;
  for (Pool& p : cell.pools()) {
    if (p.id() == lost[0]) pool = &p;
  }
  Agent ann(cell.stack(), pool->id(), "ann");
  cell.ServeOne(*pool, ann);
  second.process().Signal(SIGKILL);
  const absl::Duration took = cell.Takeover(lost, {cell.first()});
  WARN("taken over after " << absl::FormatDuration(took));
  cell.ServeOne(*pool, ann);
}

TEST_CASE("a clean stop hands over at once, and loses nothing that was under way") {
  Cell cell(4);
  Node& second = cell.Add("second");
  cell.WaitForShares(second.members(), {cell.first(), second.address()}, {2, 2});
  const std::vector<std::string> moved = cell.HeldBy(second.address());
  second.process().Signal(SIGTERM);
  const absl::Duration took = cell.Takeover(moved, {cell.first()});
  WARN("handed over after " << absl::FormatDuration(took));
  REQUIRE(second.process().Wait() == 0);
  // Released, not run out: nobody had to wait for a lease.
  CHECK(cell.Ask("SELECT count(*) FROM matcher.member") == "1");
  for (Pool& pool : cell.pools()) {
    Agent ann(cell.stack(), pool.id(), "ann");
    cell.ServeOne(pool, ann);
  }
}

TEST_CASE("a matcher that stood still past its lease writes nothing, and takes part again") {
  Cell cell(2);
  Node& second = cell.Add("second");
  cell.WaitForShares(second.members(), {cell.first(), second.address()}, {1, 1});
  const std::vector<std::string> lost = cell.HeldBy(second.address());
  Pool* pool = nullptr;
  for (Pool& p : cell.pools()) {
    if (p.id() == lost[0]) pool = &p;
  }
  const std::string id = pool->id();
  Agent ann(cell.stack(), id, "ann");
  // One offer is open, and answered while nobody hears it.
  const std::string ticket = pool->CreateTicket("c-1").ticket_id();
  const std::string stale = ann.WaitForOffer().offer_id();
  const int64_t epoch = cell.EpochOf(id);
  second.process().Signal(SIGSTOP);
  const std::string late = ann.Accept(stale);
  cell.Takeover({id}, {cell.first()});
  REQUIRE(cell.EpochOf(id) > epoch);
  const std::string fresh = ann.WaitForOffer().offer_id();
  REQUIRE(fresh != stale);
  REQUIRE(ann.WaitForAnswer(ann.Accept(fresh)).code() == 0);
  auto written = [&] {
    return cell.Ask(absl::StrCat(
        "SELECT (SELECT count(*) FROM matcher.offer WHERE pool_id = '", id, "' AND sequence < ",
        "(SELECT min(sequence) FROM matcher.assignment WHERE pool_id = '", id, "')) || ' ' || ",
        "(SELECT count(*) FROM matcher.assignment WHERE pool_id = '", id, "')"));
  };
  const std::string before = written();
  second.process().Signal(SIGCONT);
  // It learns of it, steps down, and gets its share again in the end.
  cell.WaitForShares(second.members(), {cell.first(), second.address()}, {1, 1});
  CHECK(written() == before);
  CHECK(before == "0 1");
  // Its pool may be on its way back just now.
  REQUIRE(Eventually(
      [&] { return ann.WaitForAnswer(ann.Complete(fresh, "complete-1")).code() == 0; }, kPatience));
  pool->WaitForTicket(ticket, in::TICKET_STATE_RESOLVED);
  REQUIRE(Eventually([&] { return !cell.HolderOf(id).empty(); }, kPatience));
  std::vector<ma::Assignment> assignments = pool->ListAssignments(ticket);
  REQUIRE(assignments.size() == 1);
  CHECK(assignments[0].assignment_id() == fresh);
}

}  // namespace
}  // namespace muster::e2e
