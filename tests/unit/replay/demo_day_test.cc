#include "services/cli/replay/demo_day.h"

#include <map>
#include <set>

#include "services/cli/replay/ideal.h"
#include "tests/support/catch.h"

namespace muster::replay {
namespace {

double SumOf(const DemoDay& day) {
  double sum = 0;
  for (const TraceTicket& t : day.trace) sum += t.at_s + 3 * t.handle_s + 7 * *t.patience_s;
  for (const Spell& s : day.roster) sum += s.online_s + 11 * s.offline_s + 13 * s.skills.size();
  return sum;
}

TEST_CASE("A seed makes the same demo day again, another seed another day") {
  CHECK(SumOf(MakeDemoDay(1)) == SumOf(MakeDemoDay(1)));
  CHECK(SumOf(MakeDemoDay(1)) != SumOf(MakeDemoDay(2)));
}

TEST_CASE("A demo day is one that its agents can serve, with some waiting") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    const DemoDay day = MakeDemoDay(seed);
    CHECK(day.trace.size() > 500);
    CHECK(day.trace.size() < 800);
    const Metrics ideal = MetricsOf(PlayIdeal(day.trace, day.roster, 90));
    CHECK(ideal.mean_wait_s > 1);
    CHECK(ideal.mean_wait_s < 60);
    CHECK(ideal.abandoned < 0.2);
    CHECK(ideal.utilization > 0.5);
    CHECK(ideal.never_served == 0);
    double last = 0;
    for (const TraceTicket& ticket : day.trace) {
      CHECK(ticket.at_s >= last);
      last = ticket.at_s;
    }
    std::set<std::string> agents;
    for (const Spell& spell : day.roster) {
      CHECK(spell.offline_s > spell.online_s);
      CHECK_FALSE(spell.skills.empty());
      CHECK(agents.insert(spell.agent).second);
    }
  }
}

}  // namespace
}  // namespace muster::replay
