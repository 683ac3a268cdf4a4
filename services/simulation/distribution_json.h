// Distributions as scenario files write them:
//
//   "2m"                                                    always so long
//   {"constant": {"value": "2m"}}                           the same
//   {"exponential": {"mean": "2m"}}
//   {"lognormal": {"mean": "3m", "cv": 0.8}}                or {"median": "2m", "sigma": 0.7}
//   {"gamma": {"mean": "3m", "cv": 0.8}}                    or {"shape": 1.5, "scale": "2m"}
//   {"empirical": {"file": "handle.txt"}}                   a number of seconds a line
//   {"empirical": {"values": [61, 140, 355]}}               seconds
//
// Factors have numbers where times have durations.
#pragma once

#include <optional>
#include <string>

#include "services/simulation/distribution.h"
#include "services/simulation/json_reader.h"
#include "services/simulation/scenario.h"

namespace muster::simulation {

enum class Quantity { kTime, kFactor };

// Absent, or wrong (then a problem is added): none.
std::optional<Distribution> ReadDistribution(JsonObject& object, const std::string& name,
                                             Quantity quantity, const FileReader& read_file);

}  // namespace muster::simulation
