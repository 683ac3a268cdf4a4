#include "services/simulation/study.h"

#include <algorithm>

namespace muster::simulation {
namespace {

const Figures& FiguresAt(const PlayFigures& play, const Scope& scope) {
  switch (scope.kind) {
    case Scope::Kind::kQueue:
      return play.queues[scope.place];
    case Scope::Kind::kGroup:
      return play.groups[scope.place];
    case Scope::Kind::kTotal:
      break;
  }
  return play.total;
}

}  // namespace

Study StudyOf(const std::string& name, const Plan& plan) {
  Study study;
  study.name = name;
  for (const QueuePlan& queue : plan.queues) study.queues.push_back(queue.queue_id);
  for (const GroupPlan& group : plan.groups) study.groups.push_back(group.name);
  return study;
}

std::vector<double> Study::Values(const Scope& scope, Measure measure) const {
  std::vector<double> values;
  for (const PlayFigures& play : plays) values.push_back(FiguresAt(play, scope)[measure]);
  return values;
}

Interval Study::Of(const Scope& scope, Measure measure) const {
  return IntervalOf(Values(scope, measure));
}

double Study::Tickets() const {
  double sum = 0;
  for (const PlayFigures& play : plays) sum += play.tickets;
  return sum;
}

double Study::Decisions() const {
  double sum = 0;
  for (const PlayFigures& play : plays) sum += play.decisions;
  return sum;
}

absl::StatusOr<PlayFigures> PlayScenario(const Scenario& scenario, std::uint64_t replication,
                                         const Play::GoOn& go_on) {
  DrawnCustomers customers(scenario.arrivals, scenario.busyness, scenario.plan.seed, replication,
                           scenario.horizon);
  Play play(scenario.plan, customers, replication);
  if (absl::Status played = play.Run(go_on); !played.ok()) return played;
  return play.Sum();
}

absl::StatusOr<PlayFigures> PlayList(const Plan& plan, const std::vector<Customer>& customers,
                                     const Play::GoOn& go_on) {
  ListedCustomers source(customers);
  Play play(plan, source, /*replication=*/0);
  if (absl::Status played = play.Run(go_on); !played.ok()) return played;
  return play.Sum();
}

Difference Compare(const Study& first, const Study& second, const Scope& scope, Measure measure) {
  using Verdict = Difference::Verdict;
  Difference difference;
  difference.interval = PairedInterval(first.Values(scope, measure), second.Values(scope, measure));
  const Interval& by = difference.interval;
  if (!by.Known()) return difference;
  if (by.mean == 0 && by.half_width == 0) {
    difference.verdict = Verdict::kSame;
  } else if (by.HasWidth() && (by.Low() > 0 || by.High() < 0)) {
    const bool more = by.mean > 0;
    switch (InfoOf(measure).better) {
      case Better::kNeither:
        difference.verdict = more ? Verdict::kMore : Verdict::kLess;
        break;
      case Better::kLess:
        difference.verdict = more ? Verdict::kFirstBetter : Verdict::kSecondBetter;
        break;
      case Better::kMore:
        difference.verdict = more ? Verdict::kSecondBetter : Verdict::kFirstBetter;
        break;
    }
  }
  return difference;
}

}  // namespace muster::simulation
