#include "services/intake/domain/bounds.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "services/intake/domain/validate.h"

namespace muster::intake {

std::string Indexed(std::string_view path, std::string_view field, size_t index) {
  return absl::StrCat(Join(path, field), "[", index, "]");
}

absl::Status ValidateDuration(absl::Duration value, absl::Duration min, absl::Duration max,
                              std::string_view path) {
  if (value < min || value > max) {
    return InvalidField(path, absl::StrCat("must be from ", absl::FormatDuration(min), " to ",
                                           absl::FormatDuration(max)));
  }
  if (value != absl::Floor(value, absl::Milliseconds(1))) {
    return InvalidField(path, "must be a whole number of milliseconds");
  }
  return absl::OkStatus();
}

absl::Status ValidateNumber(int64_t value, int64_t min, int64_t max, std::string_view path) {
  if (value >= min && value <= max) return absl::OkStatus();
  return InvalidField(path, absl::StrCat("must be from ", min, " to ", max));
}

absl::Status ValidateCount(size_t count, size_t max, std::string_view path) {
  if (count <= max) return absl::OkStatus();
  return InvalidField(path, absl::StrCat("must have at most ", max, " elements"));
}

absl::Status ValidateSkills(const std::vector<RequiredSkill>& skills, std::string_view path,
                            std::string_view field, int min_level) {
  MUSTER_RETURN_IF_ERROR(ValidateCount(skills.size(), kMaxSkills, Join(path, field)));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < skills.size(); ++i) {
    const std::string here = Indexed(path, field, i);
    MUSTER_RETURN_IF_ERROR(ValidateId(skills[i].skill, Join(here, "skill")));
    MUSTER_RETURN_IF_ERROR(
        ValidateNumber(skills[i].level, min_level, kMaxSkillLevel, Join(here, "level")));
    if (!seen.insert(skills[i].skill).second) {
      return InvalidField(Join(here, "skill"), "must be named once");
    }
  }
  return absl::OkStatus();
}

}  // namespace muster::intake
