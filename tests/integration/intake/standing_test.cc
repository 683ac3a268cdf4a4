// WatchTicket over gRPC: what a waiting customer sees.
#include "common/base/errors.h"
#include "tests/integration/intake/harness.h"
#include "tests/support/catch.h"

namespace muster::intake {
namespace {

using Standing = v1::TicketStanding;

void Quick(Config& config) { config.standing_interval = absl::Milliseconds(30); }

TEST_CASE("a customer sees position, estimate, agent, and the end", "[standing]") {
  Node node(Quick);
  node.ApplyPool("p", {"q", "other"});
  v1::Ticket first = node.CreateTicket("p", "q", "ann");
  v1::Ticket second = node.CreateTicket("p", "q", "bo");
  node.CreateTicket("p", "other", "cy");
  auto watch = node.WatchTicket(second.ticket_id());
  auto standing = watch->Next();
  REQUIRE(standing.has_value());
  CHECK(standing->ticket_id() == second.ticket_id());
  CHECK(standing->state() == v1::TICKET_STATE_QUEUED);
  CHECK(standing->position() == 2);
  CHECK_FALSE(standing->has_estimated_wait());
  CHECK(standing->has_time());

  node.Assign(first, "dan");
  standing = watch->Await([](const Standing& s) { return s.position() == 1; });
  REQUIRE(standing.has_value());
  CHECK(standing->has_estimated_wait());

  node.Assign(second, "eve");
  standing = watch->Await([](const Standing& s) { return s.state() == v1::TICKET_STATE_ASSIGNED; });
  REQUIRE(standing.has_value());
  CHECK(standing->position() == 0);
  CHECK(standing->agent_id() == "eve");
  CHECK(standing->agent_display_name() == "Agent eve");

  v1::ProgressEntry back;
  back.set_ticket_id(second.ticket_id());
  back.mutable_requeued()->set_reason("agent lost");
  node.Record("p", back);
  standing = watch->Await([](const Standing& s) { return s.state() == v1::TICKET_STATE_QUEUED; });
  REQUIRE(standing.has_value());
  CHECK(standing->position() == 1);
  CHECK(standing->agent_id().empty());

  node.Assign(second, "flo");
  node.Resolve(second);
  standing = watch->Await([](const Standing& s) { return s.state() == v1::TICKET_STATE_RESOLVED; });
  REQUIRE(standing.has_value());
  CHECK(standing->agent_id() == "flo");
  CHECK(watch->End() == absl::OkStatus());
}

TEST_CASE("many customers of a queue each see their own place", "[standing]") {
  Node node(Quick);
  node.ApplyPool("p", {"q"});
  std::vector<v1::Ticket> tickets;
  std::vector<std::unique_ptr<Reader<Standing>>> watches;
  for (int i = 0; i < 10; ++i) tickets.push_back(node.CreateTicket("p", "q", "c"));
  for (int i = 0; i < 10; ++i) watches.push_back(node.WatchTicket(tickets[i].ticket_id()));
  for (int i = 0; i < 10; ++i) {
    auto standing = watches[i]->Next();
    REQUIRE(standing.has_value());
    CHECK(standing->position() == i + 1);
  }
  node.CancelTicket(tickets[4].ticket_id());
  CHECK(
      watches[4]->Await([](const Standing& s) { return s.state() == v1::TICKET_STATE_CANCELLED; }));
  CHECK(watches[4]->End() == absl::OkStatus());
  for (int i = 5; i < 10; ++i) {
    CHECK(watches[i]->Await([i](const Standing& s) { return s.position() == i; }));
  }
  // Two watch the same ticket; one of them leaves.
  auto twin = node.WatchTicket(tickets[9].ticket_id());
  CHECK(twin->Next()->position() == 9);
  watches[9].reset();
  node.CancelTicket(tickets[9].ticket_id());
  CHECK(twin->End() == absl::OkStatus());
}

TEST_CASE("a ticket that has ended is told once", "[standing]") {
  Node node(Quick);
  node.ApplyPool("p", {"q"});
  v1::Ticket ticket = node.CreateTicket("p", "q", "c");
  node.Assign(ticket, "ann");
  node.Resolve(ticket);
  auto watch = node.WatchTicket(ticket.ticket_id());
  auto standing = watch->Next();
  REQUIRE(standing.has_value());
  CHECK(standing->state() == v1::TICKET_STATE_RESOLVED);
  CHECK(standing->agent_id() == "ann");
  CHECK(watch->Next() == std::nullopt);
  CHECK(watch->End() == absl::OkStatus());
}

TEST_CASE("what cannot be watched", "[standing]") {
  Node node(Quick);
  const auto end_of = [&](const std::string& ticket_id) {
    return *node.WatchTicket(ticket_id)->End();
  };
  CHECK(ErrorReason(end_of("t-none")) == "TICKET_NOT_FOUND");
  CHECK(ErrorField(end_of("")) == "ticket_id");
  CHECK(ErrorField(end_of("T!")) == "ticket_id");
}

TEST_CASE("a customer may watch at another node than where the ticket was made", "[standing]") {
  Node here(Quick);
  Node there(here.config().database_url);
  here.ApplyPool("p", {"q"});
  v1::Ticket first = here.CreateTicket("p", "q", "ann");
  auto watch = there.WatchTicket(first.ticket_id());
  CHECK(watch->Next()->position() == 1);
  // The board at `there` stands by now; this one comes before its feed does.
  v1::Ticket second = here.CreateTicket("p", "q", "bo");
  auto other = there.WatchTicket(second.ticket_id());
  CHECK(other->Next()->position() == 2);
  here.CancelTicket(first.ticket_id());
  CHECK(watch->Await([](const Standing& s) { return s.state() == v1::TICKET_STATE_CANCELLED; }));
  CHECK(other->Await([](const Standing& s) { return s.position() == 1; }));
}

TEST_CASE("standings end when the service drains", "[standing]") {
  Node node(Quick);
  node.ApplyPool("p", {"q"});
  auto watch = node.WatchTicket(node.CreateTicket("p", "q", "c").ticket_id());
  REQUIRE(watch->Next().has_value());
  node.Stop();
  CHECK(absl::IsUnavailable(*watch->End()));
}

}  // namespace
}  // namespace muster::intake
