#include "services/intake/convert/rules.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/rpc/proto_time.h"
#include "services/intake/convert/values.h"
#include "services/intake/domain/validate.h"

namespace muster::intake {
namespace {

absl::Status ReadPhase(int proto, std::string_view path, Phase* out) {
  if (!v1::Phase_IsValid(proto)) return InvalidField(path, "must be one of the phases");
  *out = proto == v1::PHASE_UNSPECIFIED ? Phase::kOpen : static_cast<Phase>(proto);
  return absl::OkStatus();
}

// Reads the durations that are there into the rules that they belong to.
class DurationReader {
 public:
  explicit DurationReader(std::string_view path) : path_(path) {}

  void Read(bool has, const google::protobuf::Duration& proto, const char* field,
            absl::Duration* out) {
    if (has && status_.ok()) status_ = ReadDuration(proto, Join(path_, field), out);
  }
  absl::Status status() const { return status_; }

 private:
  const std::string_view path_;
  absl::Status status_;
};

absl::Status ReadSteps(const v1::Queue& proto, std::string_view path, QueueRules* out) {
  for (int i = 0; i < proto.relax_steps_size(); ++i) {
    const v1::RelaxStep& step = proto.relax_steps(i);
    RelaxStep& read = out->relax_steps.emplace_back();
    MUSTER_RETURN_IF_ERROR(ReadDuration(
        step.after(), Join(path, absl::StrCat("relax_steps[", i, "].after")), &read.after));
    for (const v1::RelaxedSkill& skill : step.skills()) {
      read.skills.push_back({skill.skill(), skill.level()});
    }
    read.any_language = step.any_language();
  }
  return absl::OkStatus();
}

template <class Message, class Rules>
absl::StatusOr<Rules> Parse(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes)) {
    return Internal("BAD_STORED_DATA", absl::StrCat("stored bytes are no ", message.GetTypeName()));
  }
  Rules rules;
  MUSTER_RETURN_IF_ERROR(ReadRules(message, "stored rules", &rules));
  return rules;
}

template <class Message, class Rules>
std::string Serialize(const Rules& rules) {
  Message message;
  WriteRules(rules, &message);
  return message.SerializeAsString();
}

}  // namespace

absl::Status ReadRules(const v1::Pool& proto, std::string_view path, PoolRules* out) {
  *out = PoolRules();
  DurationReader durations(path);
  durations.Read(proto.has_fair_window(), proto.fair_window(), "fair_window", &out->fair_window);
  durations.Read(proto.has_idle_bound(), proto.idle_bound(), "idle_bound", &out->idle_bound);
  durations.Read(proto.has_loaded_price(), proto.loaded_price(), "loaded_price",
                 &out->loaded_price);
  durations.Read(proto.has_scarcity_bound(), proto.scarcity_bound(), "scarcity_bound",
                 &out->scarcity_bound);
  MUSTER_RETURN_IF_ERROR(durations.status());
  if (proto.has_scarcity()) out->scarcity = proto.scarcity();
  out->most_offers_per_agent = proto.most_offers_per_agent();
  if (proto.has_ignored_offers_to_pause()) {
    out->ignored_offers_to_pause = proto.ignored_offers_to_pause();
  }
  return ReadPhase(proto.phase(), Join(path, "phase"), &out->phase);
}

absl::Status ReadRules(const v1::Queue& proto, std::string_view path, QueueRules* out) {
  *out = QueueRules();
  out->preferred_skills = SkillsFromProto(proto.preferred_skills());
  MUSTER_RETURN_IF_ERROR(ReadSteps(proto, path, out));
  DurationReader durations(path);
  durations.Read(proto.has_target_boost(), proto.target_boost(), "target_boost",
                 &out->target_boost);
  durations.Read(proto.has_missing_level_price(), proto.missing_level_price(),
                 "missing_level_price", &out->missing_level_price);
  durations.Read(proto.has_missing_language_price(), proto.missing_language_price(),
                 "missing_language_price", &out->missing_language_price);
  durations.Read(proto.has_known_agent_bonus(), proto.known_agent_bonus(), "known_agent_bonus",
                 &out->known_agent_bonus);
  durations.Read(proto.has_capacity_claim_after(), proto.capacity_claim_after(),
                 "capacity_claim_after", &out->capacity_claim_after);
  durations.Read(proto.has_decline_price(), proto.decline_price(), "decline_price",
                 &out->decline_price);
  durations.Read(proto.has_expiry_price(), proto.expiry_price(), "expiry_price",
                 &out->expiry_price);
  durations.Read(proto.has_acknowledge_timeout(), proto.acknowledge_timeout(),
                 "acknowledge_timeout", &out->acknowledge_timeout);
  MUSTER_RETURN_IF_ERROR(durations.status());
  if (proto.offers_at_once() != 0) out->offers_at_once = proto.offers_at_once();
  out->most_refusals = proto.most_refusals();
  return ReadPhase(proto.phase(), Join(path, "phase"), &out->phase);
}

void WriteRules(const PoolRules& rules, v1::Pool* out) {
  *out->mutable_fair_window() = ToProtoDuration(rules.fair_window);
  *out->mutable_idle_bound() = ToProtoDuration(rules.idle_bound);
  *out->mutable_loaded_price() = ToProtoDuration(rules.loaded_price);
  out->set_scarcity(rules.scarcity);
  *out->mutable_scarcity_bound() = ToProtoDuration(rules.scarcity_bound);
  out->set_most_offers_per_agent(rules.most_offers_per_agent);
  out->set_ignored_offers_to_pause(rules.ignored_offers_to_pause);
  out->set_phase(static_cast<v1::Phase>(rules.phase));
}

void WriteRules(const QueueRules& rules, v1::Queue* out) {
  SkillsToProto(rules.preferred_skills, out->mutable_preferred_skills());
  for (const RelaxStep& step : rules.relax_steps) {
    v1::RelaxStep* proto = out->add_relax_steps();
    *proto->mutable_after() = ToProtoDuration(step.after);
    for (const RequiredSkill& skill : step.skills) {
      v1::RelaxedSkill* relaxed = proto->add_skills();
      relaxed->set_skill(skill.skill);
      relaxed->set_level(skill.level);
    }
    proto->set_any_language(step.any_language);
  }
  *out->mutable_target_boost() = ToProtoDuration(rules.target_boost);
  *out->mutable_missing_level_price() = ToProtoDuration(rules.missing_level_price);
  *out->mutable_missing_language_price() = ToProtoDuration(rules.missing_language_price);
  *out->mutable_known_agent_bonus() = ToProtoDuration(rules.known_agent_bonus);
  *out->mutable_capacity_claim_after() = ToProtoDuration(rules.capacity_claim_after);
  out->set_offers_at_once(rules.offers_at_once);
  out->set_most_refusals(rules.most_refusals);
  *out->mutable_decline_price() = ToProtoDuration(rules.decline_price);
  *out->mutable_expiry_price() = ToProtoDuration(rules.expiry_price);
  *out->mutable_acknowledge_timeout() = ToProtoDuration(rules.acknowledge_timeout);
  out->set_phase(static_cast<v1::Phase>(rules.phase));
}

std::string SerializeRules(const PoolRules& rules) { return Serialize<v1::Pool>(rules); }
std::string SerializeRules(const QueueRules& rules) { return Serialize<v1::Queue>(rules); }

absl::StatusOr<PoolRules> ParsePoolRules(const std::string& bytes) {
  return Parse<v1::Pool, PoolRules>(bytes);
}

absl::StatusOr<QueueRules> ParseQueueRules(const std::string& bytes) {
  return Parse<v1::Queue, QueueRules>(bytes);
}

}  // namespace muster::intake
