#include "services/cli/simulate/form.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::cli {
namespace {

using simulation::Interval;
using simulation::Scope;
using simulation::Study;
using simulation::Unit;

std::string Number(double value, Unit unit) {
  switch (unit) {
    case Unit::kCount:
      return value == std::floor(value) ? absl::StrFormat("%.0f", value)
                                        : absl::StrFormat("%.1f", value);
    case Unit::kSeconds:
      return absl::StrFormat("%.2f", value);
    case Unit::kPart:
      return absl::StrFormat("%.2f", value * 100);
  }
  return "";
}

const char* Suffix(Unit unit) {
  return unit == Unit::kSeconds ? " s" : unit == Unit::kPart ? " %" : "";
}

}  // namespace

std::string FormFigure(double value, Unit unit) {
  return std::isnan(value) ? "-" : absl::StrCat(Number(value, unit), Suffix(unit));
}

std::string FormWidth(const Interval& interval, Unit unit) {
  if (!interval.HasWidth()) return "";
  return absl::StrCat("± ", Number(interval.half_width, unit), Suffix(unit));
}

std::string FormInterval(const Interval& interval, Unit unit) {
  if (!interval.HasWidth()) return FormFigure(interval.mean, unit);
  return absl::StrCat(Number(interval.mean, unit), Suffix(unit), " ± ",
                      Number(interval.half_width, unit));
}

std::vector<std::pair<std::string, Scope>> ScopesOf(const Study& study) {
  std::vector<std::pair<std::string, Scope>> scopes = {{"total", {}}};
  for (std::size_t q = 0; q < study.queues.size(); ++q) {
    scopes.push_back({study.queues[q], {Scope::Kind::kQueue, q}});
  }
  for (std::size_t g = 0; g < study.groups.size(); ++g) {
    scopes.push_back({study.groups[g], {Scope::Kind::kGroup, g}});
  }
  return scopes;
}

}  // namespace muster::cli
