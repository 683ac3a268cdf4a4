// How the figures of a simulation read, for people and for programs.
//
// Pure.
//
//   Print(RenderStudy(study, settings));       // or RenderStudyJson
//   Print(RenderComparison(first, second, settings));
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/simulation/study.h"

namespace muster::cli {

// What is told beside the figures.
struct StudySettings {
  std::optional<absl::Duration> within;  // absent: each queue's target wait
  absl::Duration elapsed;                // real time that it took
  std::uint64_t seed = 1;
  bool trace = false;  // one play of a trace: the keys of `muster replay` are wanted too
};

std::string RenderStudy(const simulation::Study& study, const StudySettings& settings);
std::string RenderStudyJson(const simulation::Study& study, const StudySettings& settings);

// Wait and leaving through the day, a bar a half hour; for terminals.
std::string RenderDay(const simulation::Study& study);

std::string RenderComparison(const simulation::Study& first, const simulation::Study& second,
                             const StudySettings& settings);
std::string RenderComparisonJson(const simulation::Study& first, const simulation::Study& second,
                                 const StudySettings& settings);

}  // namespace muster::cli
