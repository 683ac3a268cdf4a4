// Assignments, after-work, restored and failed ones, sessions.
#include "tests/unit/engine/cases.h"

namespace muster::engine {
namespace {

const Case kWork[] = {
    {"after-work ends by itself, and holds the capacity until then", R"(
      queue card after_work=30
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      ticket t2 card
      @10 wrap 1 ann
      => wrap_up 1 @40
      @12 wrap 1 ann
      => unchanged
      @39.9 tick
      @40 tick
      => done 1 AFTER_WORK_ELAPSED
      => offer 2 t2 ann
      @41 complete 1 ann
      => unchanged
      wrap 1 ann
      => reject ASSIGNMENT_COMPLETED
    )"},
    {"completed by the agent before that", R"(
      queue card after_work=30
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      @10 wrap 1 ann
      => wrap_up 1 @40
      @20 complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      @40 tick
    )"},
    {"without after-work time the wrap-up completes", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      wrap 1 ann
      => done 1 NO_AFTER_WORK
    )"},
    {"the customer leaves: over at once; in after-work nothing changes", R"(
      queue card after_work=30
      open
      agent ann capacity=2
      ticket t1 card
      => offer 1 t1 ann
      ticket t2 card
      => offer 2 t2 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      gone t1
      => done 1 CUSTOMER_LEFT
      wrap 2 ann
      => wrap_up 2 @30
      gone t2
      ticket t2 card
      @30 tick
      => done 2 AFTER_WORK_ELAPSED
    )"},
    {"the ticket is closed elsewhere", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      closed t1
      => done 1 TICKET_CLOSED
    )"},
    {"nobody ends another's work, operations may", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      complete 1 bo
      => reject ASSIGNMENT_NOT_YOURS
      wrap 1 bo
      => reject ASSIGNMENT_NOT_YOURS
      complete 2 ann
      => reject ASSIGNMENT_NOT_FOUND
      complete 1
      => done 1 COMPLETED_BY_AGENT
      complete 1 bo
      => reject ASSIGNMENT_NOT_YOURS
    )"},
    {"a pending offer is no assignment", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      complete 1 ann
      => reject ASSIGNMENT_NOT_FOUND
    )"},
    {"draining finishes what it has and gets nothing new", R"(
      queue card
      open
      agent ann capacity=3
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      ticket t2 card
      => offer 2 t2 ann
      agent ann capacity=3 presence=draining
      ticket t3 card
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
    )"},
    {"offline, removed and back: accepted work stays the agent's", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      agent ann presence=offline
      no_agent ann
      agent ann
      ticket t2 card
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      => offer 2 t2 ann
    )"},
    {"a removed agent may finish", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      no_agent ann
      complete 1 ann
      => done 1 COMPLETED_BY_AGENT
      agent ann
    )"},
    {"a removed queue does not end work in it", R"(
      queue card after_work=30
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      wrap 1 ann
      => wrap_up 1 @30
      no_queue card
      @30 tick
      => done 1 AFTER_WORK_ELAPSED
    )"},
};

const Case kRestart[] = {
    {"restored before its ticket, agent and queue are known", R"(
      restore 3/5 t1 ann card
      ticket t1 card
      agent ann capacity=2
      queue card
      open
      ticket t2 card
      => offer 1 t2 ann
      ticket t3 card
      complete 3/5 ann
      => done 3/5 COMPLETED_BY_AGENT
      => offer 2 t3 ann
    )"},
    {"restored after them, and twice", R"(
      queue card
      agent ann
      ticket t1 card
      restore 3/5 t1 ann card
      restore 3/5 t1 ann card
      ticket t2 card
      open
      wrap 3/5 ann
      => done 3/5 NO_AFTER_WORK
      => offer 1 t2 ann
    )"},
    {"restored in after-work, with what is left of it", R"(
      queue card after_work=30
      agent ann
      open
      @20 restore 3/5 t1 ann card state=wrap_up deadline=25
      ticket t2 card
      @25 tick
      => done 3/5 AFTER_WORK_ELAPSED
      => offer 1 t2 ann
    )"},
    {"after-work that ran out while nobody watched", R"(
      queue card after_work=30
      @50 restore 3/5 t1 ann card state=wrap_up deadline=25
      => done 3/5 AFTER_WORK_ELAPSED
    )"},
    {"restored over an offer: the fact wins, of the ticket and of the room", R"(
      queue card
      open
      agent ann
      agent bo
      ticket t1 card
      => offer 1 t1 ann
      restore 3/5 t1 cy card
      => ended 1 REVOKED ASSIGNED_ELSEWHERE
      ticket t2 card
      => offer 2 t2 ann
      restore 3/6 t3 ann card
      => ended 2 REVOKED CAPACITY_REDUCED
      => offer 3 t2 bo
    )"},
    {"two assignments of one ticket cannot be", R"(
      queue card
      restore 3/5 t1 ann card
      restore 3/6 t1 bo card
      => reject TICKET_ASSIGNED
    )"},
    {"requeued, a restored ticket has its old place and demands", R"(
      restore 3/5 t1 ann card at=-50
      queue card
      details t1 card at=-50 language=fr
      details t9 card at=-90
      ticket t2 card at=-40 language=fr
      open
      requeue t1
      => done 3/5 REQUEUED
      => requeued t1 card REQUEUED
      agent bo
      agent bo languages=fr
      => offer 1 t1 bo
    )"},
    {"not stored: back to the old place, and not at once to the same agent", R"(
      queue card expiry=20
      open
      agent ann
      ticket t1 card at=-5
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      ticket t2 card at=-4
      fail 1
      => offer 2 t2 ann
      fail 1
      accept 1 ann
      => reject OFFER_REVOKED
      complete 1 ann
      => reject ASSIGNMENT_NOT_FOUND
      agent bo
      => offer 3 t1 bo
    )"},
    {"not stored since the ticket is not ours", R"(
      queue card
      open
      agent ann
      ticket t1 card
      => offer 1 t1 ann
      accept 1 ann
      => ended 1 ACCEPTED
      => assign 1 t1 ann
      fail 1 forget=yes
      ticket t2 card
      => offer 2 t2 ann
    )"},
    {"a new session is sent again what the agent has", R"(
      queue card
      open
      agent ann session=s1 capacity=2
      agent ann session=s2 capacity=2
      ticket t1 card
      => offer 1 t1 ann
      ticket t2 card
      => offer 2 t2 ann
      accept 2 ann
      => ended 2 ACCEPTED
      => assign 2 t2 ann
      agent ann session=s2 capacity=2 connected=no
      agent ann session=s2 capacity=2
      agent ann session=s3 capacity=2
      => resend ann [1] [2]
      agent ann session=s4 capacity=2 presence=offline
      => ended 1 REVOKED AGENT_OFFLINE
      => resend ann [] [2]
    )"},
    {"after a restart the first session is a new one", R"(
      restore 3/5 t1 ann card
      agent ann session=s1
      => resend ann [] [3/5]
    )"},
};

TEST_CASE("work and after-work") { RunAll(kWork); }
TEST_CASE("restarts and failures") { RunAll(kRestart); }

}  // namespace
}  // namespace muster::engine
