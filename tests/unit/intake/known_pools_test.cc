#include "services/intake/domain/known_pools.h"

#include "tests/support/catch.h"

namespace muster::intake {
namespace {

// As if pool "p" with queues "a" and "b" had been loaded at `revision`, and committed.
Workspace Loaded(int64_t revision, const std::vector<std::string>& queues = {"a", "b"}) {
  Workspace workspace;
  Pool pool{.pool_id = "p"};
  pool.revision = revision;
  workspace.LoadPool(pool, 1);
  for (const std::string& queue : queues) {
    workspace.LoadQueue({.pool_id = "p", .queue_id = queue}, 5, 7);
  }
  return workspace;
}

Needs Queues(const std::vector<std::string>& queues) {
  Needs needs;
  needs.pools = {"p"};
  for (const std::string& queue : queues) needs.queues.insert({"p", queue});
  return needs;
}

bool Knows(const KnownPools& known, const Needs& needs) {
  Workspace workspace;
  return known.Load(needs, &workspace);
}

TEST_CASE("what was committed is known, as it was committed") {
  KnownPools known;
  CHECK_FALSE(Knows(known, Queues({"a"})));
  Workspace workspace = Loaded(8);
  workspace.pools.at("p").revision = 9;
  QueueSlot& queue = workspace.queues.at({"p", "a"});
  queue.waiting = 6;
  queue.counters_changed = true;
  known.Learn(workspace);
  Workspace next;
  REQUIRE(known.Load(Queues({"a"}), &next));
  CHECK(next.pools.at("p").loaded_revision == 9);
  CHECK(next.pools.at("p").base_revision == 1);
  CHECK_FALSE(next.pools.at("p").changed());
  CHECK(next.queues.at({"p", "a"}).waiting == 6);
  CHECK(next.queues.at({"p", "a"}).live == 7);
  CHECK_FALSE(next.queues.at({"p", "a"}).counters_changed);
}

TEST_CASE("no more is claimed than is known") {
  KnownPools known;
  known.Learn(Loaded(8));
  CHECK(Knows(known, Queues({"a", "b"})));
  CHECK_FALSE(Knows(known, Queues({"a", "c"})));
  Needs other = Queues({"a"});
  other.pools.insert("q");
  CHECK_FALSE(Knows(known, other));
  Needs whole = Queues({"a"});
  whole.whole_pools.insert("p");
  CHECK_FALSE(Knows(known, whole));
  Workspace workspace;
  CHECK(known.LoadWith({.ticket_id = "t", .pool_id = "p", .queue_id = "b", .revision = 3},
                       &workspace));
  CHECK(workspace.FindTicket("t") != nullptr);
  CHECK_FALSE(known.LoadWith({.ticket_id = "u", .pool_id = "p", .queue_id = "c"}, &workspace));
  known.Forget();
  CHECK_FALSE(Knows(known, Queues({"a"})));
}

TEST_CASE("queues are known only as of the revision at which their pool is known") {
  KnownPools known;
  known.Learn(Loaded(8));
  SECTION("the node went on by itself: what it did not touch is as it was") {
    Workspace own = Loaded(8, {"a"});
    own.pools.at("p").revision = 9;
    known.Learn(own);
    CHECK(Knows(known, Queues({"a", "b"})));
  }
  SECTION("another node went on: it may have changed what was not read") {
    known.Learn(Loaded(10, {"a"}));
    CHECK(Knows(known, Queues({"a"})));
    CHECK_FALSE(Knows(known, Queues({"b"})));
  }
}

TEST_CASE("what is deleted is not known any more") {
  KnownPools known;
  known.Learn(Loaded(8));
  Workspace workspace = Loaded(8);
  SECTION("a queue") {
    workspace.queues.at({"p", "b"}).exists = false;
    known.Learn(workspace);
    CHECK(Knows(known, Queues({"a"})));
    CHECK_FALSE(Knows(known, Queues({"b"})));
  }
  SECTION("a pool") {
    workspace.pools.at("p").exists = false;
    known.Learn(workspace);
    CHECK_FALSE(Knows(known, Queues({})));
  }
}

}  // namespace
}  // namespace muster::intake
