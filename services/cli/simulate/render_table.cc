// The report of one study, for people.
#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/output.h"
#include "services/cli/simulate/form.h"
#include "services/cli/simulate/render.h"

namespace muster::cli {
namespace {

using simulation::Interval;
using simulation::Measure;
using simulation::MeasureInfo;
using simulation::Scope;
using simulation::Study;

constexpr Measure kOfQueues[] = {Measure::kTickets,      Measure::kMeanWait,  Measure::kWait95,
                                 Measure::kServiceLevel, Measure::kAbandoned, Measure::kBlocked};
constexpr Measure kOfGroups[] = {Measure::kTickets, Measure::kMeanWait, Measure::kUtilization,
                                 Measure::kOccupancy, Measure::kRefused};
constexpr int kBarWidth = 40;

std::string Capital(std::string text) {
  for (char& c : text) c = absl::ascii_toupper(static_cast<unsigned char>(c));
  return text;
}

template <std::size_t n>
std::string Rows(const Study& study, const char* title, const std::vector<std::string>& names,
                 Scope::Kind kind, const Measure (&measures)[n]) {
  std::vector<std::string> titles = {title};
  for (const Measure measure : measures) titles.push_back(Capital(InfoOf(measure).title));
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<std::string>& row = rows.emplace_back(1, names[i]);
    for (const Measure measure : measures) {
      row.push_back(FormInterval(study.Of({kind, i}, measure), InfoOf(measure).unit));
    }
  }
  return RenderTable(titles, rows);
}

std::string Total(const Study& study) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t m = 0; m < simulation::kMeasures; ++m) {
    const MeasureInfo& info = InfoOf(simulation::MeasureAt(m));
    const Interval interval = study.Of({}, simulation::MeasureAt(m));
    rows.push_back(
        {info.title, FormFigure(interval.mean, info.unit), FormWidth(interval, info.unit)});
  }
  return RenderTable({"FIGURE", "VALUE", study.plays.size() > 1 ? "95 % INTERVAL" : ""}, rows);
}

std::string InTime(const StudySettings& settings) {
  if (!settings.within) return "in time: within each queue's target wait";
  return absl::StrCat("in time: within ", Text(*settings.within));
}

std::string Speed(const Study& study, const StudySettings& settings) {
  const double elapsed = std::max(absl::ToDoubleSeconds(settings.elapsed), 1e-9);
  return absl::StrFormat("%.0f tickets and %.0f decisions in %s: %.0f decisions a second\n",
                         study.Tickets(), study.Decisions(), Text(settings.elapsed),
                         study.Decisions() / elapsed);
}

// Eighths of a column, so that short bars can be told apart.
std::string Bar(double part) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(part * kBarWidth * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

}  // namespace

std::string RenderStudy(const Study& study, const StudySettings& settings) {
  const std::string plays =
      study.plays.size() == 1 ? "one play"
                              : absl::StrCat("means of ", study.plays.size(), " independent plays");
  return absl::StrCat(study.name, ": ", plays, "; ", InTime(settings), "\n\n", Total(study), "\n",
                      Rows(study, "QUEUE", study.queues, Scope::Kind::kQueue, kOfQueues), "\n",
                      Rows(study, "GROUP", study.groups, Scope::Kind::kGroup, kOfGroups), "\n",
                      Speed(study, settings));
}

std::string RenderDay(const Study& study) {
  std::array<simulation::DayPart, simulation::kDayParts> day{};
  for (const simulation::PlayFigures& play : study.plays) {
    for (std::size_t i = 0; i < day.size(); ++i) {
      day[i].tickets += play.day[i].tickets;
      day[i].ended += play.day[i].ended;
      day[i].wait_s += play.day[i].wait_s;
      day[i].left += play.day[i].left;
    }
  }
  const auto wait = [](const simulation::DayPart& part) {
    return part.ended > 0 ? part.wait_s / part.ended : 0;
  };
  double longest = 0;
  for (const simulation::DayPart& part : day) longest = std::max(longest, wait(part));
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < day.size(); ++i) {
    if (day[i].tickets == 0) continue;
    const auto plays = static_cast<double>(study.plays.size());
    rows.push_back({absl::StrFormat("%02d:%02d", i / 2, i % 2 * 30),
                    absl::StrFormat("%.1f", day[i].tickets / plays),
                    absl::StrFormat("%.1f %%", 100 * day[i].left / day[i].tickets),
                    absl::StrFormat("%.1f s", wait(day[i])),
                    longest > 0 ? Bar(wait(day[i]) / longest) : ""});
  }
  return RenderTable({"CAME FROM", "TICKETS", "ABANDONED", "MEAN WAIT", ""}, rows);
}

}  // namespace muster::cli
