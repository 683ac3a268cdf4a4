// The contract of every Store: tickets.
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "tests/unit/intake/store_tester.h"

namespace muster::intake {
namespace {

using enum TicketState;

Ticket FullTicket() {
  Ticket ticket;
  ticket.ticket_id = NewId("t");
  ticket.pool_id = "p";
  ticket.queue_id = "q";
  ticket.customer_id = "Åsa {1}, \"x\" \\ NULL";
  ticket.channel = Channel::kVoice;
  ticket.language = "pt-BR";
  ticket.extra_skills = {{"cards", 4}};
  ticket.priority_ahead = absl::Milliseconds(90'500);
  ticket.subject = "Card\nlost";
  ticket.text = std::string("text \x01 with a control");
  ticket.preferred_agent_id = "ann";
  ticket.attributes = {{"plan", "gold"}, {"x", ""}};
  ticket.origin =
      Origin{"bot",
             "asked twice",
             {{"customer", "help", absl::FromUnixSeconds(5)}, {"bot", "no", std::nullopt}}};
  ticket.request_id = "order-17";
  return ticket;
}

TEST_CASE("a ticket keeps all that it was given", "[tickets]") {
  StoreTester t;
  t.Must<Pool>(CreatePool{{.pool_id = "p"}});
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "q", .time_to_live = absl::Minutes(5)}});
  const Ticket wanted = FullTicket();
  Ticket created = t.Must<Ticket>(CreateTicket{wanted}, {"order-17", 1});
  Ticket expected = wanted;
  expected.state = kQueued;
  expected.create_time = t.now;
  expected.expire_time = t.now + absl::Minutes(5);
  expected.revision = 3;
  CHECK(created == expected);
  CHECK(t.GetTicket(wanted.ticket_id).value() == expected);

  // The same request: the first ticket, although the server has made another id for it.
  Ticket again = wanted;
  again.ticket_id = NewId("t");
  t.Must<Ticket>(CancelTicket{wanted.ticket_id, "", false});
  CHECK(t.Must<Ticket>(CreateTicket{again}, {"order-17", 1}) == expected);
  CHECK(!t.GetTicket(again.ticket_id).ok());
  CHECK(ErrorReason(t.Try(CreateTicket{again}, {"order-17", 2}).status()) == "REQUEST_ID_REUSED");
}

TEST_CASE("a ticket without a request is not remembered as one", "[tickets]") {
  StoreTester t;
  t.MakePool();
  const Ticket first = t.Must<Ticket>(CreateTicket{FullTicket()}, {});
  const Ticket second = t.Must<Ticket>(CreateTicket{FullTicket()}, {});
  CHECK(first.ticket_id != second.ticket_id);
  CHECK(t.Waiting()["p"] == 2);
}

TEST_CASE("a batch holds the same request twice, and other requests", "[tickets]") {
  StoreTester t;
  t.MakePool();
  Ticket ticket = FullTicket(), twin = FullTicket(), other = FullTicket();
  Applied applied = t.Batch({t.MutationOf(CreateTicket{ticket}, {"a", 1}),
                             t.MutationOf(CreateTicket{twin}, {"a", 1}),
                             t.MutationOf(CreateTicket{other}, {"a", 2}),
                             t.MutationOf(CancelTicket{ticket.ticket_id, "gone"}, {"b", 1}),
                             t.MutationOf(CancelTicket{ticket.ticket_id, "gone"}, {"c", 1})});
  CHECK(std::get<Ticket>(*applied.outcomes[0]).ticket_id == ticket.ticket_id);
  CHECK(std::get<Ticket>(*applied.outcomes[1]).ticket_id == ticket.ticket_id);
  CHECK(ErrorReason(applied.outcomes[2].status()) == "REQUEST_ID_REUSED");
  CHECK(std::get<Ticket>(*applied.outcomes[3]).state == kCancelled);
  CHECK(ErrorReason(applied.outcomes[4].status()) == "TICKET_ENDED");
  CHECK(t.GetTicket(ticket.ticket_id).value().state == kCancelled);
  CHECK(t.Waiting()["p"] == 0);
  CHECK(applied.changes.at(0).states_before == std::vector<TicketState>{kUnspecified});
}

TEST_CASE("a ticket for an unknown pool or queue names the field", "[tickets]") {
  StoreTester t;
  Ticket ticket = FullTicket();
  absl::Status status = t.Try(CreateTicket{ticket}).status();
  CHECK(status.code() == absl::StatusCode::kNotFound);
  CHECK(ErrorField(status) == "ticket.pool_id");
  t.MakePool();
  ticket.queue_id = "none";
  status = t.Try(CreateTicket{ticket}).status();
  CHECK(status.code() == absl::StatusCode::kNotFound);
  CHECK(ErrorField(status) == "ticket.queue_id");
}

TEST_CASE("a full queue takes no more until one leaves", "[tickets]") {
  StoreTester t;
  t.Must<Pool>(CreatePool{{.pool_id = "p"}});
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "q", .most_waiting = 2}});
  Ticket first = t.MakeTicket();
  // Both in one batch: one fits.
  Ticket second = FullTicket(), third = FullTicket();
  Applied applied =
      t.Batch({t.MutationOf(CreateTicket{second}), t.MutationOf(CreateTicket{third})});
  CHECK(applied.outcomes[0].ok());
  CHECK(applied.outcomes[1].status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(ErrorReason(applied.outcomes[1].status()) == "QUEUE_FULL");
  CHECK(t.Waiting()["p"] == 2);
  SECTION("to an agent") { t.Progress(t.Entry(first, TicketEvent::kAssigned)); }
  SECTION("for good") { t.Must<Ticket>(CancelTicket{first.ticket_id, ""}); }
  SECTION("expired") { t.Progress(t.Entry(first, TicketEvent::kExpired)); }
  SECTION("aside") { t.Progress(t.Entry(first, TicketEvent::kHeld)); }
  CHECK(t.Waiting()["p"] == 1);
  t.Must<Ticket>(CreateTicket{third});
}

TEST_CASE("a customer leaves", "[cancel]") {
  StoreTester t;
  t.MakePool();
  Ticket ticket = t.MakeTicket();
  const auto cancel = [&](bool even_if_assigned) {
    return t.Try(CancelTicket{ticket.ticket_id, "tired", even_if_assigned});
  };
  SECTION("while waiting") {
    t.now += absl::Seconds(7);
    Ticket left = std::get<Ticket>(cancel(false).value());
    CHECK(left.state == kCancelled);
    CHECK(left.end_reason == "tired");
    CHECK(left.end_time == t.now);
    CHECK(left.revision > ticket.revision);
    CHECK(t.changes.back().states_before == std::vector<TicketState>{kQueued});
    CHECK(t.GetTicket(ticket.ticket_id).value() == left);
    CHECK(ErrorReason(cancel(true).status()) == "TICKET_ENDED");
  }
  SECTION("while held") {
    t.Progress(t.Entry(ticket, TicketEvent::kHeld));
    CHECK(cancel(false).ok());
  }
  SECTION("while an agent is at work, if that is meant") {
    t.Progress(t.Entry(ticket, TicketEvent::kAssigned));
    absl::Status status = cancel(false).status();
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(ErrorReason(status) == "TICKET_ASSIGNED");
    CHECK(std::get<Ticket>(cancel(true).value()).state == kCancelled);
    // The matcher's word comes too late.
    CHECK(t.Progress(t.Entry(ticket, TicketEvent::kResolved)) ==
          ProgressAnswer{ticket.ticket_id, ProgressOutcome::kRejected, kCancelled});
  }
  SECTION("after the end") {
    t.Progress(t.Entry(ticket, TicketEvent::kExpired));
    CHECK(ErrorReason(cancel(true).status()) == "TICKET_ENDED");
  }
  SECTION("one that never was") {
    absl::Status status = t.Try(CancelTicket{"t-none", ""}).status();
    CHECK(ErrorReason(status) == "TICKET_NOT_FOUND");
    CHECK(ErrorField(status) == "ticket_id");
  }
}

TEST_CASE("a pool or queue that drains takes no new tickets", "[create]") {
  StoreTester t;
  t.MakePool();
  Ticket before = t.MakeTicket();
  const auto phases = [&](Phase pool, Phase queue) {
    t.Must<Pool>(UpdatePool{{.pool_id = "p", .rules = {.phase = pool}}, ""});
    t.Must<Queue>(UpdateQueue{{.pool_id = "p", .queue_id = "q", .rules = {.phase = queue}}, ""});
  };
  struct Case {
    Phase pool, queue;
    std::string reason;  // empty: it is taken
  };
  const std::vector<Case> cases = {{Phase::kOpen, Phase::kOpen, ""},
                                   {Phase::kPaused, Phase::kOpen, ""},
                                   {Phase::kOpen, Phase::kPaused, ""},
                                   {Phase::kDraining, Phase::kOpen, "POOL_DRAINING"},
                                   {Phase::kOpen, Phase::kDraining, "QUEUE_DRAINING"},
                                   {Phase::kDraining, Phase::kDraining, "POOL_DRAINING"}};
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    phases(cases[i].pool, cases[i].queue);
    Ticket wanted{.ticket_id = NewId("t"), .pool_id = "p", .queue_id = "q", .customer_id = "c"};
    absl::Status status = t.Try(CreateTicket{wanted}).status();
    CHECK(status.ok() == cases[i].reason.empty());
    CHECK(ErrorReason(status) == cases[i].reason);
    if (!status.ok()) CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  }
  // What waits goes on.
  CHECK(t.Progress(t.Entry(before, TicketEvent::kAssigned)).outcome == ProgressOutcome::kApplied);
}

TEST_CASE("a held ticket keeps its history and is put back in its old place", "[hold]") {
  StoreTester t;
  t.MakePool();
  Ticket ticket = t.MakeTicket();
  CHECK(ErrorReason(t.Try(ReleaseTicket{ticket.ticket_id}).status()) == "TICKET_NOT_HELD");
  CHECK(ErrorReason(t.Try(ReleaseTicket{"t-none"}).status()) == "TICKET_NOT_FOUND");
  t.now += absl::Minutes(5);
  ProgressEntry held = t.Entry(ticket, TicketEvent::kHeld);
  held.reason = "MOST_REFUSALS";
  held.refusals = 3;
  CHECK(t.Progress(held).outcome == ProgressOutcome::kApplied);
  Ticket now = t.GetTicket(ticket.ticket_id).value();
  CHECK(now.state == kHeld);
  CHECK(now.end_reason == "MOST_REFUSALS");
  CHECK(now.hold_time == held.time);
  CHECK(now.refusal_count == 3);
  CHECK(t.ListTickets({"p", {kHeld}}).value() == std::vector<std::string>{ticket.ticket_id});
  CHECK(t.Waiting()["p"] == 0);
  // It does not expire while it is held.
  CHECK(t.Progress(t.Entry(ticket, TicketEvent::kExpired)).outcome == ProgressOutcome::kRejected);

  SECTION("in time") {
    t.now += absl::Hours(1);
    Ticket released = t.Must<Ticket>(ReleaseTicket{ticket.ticket_id}, {"r-1", 7});
    CHECK(released.state == kQueued);
    CHECK(released.create_time == ticket.create_time);
    CHECK(released.end_reason.empty());
    CHECK(released.hold_time == held.time);
    CHECK(released.refusal_count == 3);
    CHECK(released.revision > now.revision);
    CHECK(released.progress_revision == held.progress_revision);
    CHECK(t.GetTicket(ticket.ticket_id).value() == released);
    CHECK(t.Must<Ticket>(ReleaseTicket{ticket.ticket_id}, {"r-1", 7}) == released);
    CHECK(ErrorReason(t.Try(ReleaseTicket{ticket.ticket_id}).status()) == "TICKET_NOT_HELD");
    CHECK(t.Waiting()["p"] == 1);
    // And so again.
    CHECK(t.Progress(t.Entry(ticket, TicketEvent::kHeld)).outcome == ProgressOutcome::kApplied);
  }
  SECTION("not after its time to live, unless its queue gives it more") {
    t.now = ticket.create_time + absl::Hours(24);
    CHECK(ErrorReason(t.Try(ReleaseTicket{ticket.ticket_id}).status()) == "TICKET_OUTLIVED");
    t.Must<Queue>(
        UpdateQueue{{.pool_id = "p", .queue_id = "q", .time_to_live = absl::Hours(25)}, ""});
    CHECK(t.Must<Ticket>(ReleaseTicket{ticket.ticket_id}).state == kQueued);
  }
  SECTION("the customer may leave") {
    CHECK(t.Must<Ticket>(CancelTicket{ticket.ticket_id, ""}).state == kCancelled);
    CHECK(ErrorReason(t.Try(ReleaseTicket{ticket.ticket_id}).status()) == "TICKET_NOT_HELD");
  }
}

TEST_CASE("progress is applied in order, once", "[progress]") {
  StoreTester t;
  t.MakePool();
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "second"}});
  Ticket ticket = t.MakeTicket();
  t.now += absl::Seconds(3);
  ProgressEntry assigned = t.Entry(ticket, TicketEvent::kAssigned);
  assigned.agent_display_name = "Ann";
  ProgressEntry requeued = t.Entry(ticket, TicketEvent::kRequeued);
  requeued.queue_id = "second";
  requeued.preferred_agent_id = "bo";
  requeued.interrupted = true;

  CHECK(t.Progress(assigned).outcome == ProgressOutcome::kApplied);
  Ticket now = t.GetTicket(ticket.ticket_id).value();
  CHECK(now.state == kAssigned);
  CHECK(now.agent_id == "ann");
  CHECK(now.agent_display_name == "Ann");
  CHECK(now.assignment_id == "p/1/1");
  CHECK(now.assign_time == t.now);
  CHECK(now.progress_revision == assigned.progress_revision);
  CHECK(t.Progress(assigned) ==
        ProgressAnswer{ticket.ticket_id, ProgressOutcome::kStale, kAssigned});
  CHECK(t.GetTicket(ticket.ticket_id).value() == now);

  CHECK(t.Progress(requeued).outcome == ProgressOutcome::kApplied);
  now = t.GetTicket(ticket.ticket_id).value();
  CHECK(now.state == kQueued);
  CHECK(now.queue_id == "second");
  CHECK(now.preferred_agent_id == "bo");
  CHECK(now.agent_id.empty());
  CHECK(now.assignment_id.empty());
  CHECK(now.requeue_count == 1);
  CHECK(now.interrupted);
  CHECK(now.create_time == ticket.create_time);
  // The old queue is empty now, the new one is not.
  t.Must<Deleted>(DeleteQueue{"p", "q", ""});
  CHECK(ErrorReason(t.Try(DeleteQueue{"p", "second", ""}).status()) == "QUEUE_NOT_EMPTY");

  // All of a life in one call, in order.
  ProgressEntry again = t.Entry(ticket, TicketEvent::kAssigned);
  ProgressEntry resolved = t.Entry(ticket, TicketEvent::kResolved);
  ProgressEntry disposition = t.Entry(ticket, TicketEvent::kResolved);
  disposition.reason = "solved";
  disposition.time = t.now + absl::Seconds(60);
  const auto answers = t.Must<std::vector<ProgressAnswer>>(
      RecordProgress{"p", {again, resolved, disposition, again}});
  const std::string& id = ticket.ticket_id;
  using enum ProgressOutcome;
  CHECK(answers == std::vector<ProgressAnswer>{{id, kApplied, kAssigned},
                                               {id, kApplied, kResolved},
                                               {id, kApplied, kResolved},
                                               {id, kStale, kResolved}});
  now = t.GetTicket(id).value();
  CHECK(now.state == kResolved);
  CHECK(now.end_reason == "solved");
  CHECK(now.end_time == resolved.time);
  CHECK(now.agent_id == "ann");
}

TEST_CASE("progress that does not fit is rejected, and the rest goes on", "[progress]") {
  StoreTester t;
  t.MakePool();
  t.MakePool("other");
  Ticket good = t.MakeTicket(), ended = t.MakeTicket(), foreign = t.MakeTicket("other");
  t.Must<Ticket>(CancelTicket{ended.ticket_id, ""});
  Ticket none = good;
  none.ticket_id = "t-none";
  ProgressEntry wrong_assignment = t.Entry(good, TicketEvent::kResolved);
  ProgressEntry no_queue = t.Entry(good, TicketEvent::kRequeued);
  no_queue.queue_id = "none";
  const auto answers = t.Must<std::vector<ProgressAnswer>>(
      RecordProgress{"p",
                     {t.Entry(none, TicketEvent::kAssigned), t.Entry(ended, TicketEvent::kAssigned),
                      t.Entry(foreign, TicketEvent::kAssigned), wrong_assignment, no_queue,
                      t.Entry(good, TicketEvent::kAssigned)}});
  using enum ProgressOutcome;
  CHECK(answers == std::vector<ProgressAnswer>{{"t-none", kRejected, kUnspecified},
                                               {ended.ticket_id, kRejected, kCancelled},
                                               {foreign.ticket_id, kRejected, kUnspecified},
                                               {good.ticket_id, kRejected, kQueued},
                                               {good.ticket_id, kRejected, kQueued},
                                               {good.ticket_id, kApplied, kAssigned}});
  CHECK(t.GetTicket(foreign.ticket_id).value() == foreign);
  absl::Status status = t.Try(RecordProgress{"none", {t.Entry(good, TicketEvent::kHeld)}}).status();
  CHECK(ErrorReason(status) == "POOL_NOT_FOUND");
}

TEST_CASE("tickets are listed by what they are, in pages, both ways", "[lists]") {
  StoreTester t;
  t.MakePool();
  t.MakePool("other");
  t.Must<Queue>(CreateQueue{{.pool_id = "p", .queue_id = "r"}});
  std::vector<std::string> ids;
  const auto add = [&](const std::string& queue_id, const std::string& customer_id) {
    ids.push_back(t.MakeTicket("p", queue_id, customer_id).ticket_id);
  };
  add("q", "ann");
  add("r", "bo");
  add("q", "bo");
  add("r", "ann");
  t.MakeTicket("other", "q", "bo");
  t.Must<Ticket>(CancelTicket{ids[0], ""});
  t.Progress(t.Entry(Ticket{.ticket_id = ids[1]}, TicketEvent::kAssigned));
  t.Progress(t.Entry(Ticket{.ticket_id = ids[2]}, TicketEvent::kHeld));

  struct Case {
    TicketFilter filter;
    std::vector<size_t> expected;  // indices into ids
  };
  const std::vector<Case> cases = {
      {{"p"}, {0, 1, 2, 3}},
      {{.pool_id = "p", .newest_first = true}, {3, 2, 1, 0}},
      {{"p", {kQueued}}, {3}},
      {{"p", {kCancelled}}, {0}},
      {{"p", {kCancelled, kHeld}}, {0, 2}},
      {{"p", {kQueued, kAssigned, kHeld}}, {1, 2, 3}},
      {{"p", {kResolved}}, {}},
      {{.pool_id = "p", .queue_id = "r"}, {1, 3}},
      {{.pool_id = "p", .customer_id = "bo"}, {1, 2}},
      {{"p", {kAssigned}, "r", "bo"}, {1}},
      {{"p", {}, "none"}, {}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    std::vector<std::string> expected;
    for (size_t index : cases[i].expected) expected.push_back(ids[index]);
    CHECK(t.ListTickets(cases[i].filter).value() == expected);
  }
  using Ids = std::vector<std::string>;
  CHECK(t.ListTickets({"p"}, "", 3).value() == Ids{ids[0], ids[1], ids[2]});
  CHECK(t.ListTickets({"p"}, ids[2], 3).value() == Ids{ids[3]});
  CHECK(t.ListTickets({.pool_id = "p", .newest_first = true}, ids[2], 3).value() ==
        Ids{ids[1], ids[0]});
  CHECK(ErrorReason(t.ListTickets({"none"}).status()) == "POOL_NOT_FOUND");
}

}  // namespace
}  // namespace muster::intake
