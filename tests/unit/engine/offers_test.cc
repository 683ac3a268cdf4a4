// What becomes of offers, and of the answers to them.
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

const Case kDeadlines[] = {
    {"never acknowledged, an offer ends after the time-out; the next agent is asked", R"(
      queue card timeout=20
      open
      agent ann
      @1 agent bo
      @2 ticket t1 card
      => offer 1 t1 ann
      @21.9 tick
      @22 tick
      => ended 1 EXPIRED NOT_ACKNOWLEDGED
      => offer 2 t1 bo
    )"},
    {"an own time to acknowledge", R"(
      queue card timeout=20 ack=3
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      @2 receive 1 ann
      => deadline 1 @22
      @21.9 tick
      @22 tick
      => ended 1 EXPIRED NOT_ANSWERED
      @42 tick
      => offer 2 t1 ann
      @45 tick
      => ended 2 EXPIRED NOT_ACKNOWLEDGED
    )"},
    {"from the acknowledgement the whole time-out counts, once", R"(
      queue card timeout=20
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      @15 receive 1 ann
      => deadline 1 @35
      @30 receive 1 ann
      => unchanged
      @34 accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
    )"},
    {"an answer at the deadline is too late, even if no timer ran before", R"(
      queue card timeout=20 expiry=5
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      @20 accept 1 ann
      => ended 1 EXPIRED NOT_ACKNOWLEDGED
      => reject OFFER_EXPIRED
      @25 tick
      => offer 2 t1 ann
    )"},
    {"a clock that steps back stands still", R"(
      queue card timeout=20
      open
      @100 agent ann
      ticket t1 card at=100
      => offer 1 t1 ann
      @50 receive 1 ann
      => deadline 1 @120
    )"},
};

const Case kAnswers[] = {
    {"declining costs that ticket a while, and the place among the idle", R"(
      queue card decline=60
      open
      @1 agent ann
      @2 agent bo
      @3 ticket t1 card
      => offer 1 t1 ann
      @4 decline 1 ann
      => ended 1 DECLINED
      => offer 2 t1 bo
      @5 ticket t2 card
      => offer 3 t2 ann
    )"},
    {"a sole agent who declined sees the ticket again after the price", R"(
      queue card decline=60
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      @5 decline 1 ann
      => ended 1 DECLINED
      @64.9 tick
      @65 tick
      => offer 2 t1 ann
      @70 decline 2 ann
      => ended 2 DECLINED
      @130 tick
      => offer 3 t1 ann
    )"},
    {"who was busy when the price ended gets the ticket when free", R"(
      queue card decline=60
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      decline 1 ann
      => ended 1 DECLINED
      ticket t2 card at=1
      => offer 2 t2 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      @61 tick
      complete 2 ann
      => done 2 COMPLETED_BY_AGENT
      => offer 3 t1 ann
    )"},
    {"a price holds for the preferred agent too", R"(
      queue card decline=60
      open
      @1 agent ann
      @2 agent bo
      @3 ticket t1 card prefers=bo
      => offer 1 t1 bo
      decline 1 bo
      => ended 1 DECLINED
      => offer 2 t1 ann
    )"},
    {"without a price it comes back at once", R"(
      queue card decline=0
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      decline 1 ann
      => ended 1 DECLINED
      => offer 2 t1 ann
    )"},
    {"a refused ticket keeps its place", R"(
      queue card decline=60
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      ticket t2 card at=-8
      decline 1 ann
      => ended 1 DECLINED
      => offer 2 t2 ann
      agent bo
      => offer 3 t1 bo
    )"},
    {"of two answers to one offer one wins; a repeat of it is no error", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      accept 1 ann
      => unchanged
      decline 1 ann
      => reject OFFER_ACCEPTED
      receive 1 ann
      => reject OFFER_ACCEPTED
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      accept 1 ann
      => unchanged
    )"},
    {"declined is declined", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      decline 1 ann
      => ended 1 DECLINED
      decline 1 ann
      => unchanged
      accept 1 ann
      => reject OFFER_DECLINED
    )"},
    {"nobody answers for another, operations may for all", R"(
      queue card
      open
      agent ann
      agent bo
      ticket t1 card
      => offer 1 t1 ann
      accept 1 bo
      => reject OFFER_NOT_YOURS
      decline 1 bo
      => reject OFFER_NOT_YOURS
      receive 1 bo
      => reject OFFER_NOT_YOURS
      accept 1
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      accept 1 bo
      => reject OFFER_NOT_YOURS
    )"},
    {"offers that never were, and those of a former matcher", R"(
      accept 1 ann
      => reject OFFER_NOT_FOUND
      decline 0 ann
      => reject OFFER_NOT_FOUND
      accept 6/1 ann
      => reject OFFER_REVOKED
      accept 8/1 ann
      => reject OFFER_NOT_FOUND
      queue card
      restore 6/2 t1 ann card
      accept 6/2 ann
      => unchanged
      accept 6/2 bo
      => reject OFFER_NOT_YOURS
      decline 6/2 ann
      => reject OFFER_ACCEPTED
    )"},
};

const Case kRevoked[] = {
    {"when the ticket is gone", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      gone t1
      => ended 1 REVOKED TICKET_GONE
      accept 1 ann
      => reject OFFER_REVOKED
      gone t1
    )"},
    {"when the agent goes offline: back to the old place, at no price", R"(
      queue card
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      ticket t2 card at=-8
      agent ann presence=offline
      => ended 1 REVOKED AGENT_OFFLINE
      agent ann
      => offer 2 t1 ann
    )"},
    {"when the agent pauses or is removed, not when it drains or its link is cut", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      agent ann connected=no
      agent ann presence=draining
      agent ann presence=paused
      => ended 1 REVOKED AGENT_PAUSED
      agent ann
      => offer 2 t1 ann
      no_agent ann
      => ended 2 REVOKED AGENT_REMOVED
      agent ann
      => offer 3 t1 ann
      no_agent bo
    )"},
    {"when the agent or the demands change so that they no longer fit", R"(
      queue card skills=fr:2
      open
      agent ann skills=fr:3
      ticket t1 card
      => offer 1 t1 ann
      ticket t1 card skills=fr:3
      ticket t1 card skills=fr:4
      => ended 1 REVOKED NO_LONGER_ELIGIBLE
      ticket t1 card
      => offer 2 t1 ann
      agent ann skills=fr:1
      => ended 2 REVOKED NO_LONGER_ELIGIBLE
      agent ann skills=fr:2
      => offer 3 t1 ann
      queue card skills=fr:3
      => ended 3 REVOKED NO_LONGER_ELIGIBLE
      queue card skills=fr:2
      => offer 4 t1 ann
      ticket t1 card language=fr
      => ended 4 REVOKED NO_LONGER_ELIGIBLE
    )"},
    {"when the ticket moves to another queue", R"(
      queue card
      queue loan skills=loans
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      ticket t1 loan
      => ended 1 REVOKED NO_LONGER_ELIGIBLE
      agent bo skills=loans
      => offer 2 t1 bo
    )"},
    {"when the queue is removed; the ticket waits for it", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      ticket t2 card
      no_queue card
      => ended 1 REVOKED QUEUE_REMOVED
      no_queue card
      queue card
      => offer 2 t1 ann
    )"},
    {"when matching closes, in the order in which they were made, at no price", R"(
      queue card
      open
      agent ann
      agent bo
      ticket t1 card at=-9
      => offer 1 t1 ann
      ticket t2 card at=-8
      => offer 2 t2 bo
      close
      => ended 1 REVOKED MATCHING_CLOSED
      => ended 2 REVOKED MATCHING_CLOSED
      close
      ticket t3 card
      open
      => offer 3 t1 ann
      => offer 4 t2 bo
    )"},
};

TEST_CASE("the time an offer has") { RunAll(kDeadlines); }
TEST_CASE("answers to offers") { RunAll(kAnswers); }
TEST_CASE("offers are revoked") { RunAll(kRevoked); }

TEST_CASE("an offer says what is needed to show it") {
  Engine engine({.epoch = 3, .first_offer_number = 41});
  Effects out;
  engine.Apply(ParseEvent("queue chat weight=2 timeout=15 ack=4", 0), At(0), &out);
  engine.Apply(ParseEvent("agent ann capacity=2", 0), At(0), &out);
  engine.Apply(MatchingOpened{}, At(0), &out);
  engine.Apply(ParseEvent("ticket t1 chat at=-30", 0), At(5), &out);
  REQUIRE(out.size() == 1);
  CHECK(DebugString(out[0]) ==
        "MakeOffer{id=3/41 ticket=\"t1\" agent=\"ann\" queue=\"chat\" weight=2 "
        "make_time=2023-11-14T22:13:25Z deadline=2023-11-14T22:13:29Z offer_timeout=15s "
        "waited=35s}");
  CHECK(engine.NextWakeup() == At(9));
}

}  // namespace
}  // namespace muster::engine
