// Checks that the validators share: each names the field by its path. For the .cc files of this
// folder alone.
//
// Threading: pure functions.
//
//   MUSTER_RETURN_IF_ERROR(ValidateNumber(queue.weight, 1, kMaxWeight, Join(path, "weight")));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/intake/domain/rules.h"

namespace muster::intake {

// "queues" + "skills" + 2 is "queues.skills[2]".
std::string Indexed(std::string_view path, std::string_view field, size_t index);

// From `min` to `max`, in whole milliseconds.
absl::Status ValidateDuration(absl::Duration value, absl::Duration min, absl::Duration max,
                              std::string_view path);
absl::Status ValidateNumber(int64_t value, int64_t min, int64_t max, std::string_view path);
absl::Status ValidateCount(size_t count, size_t max, std::string_view path);
// `path`.`field`: at most kMaxSkills, each named once, none below `min_level`.
absl::Status ValidateSkills(const std::vector<RequiredSkill>& skills, std::string_view path,
                            std::string_view field, int min_level = kMinSkillLevel);

}  // namespace muster::intake
