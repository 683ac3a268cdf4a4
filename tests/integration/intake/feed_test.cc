// The feed WatchTickets over gRPC.
#include "common/base/errors.h"
#include "common/db/database.h"
#include "common/db/pqxx_compat.h"
#include "common/obs/metrics.h"
#include "tests/integration/intake/harness.h"
#include "tests/support/catch.h"

namespace muster::intake {
namespace {

using Message = v1::WatchTicketsResponse;

// Reads a snapshot to its end; puts its tickets into `tickets`.
int64_t ReadSnapshot(Reader<Message>& feed, std::map<std::string, v1::Ticket>* tickets = nullptr) {
  while (std::optional<Message> message = feed.Next()) {
    if (message->has_snapshot_complete()) return message->snapshot_complete().revision();
    REQUIRE(message->has_chunk());
    for (const v1::Ticket& ticket : message->chunk().tickets()) {
      if (tickets != nullptr) (*tickets)[ticket.ticket_id()] = ticket;
    }
  }
  FAIL("the snapshot did not end");
  return 0;
}

// The next message with changes.
v1::WatchTicketsResponse::Changes NextChanges(Reader<Message>& feed) {
  auto message = feed.Await([](const Message& m) { return m.has_changes(); });
  REQUIRE(message.has_value());
  return message->changes();
}

void Execute(const std::string& url, const std::string& sql) {
  Connection connection({.url = url});
  absl::Status status = connection.Transact(
      [&](pqxx::work& tx) {
        tx.exec(sql);
        return absl::OkStatus();
      },
      absl::Now() + absl::Seconds(10));
  INFO(status);
  REQUIRE(status.ok());
}

TEST_CASE("a feed is a snapshot, its marker, and then every change in order", "[feed]") {
  // The poller would come too late: what arrives comes from memory.
  Node node([](Config& config) { config.feed_poll = absl::Seconds(60); });
  node.ApplyPool("p", {"q"});
  v1::Ticket before = node.CreateTicket("p", "q", "ann");
  v1::Ticket ended = node.CreateTicket("p", "q", "bo");
  node.CancelTicket(ended.ticket_id());
  auto feed = node.WatchTickets("p");
  std::map<std::string, v1::Ticket> tickets;
  auto first = feed->Next();
  REQUIRE(first.has_value());
  CHECK(first->chunk().pool().pool_id() == "p");
  CHECK(first->chunk().queues(0).queue_id() == "q");
  for (const v1::Ticket& ticket : first->chunk().tickets()) tickets[ticket.ticket_id()] = ticket;
  int64_t revision = ReadSnapshot(*feed, &tickets);
  REQUIRE(tickets.size() == 1);
  CHECK(tickets.begin()->second.SerializeAsString() == before.SerializeAsString());

  v1::Ticket next = node.CreateTicket("p", "q", "cy");
  v1::WatchTicketsResponse::Changes changes = NextChanges(*feed);
  CHECK(changes.revision() == revision + 1);
  CHECK(changes.tickets(0).SerializeAsString() == next.SerializeAsString());
  node.Assign(next, "ann");
  node.Resolve(next);
  CHECK(NextChanges(*feed).tickets(0).state() == v1::TICKET_STATE_ASSIGNED);
  changes = NextChanges(*feed);
  CHECK(changes.tickets(0).state() == v1::TICKET_STATE_RESOLVED);
  CHECK(changes.revision() == revision + 3);

  node.CancelTicket(before.ticket_id());
  CHECK(NextChanges(*feed).tickets(0).state() == v1::TICKET_STATE_CANCELLED);
  node.ApplyPool("p", {"other"});
  changes = NextChanges(*feed);
  CHECK(changes.deleted_queue_ids(0) == "q");
  CHECK(changes.queues(0).queue_id() == "other");

  // A client that comes back is told what it has missed, and nothing else.
  auto again = node.WatchTickets("p", revision + 2);
  changes = NextChanges(*again);
  CHECK(changes.tickets_size() == 2);
  CHECK(changes.queues_size() == 1);
  CHECK(changes.revision() == revision + 6);
  node.CreateTicket("p", "other", "di");
  CHECK(NextChanges(*again).revision() == revision + 7);
  CHECK(NextChanges(*feed).revision() == revision + 7);
}

TEST_CASE("what cannot be told is refused", "[feed]") {
  Node node([](Config& config) { config.sweep_interval = absl::Milliseconds(100); });
  node.ApplyPool("p", {"q", "old"});
  node.ApplyPool("p", {"q"});
  const auto end_of = [&](const std::string& pool_id, int64_t after) {
    auto feed = node.WatchTickets(pool_id, after);
    return feed->End().value_or(absl::UnknownError("it goes on"));
  };
  CHECK(end_of("p", 1'000).code() == absl::StatusCode::kOutOfRange);
  CHECK(ErrorReason(end_of("p", 1'000)) == "REVISION_UNKNOWN");
  CHECK(ErrorReason(end_of("none", 0)) == "POOL_NOT_FOUND");
  CHECK(ErrorReason(end_of("none", 7)) == "POOL_NOT_FOUND");
  CHECK(ErrorField(end_of("No pool", 0)) == "pool_id");
  CHECK(ErrorField(end_of("", 0)) == "pool_id");
  CHECK(ErrorField(end_of("p", -1)) == "after_revision");

  // A queue was deleted at revision 4; after a ticket two days later nobody remembers.
  Execute(node.config().database_url,
          "UPDATE intake.pool_change SET change_time = change_time - interval '2 days'");
  node.CreateTicket("p", "q", "c");
  CHECK(Eventually([&] {
    auto feed = node.WatchTickets("p", 3);
    auto end = feed->End(absl::Milliseconds(200));
    return end.has_value() && ErrorReason(*end) == "REVISION_PURGED";
  }));
  auto feed = node.WatchTickets("p", 4);
  CHECK(NextChanges(*feed).revision() == 5);
}

TEST_CASE("changes of another node arrive, between one's own, without a gap", "[feed]") {
  Node here;
  Node there(here.config().database_url);
  here.ApplyPool("p", {"q"});
  auto feed_here = here.WatchTickets("p");
  auto feed_there = there.WatchTickets("p");
  const int64_t start = ReadSnapshot(*feed_here);
  CHECK(ReadSnapshot(*feed_there) == start);
  constexpr int kTickets = 60;
  std::vector<std::thread> writers;
  for (Node* node : {&here, &there}) {
    writers.emplace_back([node] {
      for (int i = 0; i < kTickets / 2; ++i) {
        if (!node->TryCreateTicket("p", "q", "c").ok()) return;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (Reader<Message>* feed : {feed_here.get(), feed_there.get()}) {
    std::set<std::string> seen;
    int64_t revision = start;
    while (revision < start + kTickets) {
      v1::WatchTicketsResponse::Changes changes = NextChanges(*feed);
      CHECK(changes.revision() > revision);
      revision = changes.revision();
      for (const v1::Ticket& ticket : changes.tickets()) {
        CHECK(ticket.revision() <= revision);
        seen.insert(ticket.ticket_id());
      }
    }
    CHECK(revision == start + kTickets);
    CHECK(seen.size() == kTickets);
  }
}

TEST_CASE("an idle feed says how far it is", "[feed]") {
  Node node([](Config& config) { config.feed_progress = absl::Milliseconds(30); });
  node.ApplyPool("p", {"q"});
  auto feed = node.WatchTickets("p");
  const int64_t revision = ReadSnapshot(*feed);
  for (int i = 0; i < 2; ++i) {
    auto message = feed->Next();
    REQUIRE(message.has_value());
    REQUIRE(message->has_progress());
    CHECK(message->progress().revision() == revision);
  }
}

TEST_CASE("the feed of a deleted pool ends", "[feed]") {
  Node here;
  Node there(here.config().database_url);
  here.ApplyPool("p", {"q"});
  auto feed_here = here.WatchTickets("p");
  auto feed_there = there.WatchTickets("p");
  const int64_t revision = ReadSnapshot(*feed_here);
  ReadSnapshot(*feed_there);
  v1::DeletePoolRequest remove;
  remove.set_pool_id("p");
  REQUIRE(here.Call(&Stub::DeletePool, remove).ok());
  for (Reader<Message>* feed : {feed_here.get(), feed_there.get()}) {
    v1::WatchTicketsResponse::Changes changes = NextChanges(*feed);
    CHECK(changes.pool_deleted());
    CHECK(changes.revision() > revision);
    CHECK(feed->End() == absl::OkStatus());
  }
  // A new pool of that name is another one.
  here.ApplyPool("p", {"q"});
  auto stale = here.WatchTickets("p", revision);
  CHECK(stale->End()->code() == absl::StatusCode::kOutOfRange);
}

TEST_CASE("a reader who does not read is cut off", "[feed]") {
  Node node([](Config& config) { config.feed_queue = 200; });
  node.ApplyPool("p", {"q"});
  auto slow = node.WatchTickets("p", 0, /*read=*/false);
  auto quick = node.WatchTickets("p");
  const int64_t start = ReadSnapshot(*quick);
  v1::BatchCreateTicketsRequest batch;
  batch.set_pool_id("p");
  for (int i = 0; i < 100; ++i) {
    v1::Ticket* ticket = batch.add_requests()->mutable_ticket();
    ticket->set_queue_id("q");
    ticket->set_customer_id("c");
    ticket->set_text(std::string(16'000, 'x'));
  }
  const auto subscribers_are = [](int count) {
    return ProcessMetrics().Text().find("muster_intake_feed_subscribers " + std::to_string(count) +
                                        "\n") != std::string::npos;
  };
  REQUIRE(Eventually([&] { return subscribers_are(2); }));
  // The quick reader keeps up; the server is not held up by the slow one, and lets go of it.
  int64_t seen = start;
  int64_t written = start;
  CHECK(Eventually(
      [&] {
        REQUIRE(node.Call(&Stub::BatchCreateTickets, batch).ok());
        written += batch.requests_size();
        while (seen < written) seen = NextChanges(*quick).revision();
        // Enough to fill what lies between; from then on a little is as good.
        if (written - start >= 1'200)
          batch.mutable_requests()->DeleteSubrange(0, batch.requests_size() - 1);
        return subscribers_are(1);
      },
      absl::Seconds(60)));
  slow->Read();
  auto end = slow->End();
  REQUIRE(end.has_value());
  INFO(*end);
  CHECK((ErrorReason(*end) == "SLOW_READER" || absl::IsCancelled(*end)));
  CHECK(quick->End(absl::Milliseconds(10)) == std::nullopt);
}

TEST_CASE("feeds end when the service drains", "[feed]") {
  Node node;
  node.ApplyPool("p", {"q"});
  auto feed = node.WatchTickets("p");
  ReadSnapshot(*feed);
  node.Stop();
  CHECK(absl::IsUnavailable(*feed->End()));
}

}  // namespace
}  // namespace muster::intake
