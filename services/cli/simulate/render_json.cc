// Studies and comparisons for programs.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/cli/simulate/form.h"
#include "services/cli/simulate/render.h"

namespace muster::cli {
namespace {

using nlohmann::ordered_json;
using simulation::Difference;
using simulation::Interval;
using simulation::Measure;
using simulation::Scope;
using simulation::Study;

ordered_json ToJson(double value) {
  return std::isnan(value) ? ordered_json(nullptr) : ordered_json(value);
}

ordered_json ToJson(const Interval& interval) {
  ordered_json json = {{"mean", ToJson(interval.mean)}};
  if (interval.HasWidth()) json["half_width"] = interval.half_width;
  return json;
}

ordered_json FiguresOf(const Study& study, const Scope& scope) {
  ordered_json json = ordered_json::object();
  for (std::size_t m = 0; m < simulation::kMeasures; ++m) {
    const Measure measure = simulation::MeasureAt(m);
    const Interval interval = study.Of(scope, measure);
    if (interval.Known()) json[InfoOf(measure).key] = ToJson(interval);
  }
  return json;
}

template <class Make>
ordered_json EachScope(const Study& study, Make make) {
  ordered_json json;
  json["queues"] = ordered_json::array();
  json["groups"] = ordered_json::array();
  for (const auto& [name, scope] : ScopesOf(study)) {
    if (scope.kind == Scope::Kind::kTotal) {
      json["total"] = make(scope);
      continue;
    }
    const bool queue = scope.kind == Scope::Kind::kQueue;
    ordered_json one = {{queue ? "queue_id" : "group", name}};
    one.update(make(scope));
    json[queue ? "queues" : "groups"].push_back(std::move(one));
  }
  return json;
}

double Rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  return std::round(value * scale) / scale;
}

// The keys of `muster replay -o json`, as it defines them.
void PutReplayKeys(const Study& study, const StudySettings& settings, ordered_json& json) {
  const simulation::Figures& total = study.plays.front().total;
  const double within = absl::ToDoubleSeconds(settings.within.value_or(absl::Seconds(20)));
  const auto figure = [&](Measure m) { return std::isnan(total[m]) ? 0 : total[m]; };
  json["tickets"] = static_cast<std::int64_t>(figure(Measure::kTickets));
  json["mean_wait_s"] = Rounded(figure(Measure::kMeanWait), 2);
  json["p50_wait_s"] = figure(Measure::kMedianWait);
  json["p95_wait_s"] = figure(Measure::kWait95);
  json["p99_wait_s"] = figure(Measure::kWait99);
  json["abandoned"] = Rounded(figure(Measure::kAbandoned), 4);
  json[absl::StrCat("within_", within, "_s")] = Rounded(figure(Measure::kWithin), 4);
  json["never_served"] = static_cast<std::int64_t>(figure(Measure::kNeverServed));
  json["utilization"] = Rounded(figure(Measure::kUtilization), 4);
}

ordered_json DayOf(const Study& study) {
  ordered_json day = ordered_json::array();
  for (std::size_t i = 0; i < simulation::kDayParts; ++i) {
    simulation::DayPart sum;
    for (const simulation::PlayFigures& play : study.plays) {
      sum.tickets += play.day[i].tickets;
      sum.ended += play.day[i].ended;
      sum.wait_s += play.day[i].wait_s;
      sum.left += play.day[i].left;
    }
    if (sum.tickets == 0) continue;
    day.push_back({{"from_s", static_cast<double>(i) * 86'400 / simulation::kDayParts},
                   {"tickets", sum.tickets / static_cast<double>(study.plays.size())},
                   {"mean_wait_s", sum.ended > 0 ? ToJson(sum.wait_s / sum.ended) : ToJson(NAN)},
                   {"abandoned", sum.left / sum.tickets}});
  }
  return day;
}

void PutSettings(const StudySettings& settings, ordered_json& json) {
  json["seed"] = settings.seed;
  if (settings.within) json["within_s"] = absl::ToDoubleSeconds(*settings.within);
}

const char* Name(Difference::Verdict verdict) {
  switch (verdict) {
    case Difference::Verdict::kSame:
      return "SAME";
    case Difference::Verdict::kUndecided:
      return "UNDECIDED";
    case Difference::Verdict::kFirstBetter:
      return "FIRST_BETTER";
    case Difference::Verdict::kSecondBetter:
      return "SECOND_BETTER";
    case Difference::Verdict::kMore:
      return "SECOND_MORE";
    case Difference::Verdict::kLess:
      return "SECOND_LESS";
  }
  return "";
}

}  // namespace

std::string RenderStudyJson(const Study& study, const StudySettings& settings) {
  ordered_json json;
  if (settings.trace && study.plays.size() == 1) PutReplayKeys(study, settings, json);
  json["name"] = study.name;
  json["plays"] = study.plays.size();
  PutSettings(settings, json);
  json["all_tickets"] = study.Tickets();
  json["decisions"] = study.Decisions();
  const double elapsed = absl::ToDoubleSeconds(settings.elapsed);
  json["elapsed_s"] = elapsed;
  if (elapsed > 0) json["decisions_per_second"] = std::round(study.Decisions() / elapsed);
  json.update(EachScope(study, [&](const Scope& scope) { return FiguresOf(study, scope); }));
  json["day"] = DayOf(study);
  return json.dump(2) + "\n";
}

std::string RenderComparisonJson(const Study& first, const Study& second,
                                 const StudySettings& settings) {
  ordered_json json = {{"first", first.name}, {"second", second.name}};
  json["plays"] = first.plays.size();
  PutSettings(settings, json);
  const auto compare = [&](const Scope& scope) {
    ordered_json figures = ordered_json::object();
    for (std::size_t m = 0; m < simulation::kMeasures; ++m) {
      const Measure measure = simulation::MeasureAt(m);
      const Difference difference = Compare(first, second, scope, measure);
      if (!difference.interval.Known()) continue;
      figures[InfoOf(measure).key] = {{"first", ToJson(first.Of(scope, measure))},
                                      {"second", ToJson(second.Of(scope, measure))},
                                      {"difference", ToJson(difference.interval)},
                                      {"verdict", Name(difference.verdict)}};
    }
    return figures;
  };
  if (first.queues == second.queues && first.groups == second.groups) {
    json.update(EachScope(first, compare));
  } else {
    json["total"] = compare({});
  }
  return json.dump(2) + "\n";
}

}  // namespace muster::cli
