// A matcher that starts again: its records held against intake's snapshot, acts about what it has
// forgotten, and pools that another has taken.
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "services/matcher/core/reconcile.h"
#include "tests/support/catch.h"
#include "tests/unit/matcher/core/pool_tester.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;
using Told = std::vector<std::string>;

namespace {

constexpr int64_t kRevision = 100;  // of what intake has heard

struct Case {
  const char* name;
  in::TicketState at_intake;
  const char* assignment_at_intake;
  std::optional<AssignmentState> here;  // of assignment bank/1/2
  bool move_untold = false;
  const char* move_ended = "";
  Standing standing;
  Told told;
};

Told KindsOf(const std::vector<in::ProgressEntry>& entries) {
  Told kinds;
  for (const in::ProgressEntry& entry : entries) {
    kinds.push_back(entry.has_assigned()   ? "assigned"
                    : entry.has_requeued() ? "requeued"
                    : entry.has_resolved() ? "resolved"
                                           : "?");
  }
  return kinds;
}

}  // namespace

TEST_CASE("what intake has to be told again") {
  constexpr auto kQueued = in::TICKET_STATE_QUEUED;
  constexpr auto kAssigned = in::TICKET_STATE_ASSIGNED;
  using S = AssignmentState;
  const std::vector<Case> cases = {
      {"new", kQueued, "", {}, false, "", Standing::kWaiting, {}},
      {"assigned, not heard of",
       kQueued,
       "",
       S::kActive,
       false,
       "",
       Standing::kServed,
       {"assigned"}},
      {"assigned, known", kAssigned, "bank/1/2", S::kActive, false, "", Standing::kServed, {}},
      {"another one, known",
       kAssigned,
       "bank/1/1",
       S::kActive,
       false,
       "",
       Standing::kServed,
       {"requeued", "assigned"}},
      {"in wrap-up, assignment known",
       kAssigned,
       "bank/1/2",
       S::kWrapUp,
       false,
       "",
       Standing::kOver,
       {"resolved"}},
      {"completed, assignment known",
       kAssigned,
       "bank/1/2",
       S::kCompleted,
       false,
       "",
       Standing::kOver,
       {"resolved"}},
      {"completed, nothing known",
       kQueued,
       "",
       S::kCompleted,
       false,
       "",
       Standing::kOver,
       {"assigned", "resolved"}},
      {"taken back, known as assigned",
       kAssigned,
       "bank/1/2",
       S::kTransferred,
       true,
       "bank/1/2",
       Standing::kWaiting,
       {"requeued"}},
      {"taken back, known",
       kQueued,
       "",
       S::kTransferred,
       false,
       "bank/1/2",
       Standing::kWaiting,
       {}},
      {"taken back, nothing known",
       kQueued,
       "",
       S::kTransferred,
       true,
       "bank/1/2",
       Standing::kWaiting,
       {"requeued"}},
      {"assigned after a move, neither known",
       kAssigned,
       "bank/1/1",
       S::kActive,
       true,
       "bank/1/1",
       Standing::kServed,
       {"requeued", "assigned"}},
      {"no record of it", kAssigned, "bank/1/2", {}, false, "", Standing::kWaiting, {"requeued"}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    in::Ticket ticket;
    ticket.set_ticket_id("t-1");
    ticket.set_state(c.at_intake);
    ticket.set_assignment_id(c.assignment_at_intake);
    ticket.set_progress_revision(kRevision);
    Assignment assignment{.assignment_id = "bank/1/2", .ticket_id = "t-1", .agent_id = "ann"};
    assignment.accept_time = absl::FromUnixSeconds(1000);
    if (c.here) assignment.state = *c.here;
    TicketMove move{.ticket_id = "t-1", .queue_id = "loans", .ended_assignment_id = c.move_ended};
    move.time = absl::FromUnixSeconds(900);
    move.progress_revision = c.move_untold ? kRevision + 1 : kRevision;
    const bool moved = c.move_untold || c.move_ended[0] != '\0';
    Reconciliation r = Reconcile(ticket, c.here ? &assignment : nullptr, moved ? &move : nullptr);
    CHECK(r.standing == c.standing);
    CHECK(KindsOf(r.entries) == c.told);
    for (const in::ProgressEntry& entry : r.entries) {
      CHECK(entry.ticket_id() == "t-1");
      if (entry.has_requeued() && c.move_untold) CHECK(entry.requeued().queue_id() == "loans");
      if (entry.has_assigned()) CHECK(entry.assigned().assignment_id() == "bank/1/2");
    }
  }
}

TEST_CASE("a restart in mid-work loses nothing, and offers nothing twice") {
  PoolTester pool;
  std::string served = pool.Serve("ann", "t-1");  // intake has not heard of it
  std::string done = pool.Serve("bob", "t-2");
  pool.Echo();
  CHECK(pool.AnsweredOk(pool.Complete("bob", done)));
  pool.AddTicket("t-3");
  REQUIRE(pool.OffersOf("t-3") == 1);
  std::string open = pool.LastOffer();
  pool.tickets["t-1"].set_state(in::TICKET_STATE_QUEUED);
  pool.tickets["t-1"].set_progress_revision(0);
  pool.Restart();
  pool.Open();
  CHECK(pool.Progress() == Told{"assigned t-1", "resolved t-2 solved"});
  for (const in::ProgressEntry& entry : pool.progress.entries) {
    CHECK(entry.progress_revision() > (int64_t{2} << 40));
  }
  CHECK(pool.OffersOf("t-1") == 0);
  CHECK(pool.OffersOf("t-2") == 0);
  REQUIRE(pool.OffersOf("t-3") == 1);
  CHECK(pool.LastOffer() != open);
  CHECK(pool.Refusal(pool.Accept("bob", open)) == "OFFER_REVOKED");
  CHECK(pool.AnsweredOk(pool.Accept("bob", pool.LastOffer())));
  CHECK(pool.AnsweredOk(pool.Complete("ann", served)));
}

TEST_CASE("acts about what was accepted before a restart") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.AddAgent("bob");
  pool.Echo();
  SECTION("while it is live") {
    pool.Restart();
    pool.Open();
    uint64_t act = pool.Accept("ann", id);
    REQUIRE(pool.AnsweredOk(act));
    CHECK(pool.Answer(act)->confirmed->ticket().text() == "It is gone.");
    CHECK(pool.Refusal(pool.Accept("bob", id)) == "OFFER_NOT_YOURS");
    CHECK(pool.Refusal(pool.Decline("ann", id)) == "OFFER_ACCEPTED");
    CHECK(pool.AnsweredOk(pool.Complete("ann", id)));
  }
  SECTION("when it is over") {
    CHECK(pool.AnsweredOk(pool.Complete("ann", id, "solved")));
    pool.Restart();
    pool.Open();
    uint64_t act = pool.Accept("ann", id);
    INFO(pool.Refusal(act));
    REQUIRE(pool.AnsweredOk(act));
    CHECK(pool.Answer(act)->confirmed->assignment_id() == id);
    CHECK(pool.Said("ann").back().assignment_ended().assignment_id() == id);
    CHECK(pool.AnsweredOk(pool.Complete("ann", id, "solved")));
    CHECK(pool.AnsweredOk(pool.WrapUp("ann", id)));
    CHECK(pool.Refusal(pool.Complete("bob", id)) == "ASSIGNMENT_NOT_YOURS");
  }
}

TEST_CASE("a customer who left while the matcher was down") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  pool.tickets["t-1"].set_state(in::TICKET_STATE_CANCELLED);
  pool.Restart();
  pool.Open();
  CHECK(pool.Record(id).end_reason == end_reason::kCustomerLeft);
  CHECK(pool.Said("ann").back().assignment_ended().assignment_id() == id);
}

TEST_CASE("nothing is offered until the records have been read") {
  PoolTester pool;
  std::string id = pool.Serve("ann", "t-1");
  CHECK(pool.AnsweredOk(pool.Complete("ann", id)));
  pool.tickets["t-1"].set_state(in::TICKET_STATE_QUEUED);
  pool.tickets["t-1"].set_progress_revision(0);
  pool.Restart();
  pool.store.FailWith(Unavailable("DATABASE_UNAVAILABLE", "no database"));
  pool.Open();
  pool.AddTicket("t-2");  // the feed goes on meanwhile
  CHECK(pool.Said("ann").empty());
  pool.store.FailWith(absl::OkStatus());
  pool.Advance(pool.options.retry);
  CHECK(pool.OffersOf("t-1") == 0);
  CHECK(pool.OffersOf("t-2") == 1);
  CHECK(pool.Progress() == Told{"assigned t-1", "resolved t-1 solved"});
}

TEST_CASE("a move by operations that intake has not heard of outlives a restart") {
  PoolTester pool;
  pool.AddTicket("t-1");
  absl::StatusOr<OperationResult> result = absl::UnknownError("no answer");
  pool.AddAgent("bob", [](PoolTester::Agent& bob) { bob.set_presence(av::PRESENCE_PAUSED); });
  pool.runner->Transfer(
      {.pool_id = "bank", .ticket_id = "t-1", .to_agent_id = "bob", .reason = "he knows her"},
      [&](absl::StatusOr<OperationResult> r) { result = std::move(r); });
  pool.Run();
  REQUIRE(result.ok());
  pool.Restart();
  pool.AddAgent("ann");
  pool.ChangeAgent("bob", [](PoolTester::Agent& bob) { bob.set_presence(av::PRESENCE_ONLINE); });
  pool.Open();
  CHECK(pool.Progress() == Told{"requeued t-1"});
  CHECK(pool.progress.entries[0].requeued().preferred_agent_id() == "bob");
  CHECK(pool.Said("bob").size() == 1);
}

TEST_CASE("a pool that another matcher has taken is left to it") {
  PoolTester pool;
  pool.AddAgent("ann");
  pool.AddTicket("t-1");
  std::string offer = pool.LastOffer();
  pool.store.leases().Seize("bank", "m-2");
  uint64_t act = pool.Accept("ann", offer);
  REQUIRE(pool.lost.size() == 1);
  CHECK(ErrorReason(pool.lost[0]) == "EPOCH_LOST");
  CHECK(pool.Refusal(act) == "POOL_NOT_SERVED");
  CHECK(pool.runner->stopped());
  CHECK(pool.Progress().empty());
  CHECK(pool.Refusal(pool.Accept("ann", offer)) == "POOL_NOT_SERVED");
  pool.AddTicket("t-2");
  CHECK(pool.OffersOf("t-2") == 0);
}

}  // namespace muster::matcher
