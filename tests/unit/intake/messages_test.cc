#include "services/intake/feed/messages.h"

#include "tests/support/catch.h"

namespace muster::intake {
namespace {

Ticket TicketAt(int64_t revision, size_t bytes = 0) {
  Ticket ticket;
  ticket.ticket_id = "t-" + std::to_string(revision);
  ticket.revision = revision;
  ticket.text = std::string(bytes, 'x');
  return ticket;
}

TEST_CASE("an empty pool's snapshot is a chunk and the marker", "[feed]") {
  auto messages = MessagesOf(PoolSnapshot{.pool = {.pool_id = "p", .revision = 7}});
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].chunk().pool().pool_id() == "p");
  CHECK(messages[1].snapshot_complete().revision() == 7);
}

TEST_CASE("a snapshot is cut by rows and by bytes", "[feed]") {
  PoolSnapshot snapshot{.pool = {.pool_id = "p", .revision = 5'000}, .queues = {Queue{}}};
  SECTION("by rows") {
    for (int i = 0; i < 2 * kMaxFeedRows; ++i) snapshot.tickets.push_back(TicketAt(i + 1));
  }
  SECTION("by bytes") {
    for (int i = 0; i < 40; ++i) snapshot.tickets.push_back(TicketAt(i + 1, 100'000));
  }
  auto messages = MessagesOf(snapshot);
  CHECK(messages.size() > 3);
  size_t tickets = 0;
  for (size_t i = 0; i + 1 < messages.size(); ++i) {
    CHECK(messages[i].has_chunk());
    CHECK(messages[i].ByteSizeLong() <= kMaxFeedBytes + 256 * 1024);
    CHECK(messages[i].chunk().tickets_size() <= kMaxFeedRows);
    for (const v1::Ticket& ticket : messages[i].chunk().tickets()) {
      CHECK(ticket.ticket_id() == snapshot.tickets[tickets++].ticket_id);
    }
  }
  CHECK(tickets == snapshot.tickets.size());
  CHECK(messages.back().snapshot_complete().revision() == 5'000);
}

TEST_CASE("changes come in order of revision, and each part says how far it goes", "[feed]") {
  PoolChange change{.pool_id = "p", .from_revision = 2, .to_revision = 2'000};
  change.queues = {{.queue_id = "q", .revision = 1'999}};
  change.deleted_queues = {{"old", 3}};
  for (int64_t revision = 1'200; revision > 4; --revision) {
    change.tickets.push_back(TicketAt(revision));
  }
  auto messages = MessagesOf(change);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].changes().deleted_queue_ids(0) == "old");
  CHECK(messages[2].changes().queues(0).queue_id() == "q");
  CHECK(messages[2].changes().revision() == 2'000);
  int64_t before = 2, next = 5;
  for (const auto& message : messages) {
    CHECK(RowsIn(message) <= kMaxFeedRows);
    for (const v1::Ticket& ticket : message.changes().tickets()) {
      CHECK(ticket.revision() == next++);
      CHECK(ticket.revision() > before);
      CHECK(ticket.revision() <= message.changes().revision());
    }
    before = message.changes().revision();
  }
  CHECK(next == 1'201);
}

TEST_CASE("a change without rows still tells its revision, no change tells nothing", "[feed]") {
  auto messages = MessagesOf(PoolChange{.pool_id = "p", .from_revision = 2, .to_revision = 3});
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].changes().revision() == 3);
  CHECK(RowsIn(messages[0]) == 1);
  CHECK(MessagesOf(PoolChange{.pool_id = "p", .from_revision = 3, .to_revision = 3}).empty());
  messages = MessagesOf(
      PoolChange{.pool_id = "p", .from_revision = 3, .to_revision = 3, .pool_deleted = true});
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].changes().pool_deleted());
}

}  // namespace
}  // namespace muster::intake
