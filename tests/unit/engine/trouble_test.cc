// Offers to several at once, and what becomes of those that nobody wants.
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

const Case kSharing[] = {
    {"several agents see a ticket at once, one wins", R"(
      queue card at_once=2
      open
      @1 agent ann
      @2 agent bo
      @3 agent cy
      ticket t1 card at=3
      => offer 1 t1 ann
      => offer 2 t1 bo
      decline 1 ann
      => ended 1 DECLINED
      => offer 3 t1 cy
      accept 3 cy
      => ended 3 ACCEPTED
      => assign 3 t1 cy
      => ended 2 REVOKED TAKEN
      accept 2 bo
      => reject OFFER_REVOKED
    )"},
    {"tickets that nobody sees yet come before second offers", R"(
      queue card at_once=2
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      ticket t2 card at=0
      agent bo
      => offer 2 t2 bo
      agent cy
      => offer 3 t1 cy
    )"},
    {"a customer who leaves takes all offers along", R"(
      queue card at_once=3
      open
      agent ann
      agent bo
      ticket t1 card
      => offer 1 t1 ann
      => offer 2 t1 bo
      gone t1
      => ended 1 REVOKED TICKET_GONE
      => ended 2 REVOKED TICKET_GONE
    )"},
};

const Case kTrouble[] = {
    {"so many offers ignored in a row pause the agent; an answer starts the count anew", R"(
      pool ignored=2
      queue card expiry=1 decline=1
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      @20 tick
      => ended 1 EXPIRED NOT_ACKNOWLEDGED
      @21 tick
      => offer 2 t1 ann
      @22 decline 2 ann
      => ended 2 DECLINED
      @23 tick
      => offer 3 t1 ann
      @43 tick
      => ended 3 EXPIRED NOT_ACKNOWLEDGED
      @44 tick
      => offer 4 t1 ann
      @64 tick
      => ended 4 EXPIRED NOT_ACKNOWLEDGED
      => paused ann IGNORED_OFFERS 2
      @70 tick
      agent ann presence=paused
      agent ann
      => offer 5 t1 ann
    )"},
    {"a ticket that was refused so often is set aside; put back, it has its old place", R"(
      queue card refusals=2 decline=1
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      decline 1 ann
      => ended 1 DECLINED
      @1 tick
      => offer 2 t1 ann
      decline 2 ann
      => ended 2 DECLINED
      => held t1 TOO_MANY_REFUSALS 2
      ticket t2 card at=0
      => offer 3 t2 ann
      accept 3 ann
      => ended 3 ACCEPTED
      => assign 3 t2 ann
      ticket t3 card at=-8
      ticket t1 card at=-9
      complete 3 ann
      => done 3 COMPLETED_BY_AGENT
      => offer 4 t1 ann
    )"},
    {"an agent that is gone for good loses what it had, which comes before all others", R"(
      queue card
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      no_agent ann
      lost 1
      => done 1 AGENT_LOST
      => requeued t1 card AGENT_LOST
      lost 1
      ticket t2 card at=-10
      ticket t3 card at=-8 ahead=86400
      ticket t4 card at=-7 interrupted=yes
      ticket t1 card at=-9
      agent bo
      => offer 2 t1 bo
      agent cy
      => offer 3 t4 cy
      agent di
      => offer 4 t3 di
    )"},
    {"a paused queue makes no offers, open ones go on; a draining one goes on with all it has", R"(
      queue card
      queue loan
      open
      agent ann
      ticket t1 card at=-9
      => offer 1 t1 ann
      queue card phase=paused
      ticket t2 card at=-8
      ticket t3 loan at=-7
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      agent bo
      => offer 2 t3 bo
      agent cy
      queue card phase=draining
      => offer 3 t2 cy
    )"},
    {"a paused pool makes none at all", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      pool phase=paused
      agent bo
      ticket t2 card
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      pool
      => offer 2 t2 bo
    )"},
    {"so many open offers at once, whatever the capacity", R"(
      pool offers=1
      queue chat
      open
      agent ann capacity=3
      ticket t1 chat at=0
      => offer 1 t1 ann
      ticket t2 chat at=0
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      => offer 2 t2 ann
    )"},
};

TEST_CASE("offers at once") { RunAll(kSharing); }
TEST_CASE("refusals, ignored offers, lost work, pauses") { RunAll(kTrouble); }

}  // namespace
}  // namespace muster::engine
