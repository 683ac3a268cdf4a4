// Expiry, requeue, transfer, changing queues, limits.
#include <string>

#include "services/matcher/engine/limits.h"
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

const Case kExpiry[] = {
    {"a ticket expires from its creation on, while it waits", R"(
      queue card ttl=100
      open
      @50 ticket t1 card at=10
      @109.9 tick
      @110 tick
      => expired t1 @110
      agent ann
    )"},
    {"overdue when it comes in: never offered", R"(
      queue card ttl=100
      open
      agent ann
      @150 ticket t1 card at=10
      => expired t1 @110
    )"},
    {"not while it is offered or assigned; but when it comes back", R"(
      queue card ttl=100 timeout=20
      open
      agent ann
      agent bo
      @95 ticket t1 card at=0
      => offer 1 t1 ann
      @110 decline 1 ann
      => ended 1 DECLINED
      => expired t1 @100
      ticket t2 card at=20
      => offer 2 t2 bo
      accept 2 bo
      => ended 2 ACCEPTED
      => assign 2 t2 bo
      @500 complete 2 bo
      => done 2 COMPLETED_BY_AGENT
    )"},
    {"the rules of the moment count", R"(
      queue card ttl=100
      open
      ticket t1 card
      ticket t2 card at=30
      @60 queue card ttl=50
      => expired t1 @50
      queue card
      @1000 tick
    )"},
    {"not while matching is closed: the ticket may be assigned, for all we know", R"(
      queue card ttl=100
      ticket t1 card
      ticket t2 card
      @200 tick
      restore 3/5 t1 ann card
      open
      => expired t2 @100
    )"},
    {"zero is a limit like any other", R"(
      queue card ttl=0
      open
      @1 ticket t1 card at=1
      => expired t1 @1
    )"},
};

const Case kOperations[] = {
    {"requeue takes it from the agent, to the old place; that agent pays a price", R"(
      queue card decline=60
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      ticket t2 card at=-8
      requeue t1
      => ended 1 REVOKED REQUEUED
      => requeued t1 card REQUEUED
      => offer 2 t2 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      @10 requeue t2
      => done 2 REQUEUED
      => requeued t2 card REQUEUED
      @60 tick
      => offer 3 t1 ann
    )"},
    {"a requeued ticket gets a new time to live", R"(
      queue card ttl=100
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      @300 agent ann presence=offline
      requeue t1
      => done 1 REQUEUED
      => requeued t1 card REQUEUED
      @399 tick
      @400 tick
      => expired t1 @400
    )"},
    {"what cannot be requeued", R"(
      queue card after_work=30
      open
      requeue t1
      => reject TICKET_NOT_FOUND
      ticket t1 card
      requeue t1
      => unchanged
      agent ann
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      wrap 1 ann
      => wrap_up 1 @30
      requeue t1
      => reject TICKET_RESOLVED
      transfer t1 queue=card
      => reject TICKET_RESOLVED
    )"},
    {"transfer to a queue keeps the waited time", R"(
      queue card skills=cards
      queue loan skills=loans
      open
      agent ann skills=cards
      ticket t1 card at=-50
      => offer 1 t1 ann
      ticket t2 loan at=-40
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      transfer t1 queue=loan
      => done 1 TRANSFERRED
      => requeued t1 loan TRANSFERRED
      agent bo skills=loans
      => offer 2 t1 bo
      transfer t2 queue=card
      => requeued t2 card TRANSFERRED
      => offer 3 t2 ann
    )"},
    {"transfer to an agent: offered to no other, whatever the skills", R"(
      queue card skills=cards
      open
      agent ann skills=cards
      agent bo
      ticket t1 card
      => offer 1 t1 ann
      transfer t1 agent=bo
      => ended 1 REVOKED TRANSFERRED
      => requeued t1 card bo TRANSFERRED
      => offer 2 t1 bo
      transfer t1 agent=bo
      => unchanged
      accept 2 bo
      => ended 2 ACCEPTED
      => assign 2 t1 bo
      transfer t1 agent=bo
      => unchanged
    )"},
    {"it waits for that agent, in the order of urgency", R"(
      queue card
      open
      agent ann
      ticket t0 card at=-99
      => offer 1 t0 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t0 ann
      ticket t1 card at=-9
      transfer t1 agent=ann
      => requeued t1 card ann TRANSFERRED
      ticket t2 card at=-10
      agent ann presence=paused
      agent bo
      => offer 2 t2 bo
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      agent ann
      => offer 3 t1 ann
    )"},
    {"declined or left by that agent, it is its queue's again", R"(
      queue card decline=60
      open
      agent ann
      ticket t0 card
      => offer 1 t0 ann
      ticket t1 card
      transfer t1 agent=ann
      => requeued t1 card ann TRANSFERRED
      agent bo presence=paused
      agent ann presence=offline
      => ended 1 REVOKED AGENT_OFFLINE
      agent bo
      => offer 2 t0 bo
      transfer t1 agent=ann
      => reject AGENT_NOT_AVAILABLE
      agent ann
      => offer 3 t1 ann
      transfer t1 agent=bo
      => ended 3 REVOKED TRANSFERRED
      => requeued t1 card bo TRANSFERRED
      gone t0
      => ended 2 REVOKED TICKET_GONE
      => offer 4 t1 bo
      decline 4 bo
      => ended 4 DECLINED
      @60 tick
      => offer 5 t1 ann
    )"},
    {"a requeue ends the reservation", R"(
      queue card
      open
      agent ann presence=paused
      ticket t1 card
      transfer t1 agent=ann
      => requeued t1 card ann TRANSFERRED
      agent bo
      requeue t1
      => requeued t1 card REQUEUED
      => offer 1 t1 bo
    )"},
    {"targets that will not do", R"(
      queue card weight=2
      open
      ticket t1 card
      agent ann
      agent bo presence=offline capacity=2
      transfer t1
      => reject INVALID_TARGET
      transfer t1 queue=card agent=ann
      => reject INVALID_TARGET
      transfer t9 queue=card
      => reject TICKET_NOT_FOUND
      transfer t1 queue=loan
      => reject QUEUE_NOT_FOUND
      transfer t1 agent=cy
      => reject AGENT_NOT_FOUND
      transfer t1 agent=ann
      => reject AGENT_NOT_AVAILABLE
      transfer t1 agent=bo
      => reject AGENT_NOT_AVAILABLE
    )"},
};

const Case kQueueChanges[] = {
    {"new rules put the waiting tickets in new lines", R"(
      queue card skills=fr:5
      open
      agent ann skills=fr:1
      ticket t1 card at=2
      ticket t2 card at=1
      queue card skills=fr:1
      => offer 1 t2 ann
    )"},
    {"more priority reorders queues", R"(
      queue card
      queue loan
      open
      ticket t1 card at=1
      ticket t2 loan at=2
      queue loan ahead=10
      agent ann
      => offer 1 t2 ann
    )"},
    {"a heavier weight", R"(
      queue card
      open
      ticket t1 card
      queue card weight=2
      agent ann
      agent bo capacity=2
      => offer 1 t1 bo
    )"},
    {"a changed ticket moves to another line, and may overtake", R"(
      queue card
      open
      ticket t1 card at=1
      ticket t2 card at=2
      ticket t2 card at=2 ahead=5
      ticket t1 card at=1 language=fr
      agent ann
      => offer 1 t2 ann
    )"},
};

TEST_CASE("tickets expire") { RunAll(kExpiry); }
TEST_CASE("requeue and transfer") { RunAll(kOperations); }
TEST_CASE("queues and tickets change") { RunAll(kQueueChanges); }

TEST_CASE("what is beyond the limits is refused whole") {
  const std::string long_id(limits::kMaxIdBytes + 1, 'x');
  const std::string events[] = {"queue " + long_id,
                                "queue card skills=fr:0",
                                "queue card skills=fr:6",
                                "queue card weight=0",
                                "queue card weight=1001",
                                "queue card timeout=0",
                                "queue card timeout=-1",
                                "queue card ahead=-1",
                                "queue card ahead=inf",
                                "queue card decline=-1",
                                "queue card after_work=-1",
                                "queue card ttl=-1",
                                "queue card ack=-1",
                                "queue card expiry=-1",
                                "queue card skills=" + long_id,
                                "ticket " + long_id + " card",
                                "ticket t1 " + long_id,
                                "ticket t1 card ahead=-1",
                                "ticket t1 card at=inf",
                                "ticket t1 card skills=fr:9",
                                "ticket t1 card language=" + long_id,
                                "agent " + long_id,
                                "agent ann skills=fr:0",
                                "agent ann languages=" + long_id,
                                "agent ann capacity=1001"};
  Engine engine({.epoch = kScriptEpoch});
  for (const std::string& event : events) {
    INFO(event);
    Effects out;
    engine.Apply(ParseEvent(event, 0), At(0), &out);
    REQUIRE(out.size() == 1);
    CHECK(Brief(out[0]) == "reject LIMIT_EXCEEDED");
    CHECK(engine.CheckInvariants().ok());
  }
  CHECK(engine.Queues().empty());
  CHECK(engine.Pool().agents == 0);
}

TEST_CASE("only so many prices are kept for a ticket; the one that ends first goes first") {
  Engine engine({.epoch = kScriptEpoch});
  std::string script = "queue card decline=1000\nopen\nticket t card\n";
  const int agents = static_cast<int>(limits::kMaxPricesPerTicket) + 1;
  for (int i = 1; i <= agents; ++i) {
    const std::string n = std::to_string(i);
    script += "@" + n + " agent a" + n + "\n=> offer " + n + " t a" + n + "\ndecline " + n + " a" +
              n + "\n=> ended " + n + " DECLINED\n";
    // The last decline drops the price of a1, which is then the only agent without one.
    if (i == agents) script += "=> offer " + std::to_string(i + 1) + " t a1\n";
  }
  RunScript(&engine, script);
}

}  // namespace
}  // namespace muster::engine
