// Small values that several messages of the contract share. For the .cc files of this folder alone.
//
// Threading: pure functions.
//
//   MUSTER_RETURN_IF_ERROR(ReadDuration(proto.after(), Join(path, "after"), &step.after));
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "muster/intake/v1/pool.pb.h"
#include "services/intake/domain/rules.h"

namespace muster::intake {

// Refuses a malformed one. Bounds are the domain's business.
absl::Status ReadDuration(const google::protobuf::Duration& proto, std::string_view path,
                          absl::Duration* out);

// Level 0 counts as 1.
std::vector<RequiredSkill> SkillsFromProto(
    const google::protobuf::RepeatedPtrField<v1::RequiredSkill>& skills);
void SkillsToProto(const std::vector<RequiredSkill>& skills,
                   google::protobuf::RepeatedPtrField<v1::RequiredSkill>* out);

}  // namespace muster::intake
