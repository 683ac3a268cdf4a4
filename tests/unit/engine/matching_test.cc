// Who is offered what, and in which order.
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

const Case kEligibility[] = {
    {"an agent needs every skill of the queue, at its level", R"(
      queue card skills=fr:2,cards:3
      open
      agent ann skills=fr:5
      agent bo skills=fr:2,cards:2
      agent cy skills=cards:3,fr:2
      ticket t1 card
      => offer 1 t1 cy
    )"},
    {"a skill that an agent or a demand names twice counts at its higher level", R"(
      queue card skills=fr:1,fr:3
      open
      agent ann skills=fr:2,fr:2
      agent bo skills=fr:1,fr:3
      ticket t1 card
      => offer 1 t1 bo
    )"},
    {"a ticket's extra skills come on top; the higher level counts", R"(
      queue card skills=fr:2
      open
      agent ann skills=fr:2
      agent bo skills=fr:4
      agent cy skills=fr:4,vip:1
      ticket t1 card skills=fr:4
      => offer 1 t1 bo
      ticket t2 card skills=vip:1
      => offer 2 t2 cy
    )"},
    {"the agent must list the ticket's language; none means any", R"(
      queue card
      open
      agent ann
      agent bo languages=de,fr
      ticket t1 card language=fr
      => offer 1 t1 bo
      ticket t2 card
      => offer 2 t2 ann
      ticket t3 card language=it
    )"},
    {"a line made after the agents came finds them, and one made before is found by them", R"(
      queue card skills=fr:1
      open
      agent ann skills=fr:1,vip:2
      ticket t1 card skills=vip:2
      => offer 1 t1 ann
      ticket t2 card skills=vip:3
      agent bo skills=vip:3,fr:1
      => offer 2 t2 bo
    )"},
    {"only agents that are online and connected get offers", R"(
      queue card
      open
      ticket t1 card
      agent ann presence=offline
      agent ann presence=paused
      agent ann presence=draining
      agent ann presence=online connected=no
      agent ann presence=online
      => offer 1 t1 ann
    )"},
    {"an agent that learns a skill gets what waits for it", R"(
      queue card skills=fr:1
      open
      agent ann
      ticket t1 card
      agent ann skills=fr:1
      => offer 1 t1 ann
    )"},
    {"a ticket of a queue that is not known yet waits for it", R"(
      open
      agent ann
      ticket t1 card
      queue card
      => offer 1 t1 ann
    )"},
    {"nothing is offered before matching is open", R"(
      queue card
      agent ann
      ticket t1 card
      open
      => offer 1 t1 ann
      open
    )"},
};

const Case kOrder[] = {
    {"tickets by creation, then id, however they came in", R"(
      queue card
      open
      @10 ticket t3 card at=5
      ticket t2 card at=5
      ticket t1 card at=7
      agent ann
      => offer 1 t2 ann
      agent bo
      => offer 2 t3 bo
      agent cy
      => offer 3 t1 cy
    )"},
    {"priority is seconds ahead, the queue's and the ticket's together", R"(
      queue card
      queue gold ahead=30
      open
      @100 ticket t1 card at=40
      ticket t2 gold at=60
      ticket t3 card at=95 ahead=70
      ticket t4 gold at=99 ahead=36
      agent a1
      => offer 1 t3 a1
      agent a2
      => offer 2 t2 a2
      agent a3
      => offer 3 t4 a3
      agent a4
      => offer 4 t1 a4
    )"},
    {"equal after priority: the older one first", R"(
      queue card
      open
      @100 ticket t1 card at=50 ahead=10
      ticket t2 card at=40
      agent a1
      => offer 1 t2 a1
    )"},
    {"a freed agent compares all the lines that it fits, and only those", R"(
      queue card skills=cards
      queue loan skills=loans
      queue any
      open
      ticket t1 loan at=1
      ticket t2 any at=3
      ticket t3 card at=2
      @10 agent ann skills=cards
      => offer 1 t3 ann
    )"},
    {"the longest idle agent first; came online counts", R"(
      queue card
      open
      @5 agent bo
      @6 agent ann
      @7 ticket t1 card
      => offer 1 t1 bo
      ticket t2 card
      => offer 2 t2 ann
    )"},
    {"what the feed says of when the presence began counts, but not the future", R"(
      queue card
      open
      @50 agent ann since=40
      agent bo since=30
      agent cy since=90
      ticket t1 card
      => offer 1 t1 bo
      ticket t2 card
      => offer 2 t2 ann
      ticket t3 card
      => offer 3 t3 cy
    )"},
    {"ties of idleness by id", R"(
      queue card
      open
      agent cy
      agent ann
      agent bo
      ticket t1 card
      => offer 1 t1 ann
      ticket t2 card
      => offer 2 t2 bo
    )"},
    {"finishing work starts idleness anew, a changed profile does not", R"(
      queue card
      pool fair=0
      open
      @1 agent ann
      @2 agent bo
      @3 agent cy
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      @4 complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      @5 agent bo skills=fr:1 languages=fr
      @6 ticket t2 card
      => offer 2 t2 bo
      ticket t3 card
      => offer 3 t3 cy
      ticket t4 card
      => offer 4 t4 ann
    )"},
    {"a cut link does not cost the place, a pause does", R"(
      queue card
      open
      @1 agent ann
      @2 agent bo
      @3 agent ann connected=no
      @4 agent ann
      @5 ticket t1 card
      => offer 1 t1 ann
      gone t1
      => ended 1 REVOKED TICKET_GONE
      @6 agent ann presence=paused
      @7 agent ann
      @8 ticket t2 card
      => offer 2 t2 bo
    )"},
    {"an agent without work goes before one with some, however long that one is idle", R"(
      queue chat
      open
      @1 agent ann capacity=2
      ticket t1 chat
      => offer 1 t1 ann
      @10 agent bo
      ticket t2 chat
      => offer 2 t2 bo
      ticket t3 chat
      => offer 3 t3 ann
      ticket t4 chat
    )"},
    {"the preferred agent first, if it is free and fits", R"(
      queue card skills=fr:1
      open
      @1 agent ann skills=fr:1
      @2 agent bo skills=fr:1
      @3 agent cy
      @4 ticket t1 card prefers=bo
      => offer 1 t1 bo
      ticket t2 card prefers=cy
      => offer 2 t2 ann
      ticket t3 card prefers=nobody
      ticket t4 card prefers=bo
    )"},
    {"what opens up at once is matched by urgency, then idleness", R"(
      queue card skills=cards
      queue any
      agent ann skills=cards since=-3
      agent bo since=-2
      ticket t1 any at=-9
      ticket t2 card at=-8
      ticket t3 any at=-7
      open
      => offer 1 t1 ann
      => offer 2 t3 bo
    )"},
};

const Case kCapacity[] = {
    {"an agent takes as many units as it has; offers count", R"(
      queue chat
      open
      agent ann capacity=2
      ticket t1 chat at=1
      => offer 1 t1 ann
      ticket t2 chat at=2
      => offer 2 t2 ann
      ticket t3 chat at=3
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      => offer 3 t3 ann
    )"},
    {"a heavy job needs its units free at once", R"(
      queue chat
      queue voice weight=2
      open
      agent ann capacity=2
      ticket t1 chat at=1
      => offer 1 t1 ann
      ticket t2 voice at=2
      ticket t3 chat at=3
      => offer 2 t3 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t3 ann
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      complete 2 ann
      => done 2 COMPLETED_BY_AGENT
      => offer 3 t2 ann
    )"},
    {"an agent too small for a job is never offered it", R"(
      queue voice weight=2
      open
      agent ann capacity=1
      ticket t1 voice
      agent ann capacity=2
      => offer 1 t1 ann
    )"},
    {"more capacity brings more work at once", R"(
      queue chat
      open
      agent ann capacity=1
      ticket t1 chat
      => offer 1 t1 ann
      ticket t2 chat
      ticket t3 chat
      agent ann capacity=3
      => offer 2 t2 ann
      => offer 3 t3 ann
    )"},
    {"less capacity takes offers back, the youngest first", R"(
      queue chat
      open
      agent ann capacity=3
      ticket t1 chat
      => offer 1 t1 ann
      ticket t2 chat
      => offer 2 t2 ann
      ticket t3 chat
      => offer 3 t3 ann
      agent ann capacity=1
      => ended 3 REVOKED CAPACITY_REDUCED
      => ended 2 REVOKED CAPACITY_REDUCED
    )"},
    {"no capacity, no work", R"(
      queue chat
      open
      agent ann capacity=0
      ticket t1 chat
    )"},
};

TEST_CASE("who is eligible") { RunAll(kEligibility); }
TEST_CASE("who comes first") { RunAll(kOrder); }
TEST_CASE("capacity in units") { RunAll(kCapacity); }

}  // namespace
}  // namespace muster::engine
