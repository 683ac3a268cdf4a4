// Each check is shown a sound history, in which it finds nothing, and then one wrong thing at a
// time, which it and no other check for another thing must find.
#include "services/cli/replay/checks.h"

#include <functional>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace muster::replay {
namespace {

absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1000 + seconds); }

// Agent a serves t1 from 2 to 10 and t2 from 10 to 15; t3's customer leaves at 9; t4's customer
// leaves just as b accepts.
History Sound() {
  History h;
  h.tickets = {
      {"t1", TicketState::kResolved, At(1), At(2), At(10), "a", "o1"},
      {"t2", TicketState::kResolved, At(3), At(10), At(15), "a", "o2"},
      {"t3", TicketState::kCancelled, At(4), std::nullopt, At(9), "", ""},
      {"t4", TicketState::kCancelled, At(5), std::nullopt, At(6), "", ""},
  };
  h.assignments = {
      {"o1", "t1", "a", AssignmentState::kCompleted, At(2), At(10), 1, "solved", false},
      {"o2", "t2", "a", AssignmentState::kCompleted, At(10), At(15), 1, "solved", false},
      {"o4", "t4", "b", AssignmentState::kCompleted, At(6), At(7), 1, "", true},
  };
  using Cancel = ToldTicket::Cancel;
  h.told_tickets = {
      {"t1", At(1), Cancel::kNone, std::nullopt},
      {"t2", At(3), Cancel::kRefused, std::nullopt},
      {"t3", At(4), Cancel::kDone, At(9)},
      {"t4", At(5), Cancel::kDone, At(6)},
  };
  h.told_assignments = {
      {"o1", "t1", "a", At(2), At(2), At(10), true, false, "solved"},
      {"o2", "t2", "a", At(10), At(10), At(15), true, false, "solved"},
      {"o4", "t4", "b", At(6), At(6), At(7), false, true, ""},
  };
  return h;
}

struct Counts {
  size_t lost, double_assigned, over_capacity, disagreements;
  bool operator==(const Counts& o) const {
    return lost == o.lost && double_assigned == o.double_assigned &&
           over_capacity == o.over_capacity && disagreements == o.disagreements;
  }
};
std::ostream& operator<<(std::ostream& out, const Counts& c) {
  return out << "lost " << c.lost << ", double " << c.double_assigned << ", over "
             << c.over_capacity << ", disagree " << c.disagreements;
}

Counts CountsOf(const History& h) {
  return {FindLost(h).size(), FindDoubleAssigned(h).size(), FindOverCapacity(h).size(),
          FindDisagreements(h).size()};
}

struct Case {
  std::string name;
  std::function<void(History&)> spoil;
  Counts counts;
};

TEST_CASE("A sound history has no findings") {
  CHECK(CountsOf(Sound()) == Counts{0, 0, 0, 0});
  CHECK(CountsOf({}) == Counts{0, 0, 0, 0});
}

TEST_CASE("Lost things are found") {
  const Case cases[] = {
      {"a ticket that was acknowledged",
       [](History& h) { h.tickets.erase(h.tickets.begin() + 2); },
       {1, 0, 0, 0}},
      {"an assignment that was confirmed, and ended",
       [](History& h) { h.assignments.erase(h.assignments.begin() + 2); },
       {1, 0, 0, 0}},
      {"an assignment whose ticket was served",  // which the ticket's record shows as well
       [](History& h) { h.assignments.erase(h.assignments.begin()); },
       {1, 0, 0, 1}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    History h = Sound();
    c.spoil(h);
    CHECK(CountsOf(h) == c.counts);
  }
}

TEST_CASE("A ticket that two assignments hold is found") {
  const auto add = [](History& h, const std::string& agent, int64_t from, int64_t until) {
    h.assignments.push_back(
        {"x", "t1", agent, AssignmentState::kTransferred, At(from), At(until), 1, "", false});
    h.told_assignments.push_back(
        {"x", "t1", agent, At(from), At(from), At(until), false, false, ""});
  };
  History at_once = Sound();
  add(at_once, "c", 1, 5);
  CHECK(CountsOf(at_once) == Counts{0, 2, 0, 0});  // on record, and as told

  History one_after_another = Sound();
  add(one_after_another, "c", 1, 2);
  CHECK(CountsOf(one_after_another) == Counts{0, 0, 0, 0});

  History only_told = Sound();
  only_told.told_assignments[1].ticket = "t1";
  only_told.told_assignments[1].agent = "c";
  only_told.told_assignments[1].from = At(9);
  CHECK(FindDoubleAssigned(only_told).size() == 1);

  History completed_twice = Sound();
  completed_twice.assignments[1].ticket = "t1";
  CHECK(FindDoubleAssigned(completed_twice).size() == 1);

  History never_ends = Sound();
  never_ends.assignments[0].ended.reset();
  never_ends.assignments[1].ticket = "t1";
  CHECK(FindDoubleAssigned(never_ends).size() == 2);
}

TEST_CASE("An agent with more than its capacity is found") {
  const Case cases[] = {
      {"two at once on record", [](History& h) { h.assignments[1].started = At(9); }, {0, 0, 1, 2}},
      {"two at once as told", [](History& h) { h.told_assignments[1].from = At(9); }, {0, 0, 1, 0}},
      {"one too heavy", [](History& h) { h.assignments[0].weight = 2; }, {0, 0, 1, 0}},
      {"capacity for two",
       [](History& h) { h.assignments[1].started = At(9), h.capacity = 2; },
       {0, 0, 0, 2}},
      {"one that never ends",
       [](History& h) { h.told_assignments[0].until.reset(); },
       {0, 0, 1, 0}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    History h = Sound();
    c.spoil(h);
    CHECK(CountsOf(h) == c.counts);
  }
}

TEST_CASE("Records that differ from what was told are found") {
  using Cancel = ToldTicket::Cancel;
  const Case cases[] = {
      {"cancelled, the customer was told; but served",
       [](History& h) { h.told_tickets[0].cancel = Cancel::kDone; },
       {0, 0, 0, 1}},
      {"cancelled, the customer never told",
       [](History& h) { h.told_tickets[2].cancel = Cancel::kRefused; },
       {0, 0, 0, 1}},
      {"cancelled at another time",
       [](History& h) { h.told_tickets[2].cancelled = At(8); },
       {0, 0, 0, 1}},
      {"created at another time",
       [](History& h) { h.told_tickets[1].created = At(2); },
       {0, 0, 0, 1}},
      {"another agent was told",
       [](History& h) { h.told_assignments[0].agent = "c"; },
       {0, 0, 0, 1}},
      {"its agent was told of another ticket",
       [](History& h) { h.told_assignments[2].ticket = "t3"; },
       {0, 0, 0, 1}},
      {"began at another time than told",
       [](History& h) { h.told_assignments[0].started = At(3); },
       {0, 0, 0, 1}},
      {"another disposition",
       [](History& h) { h.assignments[0].disposition = "else"; },
       {0, 0, 0, 1}},
      {"completed as told, but live on record",
       [](History& h) {
         h.assignments[1].state = AssignmentState::kActive, h.assignments[1].ended.reset();
       },
       {0, 0, 0, 2}},  // intake's record differs as well
      {"completed on record, its agent not told",
       [](History& h) { h.told_assignments[0].completed = false; },
       {0, 0, 0, 1}},
      {"an assignment that nobody was told of",
       [](History& h) { h.told_assignments.erase(h.told_assignments.begin()); },
       {0, 0, 0, 1}},
      {"an assignment of no ticket",
       [](History& h) { h.assignments[2].ticket = "t9", h.told_assignments[2].ticket = "t9"; },
       {0, 0, 0, 1}},
      {"its agent was told the customer left, the record knows nothing of it",
       [](History& h) { h.told_assignments[1].customer_left = true; },
       {0, 0, 0, 1}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    History h = Sound();
    c.spoil(h);
    CHECK(CountsOf(h) == c.counts);
  }
}

TEST_CASE("Services whose records differ are found") {
  const Case cases[] = {
      {"served by another agent", [](History& h) { h.tickets[0].agent = "b"; }, {0, 0, 0, 1}},
      {"by another assignment", [](History& h) { h.tickets[0].assignment = "o2"; }, {0, 0, 0, 1}},
      {"at another time", [](History& h) { h.tickets[0].assigned = At(3); }, {0, 0, 0, 1}},
      {"still at work",
       [](History& h) { h.tickets[0].state = TicketState::kAssigned; },
       {0, 0, 0, 1}},
      {"still waiting",
       [](History& h) { h.tickets[0].state = TicketState::kQueued; },
       {0, 0, 0, 1}},
      {"served by nobody on record",
       [](History& h) {
         h.assignments.erase(h.assignments.begin());
         h.told_assignments.erase(h.told_assignments.begin());
       },
       {0, 0, 0, 1}},
      {"cancelled, but its assignment went on",
       [](History& h) {
         h.assignments[2].customer_left = false;
         h.told_assignments[2].customer_left = false;
         h.told_assignments[2].completed = true;
       },
       {0, 0, 0, 1}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    History h = Sound();
    c.spoil(h);
    CHECK(CountsOf(h) == c.counts);
  }
}

}  // namespace
}  // namespace muster::replay
