// The contract of every Store: pools and queues.
#include "common/base/errors.h"
#include "tests/unit/intake/store_tester.h"

namespace muster::intake {
namespace {

using Outcomes = std::vector<AppliedPool::QueueOutcome>;

Queue QueueNamed(const std::string& queue_id, int weight = 1) {
  return {.pool_id = "p", .queue_id = queue_id, .weight = weight};
}

TEST_CASE("a pool is created, read, updated by etag, deleted", "[pools]") {
  StoreTester t;
  Pool created = t.Must<Pool>(CreatePool{{.pool_id = "p", .display_name = "Bank"}});
  CHECK(created.revision == 1);
  CHECK(created.create_time == t.now);
  CHECK(t.GetPool("p").value() == created);
  CHECK(ErrorReason(t.Try(CreatePool{{.pool_id = "p"}}).status()) == "POOL_ALREADY_EXISTS");

  t.now += absl::Seconds(1);
  const std::string etag = EtagOf(created.update_revision);
  Pool updated = t.Must<Pool>(UpdatePool{{.pool_id = "p", .display_name = "B"}, etag});
  CHECK(updated.display_name == "B");
  CHECK(updated.revision == 2);
  CHECK(updated.create_time == created.create_time);
  CHECK(updated.update_time == t.now);
  absl::Status stale = t.Try(UpdatePool{{.pool_id = "p"}, etag}).status();
  CHECK(stale.code() == absl::StatusCode::kAborted);
  CHECK(ErrorReason(stale) == "ETAG_MISMATCH");
  CHECK(t.GetPool("p").value() == updated);

  CHECK(ErrorReason(t.Try(DeletePool{"p", etag}).status()) == "ETAG_MISMATCH");
  t.Must<Deleted>(DeletePool{"p", EtagOf(updated.update_revision)});
  CHECK(ErrorReason(t.GetPool("p").status()) == "POOL_NOT_FOUND");
  CHECK(ErrorField(t.GetPool("p").status()) == "pool_id");
  CHECK(ErrorReason(t.Try(UpdatePool{{.pool_id = "p"}, ""}).status()) == "POOL_NOT_FOUND");
  CHECK(ErrorReason(t.Try(DeletePool{"p", ""}).status()) == "POOL_NOT_FOUND");
}

TEST_CASE("a queue keeps all that it was given", "[queues]") {
  StoreTester t;
  t.Must<Pool>(CreatePool{{.pool_id = "p"}});
  Queue wanted = QueueNamed("cards", 3);
  wanted.display_name = "Cards, \"gold\" {too}, \\ and ä";
  wanted.required_skills = {{"cards", 2}, {"loans.eu", 5}};
  wanted.priority_ahead = absl::Milliseconds(1500);
  wanted.target_wait = absl::Milliseconds(1);
  wanted.offer_timeout = absl::Minutes(10);
  wanted.time_to_live = absl::Hours(24 * 30);
  wanted.after_work_time = absl::Minutes(7);
  wanted.most_waiting = 12;
  Queue created = t.Must<Queue>(CreateQueue{wanted});
  CHECK(SameSettings(wanted, created));
  CHECK(created.revision == 2);
  CHECK(t.GetQueue("p", "cards").value() == created);

  t.now += absl::Seconds(1);
  wanted.weight = 4;
  wanted.required_skills.clear();
  Queue updated = t.Must<Queue>(UpdateQueue{wanted, EtagOf(created.revision)});
  CHECK(SameSettings(wanted, updated));
  CHECK(updated.revision == 3);
  CHECK(updated.create_time == created.create_time);
  CHECK(t.GetQueue("p", "cards").value() == updated);
  CHECK(ErrorReason(t.Try(UpdateQueue{wanted, EtagOf(created.revision)}).status()) ==
        "ETAG_MISMATCH");
}

TEST_CASE("what is said of queues that are not there", "[queues]") {
  StoreTester t;
  const auto reason = [&](Act act) { return ErrorReason(t.Try(std::move(act)).status()); };
  CHECK(reason(CreateQueue{QueueNamed("q")}) == "POOL_NOT_FOUND");
  CHECK(reason(UpdateQueue{QueueNamed("q"), ""}) == "POOL_NOT_FOUND");
  CHECK(reason(DeleteQueue{"p", "q", ""}) == "POOL_NOT_FOUND");
  CHECK(ErrorReason(t.GetQueue("p", "q").status()) == "POOL_NOT_FOUND");
  CHECK(ErrorReason(t.ListQueues("p", "", 10).status()) == "POOL_NOT_FOUND");
  t.MakePool();
  CHECK(reason(CreateQueue{QueueNamed("q")}) == "QUEUE_ALREADY_EXISTS");
  CHECK(reason(UpdateQueue{QueueNamed("r"), ""}) == "QUEUE_NOT_FOUND");
  CHECK(reason(DeleteQueue{"p", "r", ""}) == "QUEUE_NOT_FOUND");
  CHECK(ErrorReason(t.GetQueue("p", "r").status()) == "QUEUE_NOT_FOUND");
  CHECK(ErrorField(t.GetQueue("p", "r").status()) == "queue_id");
}

TEST_CASE("a queue or pool with live tickets stays", "[queues]") {
  StoreTester t;
  t.MakePool();
  Ticket ticket = t.MakeTicket();
  CHECK(ErrorReason(t.Try(DeleteQueue{"p", "q", ""}).status()) == "QUEUE_NOT_EMPTY");
  CHECK(ErrorReason(t.Try(DeletePool{"p", ""}).status()) == "POOL_NOT_EMPTY");
  t.Progress(t.Entry(ticket, TicketEvent::kAssigned));
  CHECK(ErrorReason(t.Try(DeleteQueue{"p", "q", ""}).status()) == "QUEUE_NOT_EMPTY");
  t.Progress(t.Entry(ticket, TicketEvent::kResolved));
  t.Must<Deleted>(DeleteQueue{"p", "q", ""});
  CHECK(t.GetTicket(ticket.ticket_id).value().state == TicketState::kResolved);
  t.Must<Deleted>(DeletePool{"p", ""});
  CHECK(ErrorReason(t.GetTicket(ticket.ticket_id).status()) == "TICKET_NOT_FOUND");
}

TEST_CASE("ApplyPool makes a pool be what it is told", "[apply]") {
  StoreTester t;
  using enum ApplyOutcome;
  const Pool pool{.pool_id = "p", .display_name = "Bank"};
  ApplyPool first{pool, {QueueNamed("b"), QueueNamed("a")}};

  AppliedPool dry = t.Must<AppliedPool>(ApplyPool{pool, first.queues, true});
  CHECK(dry.pool_outcome == kCreated);
  CHECK(dry.queue_outcomes == Outcomes{{"a", kCreated}, {"b", kCreated}});
  CHECK(dry.queues.empty());
  CHECK(t.changes.empty());
  CHECK(!t.GetPool("p").ok());

  AppliedPool made = t.Must<AppliedPool>(first);
  CHECK(made.pool_outcome == kCreated);
  CHECK(made.queue_outcomes == Outcomes{{"a", kCreated}, {"b", kCreated}});
  REQUIRE(made.queues.size() == 2);
  CHECK(made.queues[0].queue_id == "a");
  CHECK(made.pool.revision == 3);

  AppliedPool same = t.Must<AppliedPool>(first);
  CHECK(same.pool_outcome == kUnchanged);
  CHECK(same.queue_outcomes == Outcomes{{"a", kUnchanged}, {"b", kUnchanged}});
  CHECK(same.pool == made.pool);
  CHECK(same.queues == made.queues);

  AppliedPool next = t.Must<AppliedPool>(
      ApplyPool{{.pool_id = "p", .display_name = "B"}, {QueueNamed("b", 2), QueueNamed("c")}});
  CHECK(next.pool_outcome == kUpdated);
  CHECK(next.queue_outcomes == Outcomes{{"a", kDeleted}, {"b", kUpdated}, {"c", kCreated}});
  CHECK(t.ListQueues("p", "", 10).value() == std::vector<std::string>{"b", "c"});
  CHECK(t.GetPool("p").value().display_name == "B");
  CHECK(t.GetQueue("p", "b").value().create_time == made.queues[1].create_time);
}

TEST_CASE("ApplyPool changes nothing if a queue to be deleted has live tickets", "[apply]") {
  StoreTester t;
  t.MakePool();
  t.MakeTicket();
  const Pool before = t.GetPool("p").value();
  for (bool dry : {true, false}) {
    absl::Status status =
        t.Try(ApplyPool{{.pool_id = "p", .display_name = "new"}, {QueueNamed("other")}, dry})
            .status();
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(ErrorReason(status) == "QUEUE_NOT_EMPTY");
  }
  CHECK(t.GetPool("p").value() == before);
  CHECK(t.ListQueues("p", "", 10).value() == std::vector<std::string>{"q"});
}

TEST_CASE("the rules of pools and queues are kept as they were set", "[rules]") {
  StoreTester t;
  CHECK(t.Must<Pool>(CreatePool{{.pool_id = "d"}}).rules == PoolRules());
  CHECK(t.GetPool("d").value().rules == PoolRules());
  Pool pool{.pool_id = "p"};
  pool.rules = {
      absl::Minutes(1), absl::ZeroDuration(), absl::Seconds(7), false, absl::Milliseconds(9), 2, 0,
      Phase::kPaused};
  Queue queue{.pool_id = "p", .queue_id = "q"};
  queue.rules.preferred_skills = {{"gold", 3}};
  queue.rules.relax_steps = {{absl::Seconds(30), {{"cards", 1}}, false},
                             {absl::Seconds(90), {{"cards", 0}}, true}};
  queue.rules.target_boost = absl::ZeroDuration();
  queue.rules.most_refusals = 4;
  queue.rules.offers_at_once = 5;
  queue.rules.phase = Phase::kDraining;
  ApplyPool apply{pool, {queue}};
  AppliedPool made = t.Must<AppliedPool>(apply, {"r-1", 1});
  CHECK(made.pool.rules == pool.rules);
  CHECK(made.queues[0].rules == queue.rules);
  CHECK(t.GetPool("p").value() == made.pool);
  CHECK(t.GetQueue("p", "q").value() == made.queues[0]);
  CHECK(t.Snapshot("p").value().pool.rules == pool.rules);
  CHECK(t.Must<AppliedPool>(apply).pool_outcome == ApplyOutcome::kUnchanged);
  // The remembered answer has them, too.
  CHECK(t.Must<AppliedPool>(apply, {"r-1", 1}).pool == made.pool);
  CHECK(t.Must<AppliedPool>(apply, {"r-1", 1}).queues == made.queues);

  pool.rules.phase = Phase::kOpen;
  t.Must<Pool>(UpdatePool{pool, ""});
  CHECK(t.GetPool("p").value().rules == pool.rules);
  // A ticket's commit leaves them alone.
  queue.rules.phase = Phase::kOpen;
  t.Must<Queue>(UpdateQueue{queue, ""});
  t.MakeTicket();
  CHECK(t.GetPool("p").value().rules == pool.rules);
  CHECK(t.GetQueue("p", "q").value().rules == queue.rules);
}

TEST_CASE("a pool has a limited number of queues", "[queues]") {
  StoreTester t;
  ApplyPool apply{{.pool_id = "p"}};
  for (int i = 0; i < kMaxQueuesPerPool; ++i) {
    apply.queues.push_back(QueueNamed("q" + std::to_string(i)));
  }
  t.Must<AppliedPool>(apply);
  absl::Status status = t.Try(CreateQueue{QueueNamed("more")}).status();
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(ErrorReason(status) == "TOO_MANY_QUEUES");
}

TEST_CASE("pools and queues are listed by id, a page at a time", "[lists]") {
  StoreTester t;
  for (const char* id : {"b", "a", "c", "a-b", "a.b"}) t.Must<Pool>(CreatePool{{.pool_id = id}});
  using Ids = std::vector<std::string>;
  CHECK(t.ListPools("", 10) == Ids{"a", "a-b", "a.b", "b", "c"});
  CHECK(t.ListPools("", 2) == Ids{"a", "a-b"});
  CHECK(t.ListPools("a-b", 2) == Ids{"a.b", "b"});
  CHECK(t.ListPools("c", 2).empty());
  for (const char* id : {"z", "y", "x"}) {
    t.Must<Queue>(CreateQueue{{.pool_id = "a", .queue_id = id}});
  }
  t.Must<Queue>(CreateQueue{{.pool_id = "a-b", .queue_id = "w"}});
  CHECK(t.ListQueues("a", "", 2).value() == Ids{"x", "y"});
  CHECK(t.ListQueues("a", "y", 2).value() == Ids{"z"});
}

TEST_CASE("the same request gives the first answer, another one is refused", "[requests]") {
  StoreTester t;
  const RequestMark mark{"r-1", 17};
  Pool first = t.Must<Pool>(CreatePool{{.pool_id = "p", .display_name = "one"}}, mark);
  t.Must<Pool>(UpdatePool{{.pool_id = "p", .display_name = "two"}, ""}, {"r-2", 1});
  CHECK(t.Must<Pool>(CreatePool{{.pool_id = "p", .display_name = "one"}}, mark) == first);
  CHECK(t.GetPool("p").value().display_name == "two");
  absl::Status reused = t.Try(CreatePool{{.pool_id = "x"}}, {"r-1", 18}).status();
  CHECK(reused.code() == absl::StatusCode::kInvalidArgument);
  CHECK(ErrorReason(reused) == "REQUEST_ID_REUSED");

  // What failed is not remembered: it may succeed later.
  const RequestMark queue_mark{"r-3", 5};
  CHECK(!t.Try(CreateQueue{{.pool_id = "later", .queue_id = "q"}}, queue_mark).ok());
  t.Must<Pool>(CreatePool{{.pool_id = "later"}});
  t.Must<Queue>(CreateQueue{{.pool_id = "later", .queue_id = "q"}}, queue_mark);

  // Every kind of answer comes back whole.
  ApplyPool apply{{.pool_id = "w"}, {{.pool_id = "w", .queue_id = "q", .weight = 2}}};
  AppliedPool made = t.Must<AppliedPool>(apply, {"r-4", 4});
  AppliedPool again = t.Must<AppliedPool>(apply, {"r-4", 4});
  CHECK(again.pool == made.pool);
  CHECK(again.queues == made.queues);
  CHECK(again.pool_outcome == made.pool_outcome);
  CHECK(again.queue_outcomes == made.queue_outcomes);
  t.Must<Deleted>(DeletePool{"w", ""}, {"r-5", 5});
  t.Must<Deleted>(DeletePool{"w", ""}, {"r-5", 5});
}

TEST_CASE("requests are remembered for a day", "[requests]") {
  StoreTester t;
  t.Must<Pool>(CreatePool{{.pool_id = "p"}}, {"r-1", 1});
  CHECK(t.store->Sweep(t.now + absl::Hours(24)).value().requests == 0);
  CHECK(t.Try(CreatePool{{.pool_id = "p"}}, {"r-1", 1}).ok());
  CHECK(t.store->Sweep(t.now + absl::Hours(24) + absl::Seconds(1)).value().requests == 1);
  CHECK(ErrorReason(t.Try(CreatePool{{.pool_id = "p"}}, {"r-1", 1}).status()) ==
        "POOL_ALREADY_EXISTS");
}

}  // namespace
}  // namespace muster::intake
