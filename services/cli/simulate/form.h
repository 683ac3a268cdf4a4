// Forms that the tables of a simulation share.
//
// Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/simulation/study.h"

namespace muster::cli {

// "12.3 s", "4.56 %", "1530"; "-" where nothing was measured.
std::string FormFigure(double value, simulation::Unit unit);
// "± 0.4 s"; empty where the spread is not known.
std::string FormWidth(const simulation::Interval& interval, simulation::Unit unit);
// "12.3 s ± 0.4"
std::string FormInterval(const simulation::Interval& interval, simulation::Unit unit);

// Everybody, then each queue and each group, with the name that it has.
std::vector<std::pair<std::string, simulation::Scope>> ScopesOf(const simulation::Study& study);

}  // namespace muster::cli
