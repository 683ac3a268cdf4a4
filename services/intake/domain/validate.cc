#include "services/intake/domain/validate.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "services/intake/domain/bounds.h"

namespace muster::intake {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The shape of BCP 47, not its register: subtags of 1 to 8 letters and digits, the first of at
// least two letters.
absl::Status ValidateLanguage(std::string_view tag, std::string_view path) {
  if (tag.empty()) return absl::OkStatus();
  bool good = tag.size() <= kMaxLanguageCharacters;
  size_t length = 0, subtags = 0;
  for (size_t i = 0; good && i <= tag.size(); ++i) {
    if (i == tag.size() || tag[i] == '-') {
      good = length >= (subtags == 0 ? 2 : 1) && length <= 8;
      length = 0;
      ++subtags;
    } else {
      const bool digit = tag[i] >= '0' && tag[i] <= '9';
      good = IsAlphanumeric(tag[i]) && !(digit && subtags == 0);
      ++length;
    }
  }
  if (good) return absl::OkStatus();
  return InvalidField(path, "must be a BCP 47 language tag such as \"sv\" or \"pt-br\"");
}

absl::Status ValidateAttributes(const std::map<std::string, std::string>& attributes,
                                std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateCount(attributes.size(), kMaxAttributes, path));
  for (const auto& [key, value] : attributes) {
    MUSTER_RETURN_IF_ERROR(
        ValidateCharacters(key, 1, kMaxAttributeKeyCharacters, absl::StrCat(ToAbsl(path), " key")));
    MUSTER_RETURN_IF_ERROR(ValidateBytes(value, kMaxAttributeValueBytes,
                                         absl::StrCat(ToAbsl(path), "[\"", key, "\"]")));
  }
  return absl::OkStatus();
}

absl::Status ValidateOrigin(const Origin& origin, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(
      ValidateCharacters(origin.source, 0, kMaxOriginSourceCharacters, Join(path, "source")));
  MUSTER_RETURN_IF_ERROR(ValidateBytes(origin.reason, kMaxOriginReasonBytes, Join(path, "reason")));
  MUSTER_RETURN_IF_ERROR(
      ValidateCount(origin.transcript.size(), kMaxTranscriptTurns, Join(path, "transcript")));
  for (size_t i = 0; i < origin.transcript.size(); ++i) {
    const TranscriptTurn& turn = origin.transcript[i];
    const std::string here = Indexed(path, "transcript", i);
    MUSTER_RETURN_IF_ERROR(
        ValidateCharacters(turn.speaker, 0, kMaxSpeakerCharacters, Join(here, "speaker")));
    MUSTER_RETURN_IF_ERROR(ValidateBytes(turn.text, kMaxTurnTextBytes, Join(here, "text")));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Join(std::string_view path, std::string_view field) {
  if (path.empty()) return std::string(field);
  return absl::StrCat(ToAbsl(path), ".", ToAbsl(field));
}

absl::Status ValidateId(std::string_view id, std::string_view path) {
  return IsValidId(id) ? absl::OkStatus() : InvalidField(path, kIdRule);
}

absl::Status ValidateTicketId(std::string_view id, std::string_view path) {
  // As strict as any id: what intake makes has that form, so nothing else can be found.
  return ValidateId(id, path);
}

absl::Status ValidateRequestId(std::string_view id, std::string_view path) {
  return id.empty() || IsValidRequestId(id) ? absl::OkStatus() : InvalidField(path, kRequestIdRule);
}

absl::Status ValidateBytes(std::string_view text, int max_bytes, std::string_view path) {
  if (text.size() > static_cast<size_t>(max_bytes)) {
    return InvalidField(path, absl::StrCat("must be at most ", max_bytes, " bytes"));
  }
  if (text.find('\0') != std::string_view::npos) {
    return InvalidField(path, "must not contain a NUL character");
  }
  return absl::OkStatus();
}

absl::Status ValidateCharacters(std::string_view text, int min, int max, std::string_view path) {
  const int64_t count = CountCharacters(text);
  if (count < min || count > max) {
    return InvalidField(path, min > 0 ? absl::StrCat("must be ", min, " to ", max, " characters")
                                      : absl::StrCat("must be at most ", max, " characters"));
  }
  if (HasControl(text)) return InvalidField(path, "must not contain control characters");
  return absl::OkStatus();
}

absl::Status Validate(const Pool& pool, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateId(pool.pool_id, Join(path, "pool_id")));
  MUSTER_RETURN_IF_ERROR(ValidateCharacters(pool.display_name, 0, kMaxDisplayNameCharacters,
                                            Join(path, "display_name")));
  return Validate(pool.rules, path);
}

absl::Status Validate(const Queue& queue, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateId(queue.pool_id, Join(path, "pool_id")));
  MUSTER_RETURN_IF_ERROR(ValidateId(queue.queue_id, Join(path, "queue_id")));
  MUSTER_RETURN_IF_ERROR(ValidateCharacters(queue.display_name, 0, kMaxDisplayNameCharacters,
                                            Join(path, "display_name")));
  MUSTER_RETURN_IF_ERROR(ValidateSkills(queue.required_skills, path, "required_skills"));
  MUSTER_RETURN_IF_ERROR(ValidateNumber(queue.weight, 1, kMaxWeight, Join(path, "weight")));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(queue.priority_ahead, absl::ZeroDuration(),
                                          kMaxPriorityAhead, Join(path, "priority_ahead")));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(queue.target_wait, kMinTargetWait, kMaxTargetWait,
                                          Join(path, "target_wait")));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(queue.offer_timeout, kMinOfferTimeout, kMaxOfferTimeout,
                                          Join(path, "offer_timeout")));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(queue.time_to_live, kMinTimeToLive, kMaxTimeToLive,
                                          Join(path, "time_to_live")));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(queue.after_work_time, absl::ZeroDuration(),
                                          kMaxAfterWorkTime, Join(path, "after_work_time")));
  MUSTER_RETURN_IF_ERROR(
      ValidateNumber(queue.most_waiting, 1, kMaxMostWaiting, Join(path, "most_waiting")));
  return Validate(queue.rules, path);
}

absl::Status Validate(const Ticket& ticket, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateId(ticket.pool_id, Join(path, "pool_id")));
  MUSTER_RETURN_IF_ERROR(ValidateId(ticket.queue_id, Join(path, "queue_id")));
  MUSTER_RETURN_IF_ERROR(ValidateCharacters(ticket.customer_id, 1, kMaxCustomerIdCharacters,
                                            Join(path, "customer_id")));
  MUSTER_RETURN_IF_ERROR(ValidateLanguage(ticket.language, Join(path, "language")));
  MUSTER_RETURN_IF_ERROR(ValidateSkills(ticket.extra_skills, path, "extra_skills"));
  MUSTER_RETURN_IF_ERROR(ValidateDuration(ticket.priority_ahead, absl::ZeroDuration(),
                                          kMaxPriorityAhead, Join(path, "priority_ahead")));
  MUSTER_RETURN_IF_ERROR(ValidateBytes(ticket.subject, kMaxSubjectBytes, Join(path, "subject")));
  MUSTER_RETURN_IF_ERROR(ValidateBytes(ticket.text, kMaxTextBytes, Join(path, "text")));
  if (!ticket.preferred_agent_id.empty()) {
    MUSTER_RETURN_IF_ERROR(ValidateId(ticket.preferred_agent_id, Join(path, "preferred_agent_id")));
  }
  MUSTER_RETURN_IF_ERROR(ValidateAttributes(ticket.attributes, Join(path, "attributes")));
  return ticket.origin ? ValidateOrigin(*ticket.origin, Join(path, "origin")) : absl::OkStatus();
}

absl::Status Validate(const ProgressEntry& entry, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateTicketId(entry.ticket_id, Join(path, "ticket_id")));
  if (entry.progress_revision <= 0) {
    return InvalidField(Join(path, "progress_revision"), "must be positive");
  }
  if (!entry.event) return InvalidField(Join(path, "change"), "must be set");
  const bool assigned = *entry.event == TicketEvent::kAssigned;
  const std::string change = Join(path, assigned                                 ? "assigned"
                                        : *entry.event == TicketEvent::kRequeued ? "requeued"
                                        : *entry.event == TicketEvent::kResolved ? "resolved"
                                                                                 : "held");
  MUSTER_RETURN_IF_ERROR(
      ValidateNumber(entry.refusals, 0, kMaxRefusalCount, Join(change, "refusals")));
  if (assigned || *entry.event == TicketEvent::kResolved) {
    MUSTER_RETURN_IF_ERROR(ValidateCharacters(entry.assignment_id, 1, kMaxAssignmentIdCharacters,
                                              Join(change, "assignment_id")));
  }
  if (assigned) MUSTER_RETURN_IF_ERROR(ValidateId(entry.agent_id, Join(change, "agent_id")));
  MUSTER_RETURN_IF_ERROR(ValidateCharacters(entry.agent_display_name, 0, kMaxAgentNameCharacters,
                                            Join(change, "agent_display_name")));
  if (!entry.queue_id.empty()) {
    MUSTER_RETURN_IF_ERROR(ValidateId(entry.queue_id, Join(change, "queue_id")));
  }
  if (!entry.preferred_agent_id.empty()) {
    MUSTER_RETURN_IF_ERROR(
        ValidateId(entry.preferred_agent_id, Join(change, "preferred_agent_id")));
  }
  return ValidateBytes(
      entry.reason, kMaxReasonBytes,
      Join(change, *entry.event == TicketEvent::kResolved ? "disposition" : "reason"));
}

absl::Status Validate(const ApplyPool& apply) {
  MUSTER_RETURN_IF_ERROR(Validate(apply.pool, "pool"));
  MUSTER_RETURN_IF_ERROR(ValidateCount(apply.queues.size(), kMaxQueuesPerPool, "queues"));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < apply.queues.size(); ++i) {
    const std::string path = Indexed("", "queues", i);
    MUSTER_RETURN_IF_ERROR(Validate(apply.queues[i], path));
    if (apply.queues[i].pool_id != apply.pool.pool_id) {
      return InvalidField(Join(path, "pool_id"), "must be the pool's, or empty");
    }
    if (!seen.insert(apply.queues[i].queue_id).second) {
      return InvalidField(Join(path, "queue_id"), "must be named once");
    }
  }
  return absl::OkStatus();
}

}  // namespace muster::intake
