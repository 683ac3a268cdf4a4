// What differs between two studies on common random numbers, for people.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/output.h"
#include "services/cli/simulate/form.h"
#include "services/cli/simulate/render.h"

namespace muster::cli {
namespace {

using simulation::Difference;
using simulation::Measure;
using simulation::MeasureInfo;
using simulation::Study;
using Verdict = Difference::Verdict;

std::string VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      return "the same";
    case Verdict::kUndecided:
      return "undecided";
    case Verdict::kFirstBetter:
      return "A is better";
    case Verdict::kSecondBetter:
      return "B is better";
    case Verdict::kMore:
      return "B has more";
    case Verdict::kLess:
      return "B has less";
  }
  return "";
}

// Nothing to tell: there was none of it in any play.
bool NeverHappened(const Study& first, const Study& second, Measure measure) {
  const auto none = [measure](const Study& study) {
    const simulation::Interval interval = study.Of({}, measure);
    return interval.mean == 0 && interval.half_width == 0;
  };
  return none(first) && none(second);
}

std::string Sentence(const char* whose, const std::vector<std::string>& what) {
  if (what.empty()) return "";
  return absl::StrCat(whose, " ", absl::StrJoin(what, ", "), ".\n");
}

}  // namespace

std::string RenderComparison(const Study& first, const Study& second,
                             const StudySettings& settings) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> first_better, second_better, undecided;
  for (std::size_t m = 0; m < simulation::kMeasures; ++m) {
    const Measure measure = simulation::MeasureAt(m);
    const MeasureInfo& info = InfoOf(measure);
    const Difference difference = Compare(first, second, {}, measure);
    if (!difference.interval.Known() || NeverHappened(first, second, measure)) continue;
    const bool one = !difference.interval.HasWidth();
    rows.push_back({info.title, FormInterval(first.Of({}, measure), info.unit),
                    FormInterval(second.Of({}, measure), info.unit),
                    FormInterval(difference.interval, info.unit),
                    one && difference.verdict == Verdict::kUndecided
                        ? "one play: no interval"
                        : VerdictText(difference.verdict)});
    if (difference.verdict == Verdict::kFirstBetter) first_better.push_back(info.title);
    if (difference.verdict == Verdict::kSecondBetter) second_better.push_back(info.title);
    if (difference.verdict == Verdict::kUndecided && info.better != simulation::Better::kNeither) {
      undecided.push_back(info.title);
    }
  }
  return absl::StrCat(
      "A: ", first.name, "\nB: ", second.name, "\n",
      first.plays.size() == 1 ? "one play each, of the same customers"
                              : absl::StrCat(first.plays.size(),
                                             " plays each, on common random numbers; intervals of "
                                             "95 %, of the difference play by play"),
      "\n\n", RenderTable({"FIGURE", "A", "B", "B - A", "SO"}, rows), "\n",
      Sentence("A is better in:", first_better), Sentence("B is better in:", second_better),
      Sentence("Not decided by these plays:", undecided));
}

}  // namespace muster::cli
