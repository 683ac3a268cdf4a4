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

// Pool "p" goes from `from` to `to`, the revision of each of the tickets, by this committer.
Workspace Changed(int64_t from, int64_t to, std::vector<Ticket> tickets) {
  Workspace workspace = Loaded(from);
  workspace.pools.at("p").revision = to;
  for (Ticket& ticket : tickets) {
    ticket.pool_id = "p";
    ticket.queue_id = "a";
    ticket.revision = to;
    workspace.tickets[ticket.ticket_id].ticket = ticket;
  }
  return workspace;
}

// Which of the tickets are known; they are taken.
std::vector<std::string> Taken(KnownPools& known, const std::set<std::string>& ticket_ids) {
  Needs needs;
  needs.tickets = ticket_ids;
  Workspace workspace;
  std::set<std::string> taken = ticket_ids;
  for (const std::string& other : known.TakeTickets(needs, &workspace)) taken.erase(other);
  CHECK(workspace.tickets.size() == taken.size());
  for (const std::string& ticket_id : taken) {
    const TicketSlot* slot = workspace.FindTicket(ticket_id);
    REQUIRE(slot != nullptr);
    CHECK_FALSE(slot->changed());
    CHECK(workspace.FindQueue("p", "a") != nullptr);
  }
  return {taken.begin(), taken.end()};
}

using Ids = std::vector<std::string>;

TEST_CASE("tickets are known from the change that this committer made to them") {
  KnownPools known;
  known.Learn(Changed(8, 9, {{.ticket_id = "t"}, {.ticket_id = "u"}}));
  SECTION("until they are taken") {
    CHECK(Taken(known, {"t", "v"}) == Ids{"t"});
    CHECK(Taken(known, {"t", "u"}) == Ids{"u"});
  }
  SECTION("while the node goes on by itself") {
    known.Learn(Changed(9, 10, {{.ticket_id = "v"}}));
    CHECK(Taken(known, {"t", "u", "v"}) == Ids{"t", "u", "v"});
  }
  SECTION("not when another went on: it may have changed them") {
    known.Learn(Changed(10, 11, {{.ticket_id = "v"}}));
    CHECK(Taken(known, {"t", "u", "v"}) == Ids{"v"});
  }
  SECTION("not when they have ended") {
    known.Learn(Changed(9, 10, {{.ticket_id = "v", .state = TicketState::kResolved}}));
    CHECK(Taken(known, {"v"}).empty());
  }
  SECTION("not without their pool") {
    Workspace workspace = Loaded(9);
    workspace.pools.at("p").exists = false;
    known.Learn(std::move(workspace));
    CHECK(Taken(known, {"t"}).empty());
  }
  SECTION("and then they are as they were last") {
    known.Learn(Changed(9, 10, {{.ticket_id = "t", .state = TicketState::kAssigned}}));
    Workspace workspace;
    Needs needs;
    needs.tickets = {"t"};
    CHECK(known.TakeTickets(needs, &workspace).empty());
    CHECK(workspace.FindTicket("t")->loaded_state == TicketState::kAssigned);
    CHECK(workspace.FindTicket("t")->loaded_revision == 10);
  }
}

TEST_CASE("a ticket that was only read may have been changed before the pool was known") {
  KnownPools known;
  Workspace workspace = Loaded(8);
  workspace.LoadTicket({.ticket_id = "t", .pool_id = "p", .queue_id = "a", .revision = 8});
  known.Learn(std::move(workspace));
  CHECK(Taken(known, {"t"}).empty());
}

TEST_CASE("tickets take no more than they may") {
  KnownPools known;
  const std::string text(KnownPools::kMostTicketBytes / 3, 'x');
  for (int i = 0; i < 5; ++i) {
    known.Learn(Changed(8 + i, 9 + i, {{.ticket_id = "t" + std::to_string(i), .text = text}}));
  }
  CHECK(Taken(known, {"t0", "t1", "t2", "t3", "t4"}) == Ids{"t4"});
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
