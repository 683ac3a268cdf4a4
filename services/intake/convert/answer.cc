#include "services/intake/convert/answer.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "services/intake/convert/from_proto.h"
#include "services/intake/convert/to_proto.h"

namespace muster::intake {
namespace {

template <class Message, class Value>
std::string Serialized(const Value& value) {
  Message message;
  ToProto(value, &message);
  return message.SerializeAsString();
}

template <class Message>
absl::StatusOr<Message> Parsed(const std::string& bytes) {
  Message message;
  if (message.ParseFromString(bytes)) return message;
  return Internal("BAD_STORED_DATA", absl::StrCat("stored bytes are no ", message.GetTypeName()));
}

absl::StatusOr<AppliedPool> AppliedFromStored(const v1::ApplyPoolResponse& proto) {
  AppliedPool applied{.pool_outcome = static_cast<ApplyOutcome>(proto.pool_outcome())};
  MUSTER_ASSIGN_OR_RETURN(applied.pool, PoolFromStored(proto.pool()));
  for (const v1::Queue& queue : proto.queues()) {
    MUSTER_ASSIGN_OR_RETURN(applied.queues.emplace_back(), QueueFromStored(queue));
  }
  for (const auto& queue : proto.queue_outcomes()) {
    applied.queue_outcomes.push_back(
        {queue.queue_id(), static_cast<ApplyOutcome>(queue.outcome())});
  }
  return applied;
}

struct ToBytes {
  std::string operator()(const Deleted&) const { return ""; }
  std::string operator()(const Pool& pool) const { return Serialized<v1::Pool>(pool); }
  std::string operator()(const Queue& queue) const { return Serialized<v1::Queue>(queue); }
  std::string operator()(const Ticket& ticket) const { return SerializeTicket(ticket); }
  std::string operator()(const AppliedPool& applied) const {
    return Serialized<v1::ApplyPoolResponse>(applied);
  }
  std::string operator()(const std::vector<ProgressAnswer>& answers) const {
    return Serialized<v1::RecordProgressResponse>(answers);
  }
};

struct FromBytes {
  const std::string& bytes;

  absl::StatusOr<Outcome> operator()(const CreatePool&) const { return ParsePool(); }
  absl::StatusOr<Outcome> operator()(const UpdatePool&) const { return ParsePool(); }
  absl::StatusOr<Outcome> operator()(const DeletePool&) const { return Deleted{}; }
  absl::StatusOr<Outcome> operator()(const DeleteQueue&) const { return Deleted{}; }
  absl::StatusOr<Outcome> operator()(const CreateQueue&) const { return ParseQueue(); }
  absl::StatusOr<Outcome> operator()(const UpdateQueue&) const { return ParseQueue(); }
  absl::StatusOr<Outcome> operator()(const CreateTicket&) const { return OneTicket(); }
  absl::StatusOr<Outcome> operator()(const ReleaseTicket&) const { return OneTicket(); }
  absl::StatusOr<Outcome> operator()(const CancelTicket&) const { return OneTicket(); }
  absl::StatusOr<Outcome> operator()(const ApplyPool&) const {
    MUSTER_ASSIGN_OR_RETURN(v1::ApplyPoolResponse proto, Parsed<v1::ApplyPoolResponse>(bytes));
    MUSTER_ASSIGN_OR_RETURN(AppliedPool applied, AppliedFromStored(proto));
    return applied;
  }
  absl::StatusOr<Outcome> operator()(const RecordProgress&) const {
    return Internal("BAD_STORED_DATA", "answers about progress are not kept");
  }

  absl::StatusOr<Outcome> OneTicket() const {
    MUSTER_ASSIGN_OR_RETURN(Ticket ticket, ParseTicket(bytes));
    return ticket;
  }
  absl::StatusOr<Outcome> ParsePool() const {
    MUSTER_ASSIGN_OR_RETURN(v1::Pool proto, Parsed<v1::Pool>(bytes));
    return PoolFromStored(proto);
  }
  absl::StatusOr<Outcome> ParseQueue() const {
    MUSTER_ASSIGN_OR_RETURN(v1::Queue proto, Parsed<v1::Queue>(bytes));
    MUSTER_ASSIGN_OR_RETURN(Queue queue, QueueFromStored(proto));
    return queue;
  }
};

}  // namespace

std::string SerializeAnswer(const Outcome& outcome) { return std::visit(ToBytes{}, outcome); }

absl::StatusOr<Outcome> ParseAnswer(const Mutation& asked, const std::string& bytes) {
  return std::visit(FromBytes{bytes}, asked.act);
}

std::string SerializeTicket(const Ticket& ticket) { return Serialized<v1::Ticket>(ticket); }

absl::StatusOr<Ticket> ParseTicket(const std::string& bytes) {
  MUSTER_ASSIGN_OR_RETURN(v1::Ticket proto, Parsed<v1::Ticket>(bytes));
  return TicketFromStored(proto);
}

std::string SerializeSkills(const std::vector<RequiredSkill>& skills) {
  return absl::StrJoin(skills, ",", [](std::string* out, const RequiredSkill& skill) {
    absl::StrAppend(out, skill.skill, ":", skill.level);
  });
}

std::vector<RequiredSkill> ParseSkills(const std::string& text) {
  std::vector<RequiredSkill> skills;
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits(':', 1));
    RequiredSkill& skill = skills.emplace_back();
    skill.skill = pair.first;
    if (!absl::SimpleAtoi(pair.second, &skill.level)) skill.level = kMinSkillLevel;
  }
  return skills;
}

}  // namespace muster::intake
