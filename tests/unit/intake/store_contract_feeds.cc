// The contract of every Store: revisions, snapshots, changes.
#include <random>
#include <set>

#include "common/base/errors.h"
#include "common/base/ids.h"
#include "tests/unit/intake/store_tester.h"

namespace muster::intake {
namespace {

using DeletedQueue = PoolChange::DeletedQueue;

std::vector<int64_t> RevisionsOf(const std::vector<Ticket>& tickets) {
  std::vector<int64_t> revisions;
  for (const Ticket& ticket : tickets) revisions.push_back(ticket.revision);
  return revisions;
}

TEST_CASE("each change takes the pool's next revision, and is told with the commit", "[feeds]") {
  StoreTester t;
  t.MakePool("a");
  t.MakePool("b");
  t.changes.clear();
  const auto ticket_in = [](const char* pool_id) {
    return Ticket{.ticket_id = NewId("t"), .pool_id = pool_id, .queue_id = "q", .customer_id = "c"};
  };
  const Ticket one = ticket_in("b"), two = ticket_in("a"), three = ticket_in("b");
  Applied applied = t.Batch({t.MutationOf(CreateTicket{one}), t.MutationOf(CreateTicket{two}),
                             t.MutationOf(CreateTicket{three}),
                             t.MutationOf(UpdateQueue{{.pool_id = "b", .queue_id = "q"}, ""})});
  REQUIRE(applied.changes.size() == 2);
  const PoolChange& a = applied.changes[0];
  const PoolChange& b = applied.changes[1];
  CHECK(a.pool_id == "a");
  CHECK(a.from_revision == 2);
  CHECK(a.to_revision == 3);
  CHECK(b.from_revision == 2);
  CHECK(b.to_revision == 5);
  CHECK(b.tickets.size() == 2);
  CHECK(std::get<Ticket>(*applied.outcomes[0]).revision == 3);
  CHECK(std::get<Ticket>(*applied.outcomes[2]).revision == 4);
  REQUIRE(b.queues.size() == 1);
  CHECK(b.queues[0].revision == 5);
  CHECK(t.GetPool("b").value().revision == 5);
  CHECK(t.Revisions({"a", "b", "none"}) == Store::Revisions{{"a", 3}, {"b", 5}});

  // What fails changes nothing and takes no revision.
  CHECK(t.Batch({t.MutationOf(CancelTicket{"t-none", ""})}).changes.empty());
  CHECK(t.GetPool("b").value().revision == 5);
}

TEST_CASE("a snapshot is the pool with its queues and live tickets", "[feeds]") {
  StoreTester t;
  t.MakePool();
  Ticket queued = t.MakeTicket(), ended = t.MakeTicket(), served = t.MakeTicket();
  t.MakePool("other");
  t.MakeTicket("other");
  t.Must<Ticket>(CancelTicket{ended.ticket_id, ""});
  t.Progress(t.Entry(served, TicketEvent::kAssigned));
  PoolSnapshot snapshot = t.Snapshot("p").value();
  CHECK(snapshot.pool == t.GetPool("p").value());
  REQUIRE(snapshot.queues.size() == 1);
  CHECK(snapshot.queues[0] == t.GetQueue("p", "q").value());
  CHECK(snapshot.tickets == std::vector<Ticket>{queued, t.GetTicket(served.ticket_id).value()});
  CHECK(ErrorReason(t.Snapshot("none").status()) == "POOL_NOT_FOUND");
}

TEST_CASE("the feed tells of a pool that was itself changed", "[feeds]") {
  StoreTester t;
  t.MakePool();  // revision 2
  t.changes.clear();
  Pool changed = t.Must<Pool>(UpdatePool{{.pool_id = "p", .rules = {.phase = Phase::kPaused}}, ""});
  REQUIRE(t.changes.size() == 1);
  CHECK(t.changes[0].pool == changed);
  t.changes.clear();
  Ticket ticket = t.MakeTicket();  // 4
  REQUIRE(t.changes.size() == 1);
  CHECK_FALSE(t.changes[0].pool.has_value());

  PoolChange since = t.Changes("p", 2).value();
  REQUIRE(since.pool.has_value());
  CHECK(since.pool->rules == changed.rules);
  CHECK(since.pool->update_revision == 3);
  CHECK_FALSE(t.Changes("p", 3).value().pool.has_value());
  CHECK_FALSE(t.Changes("p", 4).value().pool.has_value());
  // On a page that ends before it, it is not there yet.
  t.Must<Pool>(UpdatePool{{.pool_id = "p", .rules = {.phase = Phase::kOpen}}, ""});  // 5
  CHECK_FALSE(t.Changes("p", 3, 1).value().pool.has_value());
  CHECK(t.Changes("p", ticket.revision, 1).value().pool.has_value());
}

TEST_CASE("changes are told as they are now, in pages", "[feeds]") {
  StoreTester t;
  t.MakePool();                                                      // revision 2
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "gone"}});  // 3
  Ticket one = t.MakeTicket(), two = t.MakeTicket();                 // 4, 5
  t.Must<Ticket>(CancelTicket{one.ticket_id, ""});                   // 6
  t.Must<Deleted>(DeleteQueue{"p", "gone", ""});                     // 7
  Ticket three = t.MakeTicket();                                     // 8

  PoolChange all = t.Changes("p", 2).value();
  CHECK(all.from_revision == 2);
  CHECK(all.to_revision == 8);
  CHECK(RevisionsOf(all.tickets) == std::vector<int64_t>{5, 6, 8});
  CHECK(all.tickets[1].state == TicketState::kCancelled);
  CHECK(all.queues.empty());
  CHECK(all.deleted_queues == std::vector<DeletedQueue>{{"gone", 7}});

  PoolChange page = t.Changes("p", 2, 2).value();
  CHECK(page.to_revision == 6);
  CHECK(RevisionsOf(page.tickets) == std::vector<int64_t>{5, 6});
  CHECK(page.deleted_queues.empty());
  PoolChange rest = t.Changes("p", 6, 2).value();
  CHECK(rest.to_revision == 8);
  CHECK(RevisionsOf(rest.tickets) == std::vector<int64_t>{8});
  CHECK(rest.deleted_queues.size() == 1);

  PoolChange nothing = t.Changes("p", 8).value();
  CHECK(nothing.to_revision == 8);
  CHECK(nothing.tickets.empty());
  absl::Status ahead = t.Changes("p", 9).status();
  CHECK(ahead.code() == absl::StatusCode::kOutOfRange);
  CHECK(ErrorReason(t.Changes("none", 1).status()) == "POOL_NOT_FOUND");

  // A queue that was made anew is not told as deleted.
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "gone"}});
  PoolChange anew = t.Changes("p", 6).value();
  CHECK(anew.deleted_queues.empty());
  CHECK(anew.queues.size() == 1);
}

TEST_CASE("deleted queues are told for a while, then older feeds are out of range", "[feeds]") {
  StoreTester t;
  t.MakePool();
  t.Must<Deleted>(DeleteQueue{"p", "q", ""});  // 3
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "r"}});
  CHECK(t.store->Sweep(t.now + kChangeMemory).value().deleted_queues == 0);
  CHECK(t.Changes("p", 1).ok());
  absl::StatusOr<SweepReport> swept = t.store->Sweep(t.now + kChangeMemory + absl::Seconds(1));
  CHECK(swept.value().deleted_queues == 1);
  CHECK(t.Changes("p", 2).status().code() == absl::StatusCode::kOutOfRange);
  CHECK(ErrorReason(t.Changes("p", 2).status()) == "REVISION_PURGED");
  CHECK(t.Changes("p", 3).ok());
}

TEST_CASE("a pool that is made anew cannot be taken for the old one", "[feeds]") {
  StoreTester t;
  t.MakePool();
  Ticket old = t.MakeTicket();
  t.Must<Ticket>(CancelTicket{old.ticket_id, ""});  // 4
  t.changes.clear();
  t.Must<Deleted>(DeletePool{"p", ""});
  REQUIRE(t.changes.size() == 1);
  CHECK(t.changes[0].pool_deleted);
  const int64_t last = t.changes[0].to_revision;
  PoolChange gone = t.Changes("p", 3).value();
  CHECK(gone.pool_deleted);
  CHECK(gone.to_revision == last);
  CHECK(t.Revisions({"p"}) == Store::Revisions{{"p", last}});

  t.MakePool();
  CHECK(t.GetPool("p").value().revision > last);
  CHECK(ErrorReason(t.Changes("p", 3).status()) == "REVISION_PURGED");
  CHECK(t.Changes("p", last).value().tickets.empty());
  CHECK(!t.GetTicket(old.ticket_id).ok());
  CHECK(t.ListTickets({"p"}).value().empty());
  CHECK(!t.Try(CancelTicket{old.ticket_id, ""}).ok());
  Ticket young = t.MakeTicket();
  CHECK(t.store->Sweep(t.now).value().tickets == 1);
  CHECK(t.store->Sweep(t.now).value().tickets == 0);
  CHECK(t.GetTicket(young.ticket_id).value() == young);
}

TEST_CASE("a pool deleted and made anew within a batch", "[feeds]") {
  StoreTester t;
  t.MakePool();
  t.changes.clear();
  Applied applied = t.Batch({t.MutationOf(DeletePool{"p", ""}),
                             t.MutationOf(CreatePool{{.pool_id = "p", .display_name = "new"}}),
                             t.MutationOf(CreateQueue{{.pool_id = "p", .queue_id = "s"}})});
  for (const auto& outcome : applied.outcomes) CHECK(outcome.ok());
  CHECK(applied.changes.at(0).pool_deleted);
  CHECK(t.GetPool("p").value().display_name == "new");
  CHECK(t.ListQueues("p", "", 10).value() == std::vector<std::string>{"s"});
  CHECK(t.GetPool("p").value().revision == applied.changes.at(0).to_revision);
}

// Whatever is done, in whatever batches: the changes that the commits tell, added up, are the pool.
TEST_CASE("changes add up to the snapshot", "[feeds]") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto roll = [&](int sides) { return static_cast<int>(random() % sides); };
  StoreTester t;
  t.MakePool();
  std::vector<Ticket> known;
  for (int batch = 0; batch < 40; ++batch) {
    std::vector<Mutation> mutations;
    for (int i = roll(6); i >= 0; --i) {
      if (known.empty() || roll(2) == 0) {
        Ticket ticket{.ticket_id = NewId("t"), .pool_id = "p", .queue_id = "q", .customer_id = "c"};
        known.push_back(ticket);
        mutations.push_back(t.MutationOf(CreateTicket{ticket}));
      } else if (roll(4) == 0) {
        mutations.push_back(
            t.MutationOf(CancelTicket{known[roll(known.size())].ticket_id, "", roll(2) == 0}));
      } else {
        const auto event = static_cast<TicketEvent>(2 + roll(5));
        mutations.push_back(
            t.MutationOf(RecordProgress{"p", {t.Entry(known[roll(known.size())], event)}}));
      }
    }
    t.Batch(mutations);
  }
  std::map<std::string, Ticket> told;
  int64_t revision = 0;
  for (const PoolChange& change : t.changes) {
    CHECK(change.from_revision == revision);
    revision = change.to_revision;
    for (const Ticket& ticket : change.tickets) told[ticket.ticket_id] = ticket;
  }
  PoolSnapshot snapshot = t.Snapshot("p").value();
  CHECK(snapshot.pool.revision == revision);
  std::vector<Ticket> live;
  int64_t waiting = 0;
  for (const auto& [ticket_id, ticket] : told) {
    CHECK(t.GetTicket(ticket_id).value() == ticket);
    if (IsLive(ticket.state)) live.push_back(ticket);
    waiting += ticket.state == TicketState::kQueued ? 1 : 0;
  }
  CHECK(snapshot.tickets == live);
  CHECK(t.Waiting()["p"] == waiting);
}

}  // namespace
}  // namespace muster::intake
