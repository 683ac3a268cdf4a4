#include "services/cli/replay/ideal.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace muster::replay {
namespace {

TraceTicket Ticket(int64_t number, double at_s, std::string queue, double handle_s,
                   std::optional<double> patience_s = std::nullopt, int priority = 0) {
  TraceTicket ticket;
  ticket.number = number;
  ticket.at_s = at_s;
  ticket.queue = std::move(queue);
  ticket.handle_s = handle_s;
  ticket.patience_s = patience_s;
  ticket.priority = priority;
  return ticket;
}

struct Case {
  std::string name;
  Trace trace;
  Roster roster;
  std::vector<double> waits_s;  // in the order in which they ended
  int64_t left;
  int64_t never_served;
};

std::vector<Case> Cases() {
  return {
      {"an idle agent serves at once, a busy one when it is done",
       {Ticket(0, 10, "q", 100), Ticket(1, 20, "q", 5)},
       {{0, 500, "a", {"q"}}},
       {0, 90},
       0,
       0},
      {"patience ends the wait",
       {Ticket(0, 10, "q", 100), Ticket(1, 20, "q", 5, 30)},
       {{0, 500, "a", {"q"}}},
       {0, 30},
       1,
       0},
      {"work that ends at the instant patience ends comes first",
       {Ticket(0, 10, "q", 100), Ticket(1, 20, "q", 5, 90)},
       {{0, 500, "a", {"q"}}},
       {0, 90},
       0,
       0},
      {"no patience at all, but an idle agent",
       {Ticket(0, 10, "q", 1, 0)},
       {{0, 500, "a", {"q"}}},
       {0},
       0,
       0},
      {"priority overtakes by its seconds",
       {Ticket(0, 0, "q", 100), Ticket(1, 10, "q", 10), Ticket(2, 50, "q", 10, std::nullopt, 1)},
       {{0, 500, "a", {"q"}}},
       {0, 50, 100},
       0,
       0},
      {"but not by more",
       {Ticket(0, 0, "q", 300), Ticket(1, 10, "q", 10), Ticket(2, 150, "q", 10, std::nullopt, 1)},
       {{0, 500, "a", {"q"}}},
       {0, 290, 160},
       0,
       0},
      {"only who has the skill",
       {Ticket(0, 5, "q", 10), Ticket(1, 6, "r", 10)},
       {{0, 500, "a", {"r"}}},
       {0},
       0,
       1},
      {"who goes while at work finishes, and takes nothing more",
       {Ticket(0, 5, "q", 100), Ticket(1, 6, "q", 10, 500)},
       {{0, 50, "a", {"q"}}},
       {0, 500},
       1,
       0},
      {"who comes on again while still at work goes on",
       {Ticket(0, 5, "q", 100), Ticket(1, 6, "q", 10)},
       {{0, 50, "a", {"q"}}, {60, 500, "a", {"q"}}},
       {0, 99},
       0,
       0},
      {"an agent who comes finds who waits",
       {Ticket(0, 5, "q", 10), Ticket(1, 6, "q", 10)},
       {{0, 1, "a", {"q"}}, {30, 60, "b", {"q"}}},
       {25, 34},
       0,
       0},
  };
}

TEST_CASE("Ideal dispatch of small days") {
  for (const Case& c : Cases()) {
    INFO(c.name);
    const Outcome outcome = PlayIdeal(c.trace, c.roster, 90);
    CHECK(outcome.waits_s == c.waits_s);
    CHECK(outcome.left == c.left);
    CHECK(outcome.never_served == c.never_served);
    CHECK(outcome.tickets == static_cast<int64_t>(c.trace.size()));
  }
}

TEST_CASE("The agent who has been idle longest is taken, ties by name") {
  // b serves first (idle longer); a, freed later than b comes on, is then idle for less long than
  // b.
  const Trace trace = {Ticket(0, 10, "q", 5), Ticket(1, 20, "q", 1000), Ticket(2, 30, "r", 1)};
  const Roster roster = {{1, 500, "b", {"q"}}, {2, 500, "a", {"q", "r"}}};
  // Ticket 0 goes to b, until 15; ticket 1 to a, idle since 2: nobody is left for r.
  const Outcome outcome = PlayIdeal(trace, roster, 90);
  CHECK(outcome.waits_s == std::vector<double>{0, 0});
  CHECK(outcome.never_served == 1);
  CHECK(outcome.busy_s == 1005);
  CHECK(outcome.staffed_s == 997);

  const Roster tied = {{1, 500, "b", {"q"}}, {1, 500, "a", {"q", "r"}}};
  const Trace two = {Ticket(0, 10, "q", 1000), Ticket(1, 20, "r", 1, 5)};
  CHECK(PlayIdeal(two, tied, 90).left == 1);  // a was taken for q
}

TEST_CASE("Figures are those of the sorted waits") {
  Outcome outcome;
  outcome.tickets = 5;
  outcome.waits_s = {40, 0, 20, 10};
  outcome.left = 1;
  outcome.never_served = 1;
  outcome.busy_s = 30;
  outcome.staffed_s = 40;
  const Metrics metrics = MetricsOf(outcome);
  CHECK(metrics.mean_wait_s == 17.5);
  CHECK(metrics.p50_wait_s == 20);
  CHECK(metrics.p95_wait_s == 40);
  CHECK(metrics.p99_wait_s == 40);
  CHECK(metrics.abandoned == 0.2);
  CHECK(metrics.within_20_s == 0.75);
  CHECK(metrics.never_served == 1);
  CHECK(metrics.utilization == 0.75);
  CHECK(MetricsOf({}).mean_wait_s == 0);
}

}  // namespace
}  // namespace muster::replay
