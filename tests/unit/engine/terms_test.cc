// The terms of a score, one by one, and the rules around them.
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

const Case kTerms[] = {
    {"urgency rises from half the target on, by at most the boost", R"(
      queue fast target=20 boost=30
      queue slow boost=0
      open
      ticket t1 slow at=-24
      ticket t2 fast at=-20
      ticket t3 slow at=-51
      ticket t4 fast at=-9
      agent a1
      => offer 1 t3 a1
      agent a2
      => offer 2 t2 a2
      agent a3
      => offer 3 t1 a3
      agent a4
      => offer 4 t4 a4
    )"},
    {"an agent who has the wanted level goes first, unless another is idle for longer by the price",
     R"(
      queue card skills=fr:2 preferred=fr:4 level_price=10
      open
      @0 agent ann skills=fr:3
      @9 agent bo skills=fr:4
      @10 ticket t1 card at=10
      => offer 1 t1 bo
      gone t1
      => ended 1 REVOKED TICKET_GONE
      @20 agent cy skills=fr:4
      @21 ticket t2 card at=21
      => offer 2 t2 bo
      @22 ticket t3 card at=22
      => offer 3 t3 ann
    )"},
    {"a freed agent takes the ticket that it misses less for", R"(
      queue card skills=fr:1 preferred=fr:3
      queue loan skills=fr:1
      open
      @50 ticket t1 card at=5
      ticket t2 loan at=20
      agent ann skills=fr:1
      => offer 1 t2 ann
    )"},
    {"the known agent counts so many seconds more, on either side", R"(
      queue card known=60
      queue loan
      open
      agent bo since=-50
      agent ann since=0
      ticket t1 card prefers=ann at=0
      => offer 1 t1 ann
      gone t1
      => ended 1 REVOKED TICKET_GONE
      agent ann presence=paused
      agent bo presence=paused
      ticket t2 loan at=-30
      ticket t3 card at=-20
      ticket t4 card at=-10 prefers=ann
      agent ann
      => offer 2 t4 ann
      agent bo
      => offer 3 t2 bo
    )"},
    {"idleness counts up to a bound; then other terms decide, and the longest idle at last", R"(
      pool idle=30
      queue card timeout=999 preferred=fr:1 level_price=10
      open
      @0 agent ann
      @1 agent bo
      @65 agent cy skills=fr:1
      @70 ticket t1 card at=70
      => offer 1 t1 ann
      @100 ticket t2 card at=100
      => offer 2 t2 cy
      ticket t3 card at=100
      => offer 3 t3 bo
    )"},
    {"work done costs the place among the idle, less if it was short", R"(
      pool fair=1000 ignored=0
      queue card timeout=9999
      open
      @0 agent ann
      ticket t1 card at=0
      => offer 1 t1 ann
      @100 agent bo since=60
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      @101 ticket t2 card at=101
      => offer 2 t2 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      @1101 complete 2 ann
      => done 2 COMPLETED_BY_AGENT
      agent bo presence=paused
      agent bo since=1040
      @1102 ticket t3 card at=1102
      => offer 3 t3 bo
    )"},
    {"who has work counts less, by the part of the units that is taken", R"(
      pool loaded=60
      queue chat timeout=9999
      open
      @0 agent ann capacity=3
      ticket t1 chat at=0
      => offer 1 t1 ann
      @10 agent bo since=10
      ticket t2 chat at=10
      => offer 2 t2 bo
      @40 agent cy since=40
      agent bo presence=paused
      => ended 2 REVOKED AGENT_PAUSED
      => offer 3 t2 ann
    )"},
};

const Case kRelaxing[] = {
    {"after a while less will do; the steps add up", R"(
      queue card skills=fr:3,vip:1 relax=30/fr:2;60/vip:0;90/any
      open
      agent ann skills=fr:2,vip:1
      agent bo skills=fr:2
      agent cy skills=fr:1
      ticket t1 card
      ticket t2 card
      ticket t3 card language=it
      @29.9 tick
      @30 tick
      => offer 1 t1 ann
      @59.9 tick
      => ended 1 EXPIRED NOT_ACKNOWLEDGED
      => offer 2 t2 ann
      @60 tick
      => offer 3 t1 bo
      @70 accept 3 bo
      => ended 3 ACCEPTED
      => assign 3 t1 bo
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      complete 3 bo
      => done 3 COMPLETED_BY_AGENT
      @90 tick
      => offer 4 t3 bo
    )"},
    {"a ticket that comes late comes relaxed", R"(
      queue card skills=fr:3 relax=30/fr:1
      open
      agent ann skills=fr:1
      @100 ticket t1 card at=60
      => offer 1 t1 ann
    )"},
    {"what is still missed is priced against what was asked at first", R"(
      queue card skills=fr:3 relax=10/fr:1
      open
      @0 agent ann skills=fr:1
      @4 agent bo skills=fr:2
      @10 ticket t1 card at=0
      => offer 1 t1 bo
    )"},
};

const Case kClaims[] = {
    {"a heavy job that has waited long enough keeps an agent's units for itself", R"(
      queue chat
      queue voice weight=2 claim=30
      open
      agent ann capacity=2
      ticket t1 chat at=0
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      ticket t2 voice at=0
      @20 ticket t3 chat at=20
      => offer 2 t3 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t3 ann
      @40 complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      ticket t4 chat at=40
      @50 complete 2 ann
      => done 2 COMPLETED_BY_AGENT
      => offer 3 t2 ann
    )"},
    {"it claims as soon as it may, if units stand about; and lets go when it is served elsewhere",
     R"(
      queue chat
      queue voice weight=2 claim=30
      open
      agent ann capacity=2
      ticket t1 chat at=0
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      ticket t2 voice at=0
      @30 tick
      @31 ticket t3 chat at=31
      @32 agent bo capacity=2
      => offer 2 t2 bo
      => offer 3 t3 ann
    )"},
    {"not ahead of what has waited longer", R"(
      queue chat timeout=9999
      queue voice weight=2 claim=30
      open
      agent ann capacity=2
      ticket t1 chat at=0
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      ticket t2 chat at=0
      => offer 2 t2 ann
      ticket t3 voice at=0
      ticket t4 chat at=-5
      @31 complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      => offer 3 t4 ann
    )"},
};

TEST_CASE("what counts in a score") { RunAll(kTerms); }
TEST_CASE("demands relax") { RunAll(kRelaxing); }
TEST_CASE("heavy jobs claim") { RunAll(kClaims); }

}  // namespace
}  // namespace muster::engine
