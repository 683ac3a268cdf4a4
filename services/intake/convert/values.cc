#include "services/intake/convert/values.h"

#include "common/base/errors.h"
#include "common/rpc/proto_time.h"

namespace muster::intake {
namespace {

constexpr int64_t kMaxDurationSeconds = 315'576'000'000;  // of google.protobuf.Duration
constexpr int kNanosPerSecond = 1'000'000'000;

}  // namespace

absl::Status ReadDuration(const google::protobuf::Duration& proto, std::string_view path,
                          absl::Duration* out) {
  const bool mixed =
      (proto.seconds() > 0 && proto.nanos() < 0) || (proto.seconds() < 0 && proto.nanos() > 0);
  if (mixed || proto.seconds() > kMaxDurationSeconds || proto.seconds() < -kMaxDurationSeconds ||
      proto.nanos() >= kNanosPerSecond || proto.nanos() <= -kNanosPerSecond) {
    return InvalidField(path, "must be a well-formed duration");
  }
  *out = FromProtoDuration(proto);
  return absl::OkStatus();
}

std::vector<RequiredSkill> SkillsFromProto(
    const google::protobuf::RepeatedPtrField<v1::RequiredSkill>& skills) {
  std::vector<RequiredSkill> result;
  for (const v1::RequiredSkill& skill : skills) {
    result.push_back({skill.skill(), skill.level() == 0 ? kMinSkillLevel : skill.level()});
  }
  return result;
}

void SkillsToProto(const std::vector<RequiredSkill>& skills,
                   google::protobuf::RepeatedPtrField<v1::RequiredSkill>* out) {
  for (const RequiredSkill& skill : skills) {
    v1::RequiredSkill* proto = out->Add();
    proto->set_skill(skill.skill);
    proto->set_level(skill.level);
  }
}

}  // namespace muster::intake
