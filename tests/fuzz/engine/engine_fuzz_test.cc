// The engine under seeded tapes of bytes, with everything checked after each event; and planted
// bugs, each of which the same checks must find. `engine_fuzzer` runs the same world under
// libFuzzer.
#include <set>
#include <string>

#include "tests/fuzz/engine/world.h"
#include "tests/support/catch.h"

namespace muster::fuzz {
namespace {

constexpr std::uint64_t kSeeds = 40;
constexpr std::size_t kBytes = 6'000;  // of one tape: about 500 events
constexpr std::uint64_t kSeedsToFindABug = 60;

// Kinds of effects, and reasons: all of them must occur, or the tapes test too little.
const char* const kMustHappen[] = {"MakeOffer{",
                                   "MoveDeadline{",
                                   "Assign{",
                                   "StartWrapUp{",
                                   "RequeueTicket{",
                                   "ExpireTicket{",
                                   "ResendToAgent{",
                                   "Unchanged{",
                                   "Reject{",
                                   "outcome=DECLINED",
                                   "NOT_ANSWERED",
                                   "TICKET_GONE",
                                   "AGENT_PAUSED",
                                   "CAPACITY_REDUCED",
                                   "TRANSFERRED",
                                   "QUEUE_REMOVED",
                                   "CUSTOMER_LEFT",
                                   "OFFER_EXPIRED",
                                   "AFTER_WORK_ELAPSED",
                                   "HoldTicket{",
                                   "PauseAgent{",
                                   "TAKEN",
                                   "relax_step=2",
                                   "AGENT_LOST"};

TEST_CASE("whatever the bytes say, nothing is lost, doubled or unanswered") {
  std::set<std::string> happened;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::string bytes = RandomBytes(seed, kBytes);
    World run(Bug::kNone, bytes);
    run.KeepLog();
    const std::string wrong = run.Run();
    INFO("seed " << seed << "\n" << run.Tail());
    REQUIRE(wrong == "");
    for (const std::string& line : run.log()) {
      for (const char* what : kMustHappen) {
        if (line.find(what) != std::string::npos) happened.insert(what);
      }
    }
  }
  for (const char* what : kMustHappen) {
    INFO(what);
    CHECK(happened.count(what) == 1);
  }
}

TEST_CASE("the same bytes lead to the same effects, byte for byte") {
  const std::string bytes = RandomBytes(4711, kBytes);
  World first(Bug::kNone, bytes), second(Bug::kNone, bytes);
  first.KeepLog();
  second.KeepLog();
  CHECK(first.Run() == "");
  CHECK(second.Run() == "");
  CHECK(first.log() == second.log());
}

TEST_CASE("each planted bug is found, and for what it is") {
  for (const PlantedBug& planted : kPlantedBugs) {
    // Any bug leads to several complaints; the one that names it must be among them.
    bool found = false;
    std::string last;
    for (std::uint64_t seed = 1; seed <= kSeedsToFindABug && !found; ++seed) {
      last = World(planted.bug, RandomBytes(seed, kBytes)).Run();
      found = last.find(planted.caught_as) != std::string::npos;
    }
    INFO(planted.name << ": \"" << last << "\"");
    CHECK(found);
  }
}

}  // namespace
}  // namespace muster::fuzz
