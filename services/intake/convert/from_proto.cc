#include "services/intake/convert/from_proto.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/rpc/proto_time.h"
#include "services/intake/convert/rules.h"
#include "services/intake/convert/values.h"
#include "services/intake/domain/validate.h"

namespace muster::intake {
namespace {

constexpr int64_t kMinTimestampSeconds = -62'135'596'800;  // year 1
constexpr int64_t kMaxTimestampSeconds = 253'402'300'799;  // year 9999
constexpr int kNanosPerSecond = 1'000'000'000;

absl::StatusOr<absl::Time> ReadTime(const google::protobuf::Timestamp& proto,
                                    std::string_view path) {
  if (proto.seconds() < kMinTimestampSeconds || proto.seconds() > kMaxTimestampSeconds ||
      proto.nanos() < 0 || proto.nanos() >= kNanosPerSecond) {
    return InvalidField(path, "must be a well-formed timestamp");
  }
  return absl::FromUnixMicros(absl::ToUnixMicros(FromProtoTime(proto)));
}

absl::StatusOr<Origin> ReadOrigin(const v1::Origin& proto, std::string_view path) {
  Origin origin{.source = proto.source(), .reason = proto.reason()};
  for (int i = 0; i < proto.transcript_size(); ++i) {
    const v1::TranscriptTurn& turn = proto.transcript(i);
    TranscriptTurn& read = origin.transcript.emplace_back();
    read.speaker = turn.speaker();
    read.text = turn.text();
    if (!turn.has_time()) continue;
    MUSTER_ASSIGN_OR_RETURN(
        read.time, ReadTime(turn.time(), Join(path, absl::StrCat("transcript[", i, "].time"))));
  }
  return origin;
}

// Nothing for times that are absent.
std::optional<absl::Time> TimeIf(bool has, const google::protobuf::Timestamp& proto) {
  return has ? std::optional(FromProtoTime(proto)) : std::nullopt;
}

void ReadChange(const v1::ProgressEntry& proto, ProgressEntry& entry) {
  switch (proto.change_case()) {
    case v1::ProgressEntry::kAssigned:
      entry.event = TicketEvent::kAssigned;
      entry.assignment_id = proto.assigned().assignment_id();
      entry.agent_id = proto.assigned().agent_id();
      entry.agent_display_name = proto.assigned().agent_display_name();
      break;
    case v1::ProgressEntry::kRequeued:
      entry.event = TicketEvent::kRequeued;
      entry.reason = proto.requeued().reason();
      entry.queue_id = proto.requeued().queue_id();
      entry.preferred_agent_id = proto.requeued().preferred_agent_id();
      entry.interrupted = proto.requeued().interrupted();
      break;
    case v1::ProgressEntry::kResolved:
      entry.event = TicketEvent::kResolved;
      entry.assignment_id = proto.resolved().assignment_id();
      entry.reason = proto.resolved().disposition();
      break;
    case v1::ProgressEntry::kExpired:
      entry.event = TicketEvent::kExpired;
      break;
    case v1::ProgressEntry::kHeld:
      entry.event = TicketEvent::kHeld;
      entry.reason = proto.held().reason();
      entry.refusals = proto.held().refusals();
      break;
    case v1::ProgressEntry::CHANGE_NOT_SET:
      break;
  }
}

// 0 if it is none of ours.
int64_t RevisionOfEtag(const std::string& etag) {
  int64_t revision = 0;
  return !etag.empty() && absl::SimpleAtoi(etag.substr(1), &revision) ? revision : 0;
}

}  // namespace

absl::StatusOr<Pool> WantedPool(const v1::Pool& proto, std::string_view path) {
  Pool pool{.pool_id = proto.pool_id(), .display_name = proto.display_name()};
  MUSTER_RETURN_IF_ERROR(ReadRules(proto, path, &pool.rules));
  return pool;
}

absl::StatusOr<Queue> WantedQueue(const v1::Queue& proto, std::string_view path) {
  Queue queue{.pool_id = proto.pool_id(),
              .queue_id = proto.queue_id(),
              .display_name = proto.display_name()};
  queue.required_skills = SkillsFromProto(proto.required_skills());
  if (proto.weight() != 0) queue.weight = proto.weight();
  if (proto.most_waiting() != 0) queue.most_waiting = proto.most_waiting();
  const auto read = [&](bool has, const google::protobuf::Duration& duration, const char* field,
                        absl::Duration* out) {
    return has ? ReadDuration(duration, Join(path, field), out) : absl::OkStatus();
  };
  MUSTER_RETURN_IF_ERROR(read(proto.has_priority_ahead(), proto.priority_ahead(), "priority_ahead",
                              &queue.priority_ahead));
  MUSTER_RETURN_IF_ERROR(
      read(proto.has_target_wait(), proto.target_wait(), "target_wait", &queue.target_wait));
  MUSTER_RETURN_IF_ERROR(read(proto.has_offer_timeout(), proto.offer_timeout(), "offer_timeout",
                              &queue.offer_timeout));
  MUSTER_RETURN_IF_ERROR(
      read(proto.has_time_to_live(), proto.time_to_live(), "time_to_live", &queue.time_to_live));
  MUSTER_RETURN_IF_ERROR(read(proto.has_after_work_time(), proto.after_work_time(),
                              "after_work_time", &queue.after_work_time));
  MUSTER_RETURN_IF_ERROR(ReadRules(proto, path, &queue.rules));
  return queue;
}

absl::StatusOr<Ticket> WantedTicket(const v1::Ticket& proto, std::string_view path) {
  Ticket ticket;
  ticket.pool_id = proto.pool_id();
  ticket.queue_id = proto.queue_id();
  ticket.customer_id = proto.customer_id();
  if (!v1::Channel_IsValid(proto.channel())) {
    return InvalidField(Join(path, "channel"), "must be one of the channels");
  }
  if (proto.channel() != v1::CHANNEL_UNSPECIFIED) {
    ticket.channel = static_cast<Channel>(proto.channel());
  }
  ticket.language = proto.language();
  ticket.extra_skills = SkillsFromProto(proto.extra_skills());
  if (proto.has_priority_ahead()) {
    MUSTER_RETURN_IF_ERROR(
        ReadDuration(proto.priority_ahead(), Join(path, "priority_ahead"), &ticket.priority_ahead));
  }
  ticket.subject = proto.subject();
  ticket.text = proto.text();
  ticket.preferred_agent_id = proto.preferred_agent_id();
  ticket.attributes.insert(proto.attributes().begin(), proto.attributes().end());
  if (proto.has_origin()) {
    MUSTER_ASSIGN_OR_RETURN(ticket.origin, ReadOrigin(proto.origin(), Join(path, "origin")));
  }
  return ticket;
}

absl::StatusOr<ProgressEntry> WantedProgress(const v1::ProgressEntry& proto, absl::Time now,
                                             std::string_view path) {
  ProgressEntry entry{
      .ticket_id = proto.ticket_id(), .progress_revision = proto.progress_revision(), .time = now};
  if (proto.has_time()) {
    MUSTER_ASSIGN_OR_RETURN(entry.time, ReadTime(proto.time(), Join(path, "time")));
  }
  ReadChange(proto, entry);
  return entry;
}

absl::StatusOr<TicketState> WantedState(int proto, std::string_view path) {
  if (proto == 0 || !v1::TicketState_IsValid(proto)) {
    return InvalidField(path, "must be one of the states");
  }
  return static_cast<TicketState>(proto);
}

absl::StatusOr<Pool> PoolFromStored(const v1::Pool& proto) {
  MUSTER_ASSIGN_OR_RETURN(Pool pool, WantedPool(proto, "stored pool"));
  pool.revision = proto.revision();
  pool.update_revision = RevisionOfEtag(proto.etag());
  pool.create_time = FromProtoTime(proto.create_time());
  pool.update_time = FromProtoTime(proto.update_time());
  return pool;
}

absl::StatusOr<Queue> QueueFromStored(const v1::Queue& proto) {
  MUSTER_ASSIGN_OR_RETURN(Queue queue, WantedQueue(proto, "stored queue"));
  queue.revision = proto.revision();
  queue.create_time = FromProtoTime(proto.create_time());
  queue.update_time = FromProtoTime(proto.update_time());
  return queue;
}

absl::StatusOr<Ticket> TicketFromStored(const v1::Ticket& proto) {
  MUSTER_ASSIGN_OR_RETURN(Ticket ticket, WantedTicket(proto, "stored ticket"));
  ticket.ticket_id = proto.ticket_id();
  ticket.state = static_cast<TicketState>(proto.state());
  ticket.create_time = FromProtoTime(proto.create_time());
  ticket.expire_time = FromProtoTime(proto.expire_time());
  ticket.assign_time = TimeIf(proto.has_assign_time(), proto.assign_time());
  ticket.end_time = TimeIf(proto.has_end_time(), proto.end_time());
  ticket.agent_id = proto.agent_id();
  ticket.agent_display_name = proto.agent_display_name();
  ticket.assignment_id = proto.assignment_id();
  ticket.end_reason = proto.end_reason();
  ticket.requeue_count = proto.requeue_count();
  ticket.hold_time = TimeIf(proto.has_hold_time(), proto.hold_time());
  ticket.refusal_count = proto.refusal_count();
  ticket.interrupted = proto.interrupted();
  ticket.revision = proto.revision();
  ticket.progress_revision = proto.progress_revision();
  ticket.request_id = proto.request_id();
  return ticket;
}

}  // namespace muster::intake
