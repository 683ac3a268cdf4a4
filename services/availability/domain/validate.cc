#include "services/availability/domain/validate.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "services/availability/domain/limits.h"

namespace muster::availability {
namespace {

std::string Join(std::string_view path, std::string_view field) {
  return path.empty() ? std::string(field) : absl::StrCat(ToAbsl(path), ".", ToAbsl(field));
}

absl::Status ValidateSkills(const Agent& agent, const std::string& path) {
  if (agent.skills.size() > kMaxSkills) {
    return InvalidField(path, absl::StrCat("must have at most ", kMaxSkills, " entries"));
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < agent.skills.size(); ++i) {
    const AgentSkill& skill = agent.skills[i];
    const std::string here = absl::StrCat(path, "[", i, "]");
    MUSTER_RETURN_IF_ERROR(ValidateId(skill.skill, here + ".skill"));
    if (skill.level < kMinSkillLevel || skill.level > kMaxSkillLevel) {
      return InvalidField(here + ".level", "must be from 1 to 5");
    }
    if (!seen.insert(skill.skill).second) {
      return InvalidField(here + ".skill", "must name each skill once");
    }
  }
  return absl::OkStatus();
}

// A BCP 47 tag as far as its characters go: "sv", "pt-br".
bool IsLanguage(std::string_view tag) {
  if (tag.empty() || tag.size() > kMaxLanguageCharacters) return false;
  for (char c : tag) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!good) return false;
  }
  return tag.front() != '-' && tag.back() != '-';
}

absl::Status ValidateLanguages(const Agent& agent, const std::string& path) {
  if (agent.languages.size() > kMaxLanguages) {
    return InvalidField(path, absl::StrCat("must have at most ", kMaxLanguages, " entries"));
  }
  for (size_t i = 0; i < agent.languages.size(); ++i) {
    if (!IsLanguage(agent.languages[i])) {
      return InvalidField(absl::StrCat(path, "[", i, "]"),
                          "must be a tag such as \"sv\" or \"pt-br\"");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateId(std::string_view id, std::string_view path) {
  return IsValidId(id) ? absl::OkStatus() : InvalidField(path, kIdRule);
}

absl::Status ValidateKey(const AgentKey& key) {
  MUSTER_RETURN_IF_ERROR(ValidateId(key.pool_id, "pool_id"));
  return ValidateId(key.agent_id, "agent_id");
}

absl::Status ValidateRequestId(std::string_view id) {
  if (id.empty() || IsValidRequestId(id)) return absl::OkStatus();
  return InvalidField("request_id", kRequestIdRule);
}

absl::Status ValidateOfferId(std::string_view id, std::string_view path) {
  if (id.empty()) return InvalidField(path, "must not be empty");
  bool good = id.size() <= kMaxOfferIdCharacters;
  for (char c : id) good = good && c > 0x20 && c < 0x7F;
  return good ? absl::OkStatus() : InvalidField(path, "must be an id that came with an offer");
}

absl::Status ValidateBytes(std::string_view text, size_t max_bytes, std::string_view path) {
  if (text.size() > max_bytes) {
    return InvalidField(path, absl::StrCat("must be at most ", max_bytes, " bytes"));
  }
  if (text.find('\0') != std::string_view::npos) {
    return InvalidField(path, "must not contain the character NUL");
  }
  return absl::OkStatus();
}

absl::Status ValidateCharacters(std::string_view text, int min, int max, std::string_view path) {
  const int64_t count = CountCharacters(text);
  if (count < min || count > max) {
    return InvalidField(path, absl::StrCat("must be ", min, " to ", max, " characters"));
  }
  if (HasControl(text)) return InvalidField(path, "must not contain control characters");
  return absl::OkStatus();
}

absl::Status ValidatePresence(int presence, std::string_view path, bool may_be_unspecified) {
  if (may_be_unspecified && presence == 0) return absl::OkStatus();
  if (presence >= static_cast<int>(Presence::kOffline) &&
      presence <= static_cast<int>(Presence::kDraining)) {
    return absl::OkStatus();
  }
  return InvalidField(path, "must be OFFLINE, ONLINE, PAUSED or DRAINING");
}

absl::Status Validate(const Agent& agent, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateId(agent.key.pool_id, Join(path, "pool_id")));
  MUSTER_RETURN_IF_ERROR(ValidateId(agent.key.agent_id, Join(path, "agent_id")));
  MUSTER_RETURN_IF_ERROR(ValidateCharacters(agent.display_name, 0, kMaxDisplayNameCharacters,
                                            Join(path, "display_name")));
  MUSTER_RETURN_IF_ERROR(ValidateSkills(agent, Join(path, "skills")));
  MUSTER_RETURN_IF_ERROR(ValidateLanguages(agent, Join(path, "languages")));
  if (agent.capacity < 1 || agent.capacity > kMaxCapacity) {
    return InvalidField(Join(path, "capacity"), absl::StrCat("must be 1 to ", kMaxCapacity));
  }
  return absl::OkStatus();
}

}  // namespace muster::availability
