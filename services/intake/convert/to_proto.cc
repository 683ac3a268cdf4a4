#include "services/intake/convert/to_proto.h"

#include "common/rpc/proto_time.h"
#include "services/intake/convert/rules.h"
#include "services/intake/convert/values.h"

namespace muster::intake {
namespace {

void OriginToProto(const Origin& origin, v1::Origin* out) {
  out->set_source(origin.source);
  out->set_reason(origin.reason);
  for (const TranscriptTurn& turn : origin.transcript) {
    v1::TranscriptTurn* proto = out->add_transcript();
    proto->set_speaker(turn.speaker);
    proto->set_text(turn.text);
    if (turn.time) *proto->mutable_time() = ToProtoTime(*turn.time);
  }
}

}  // namespace

void ToProto(const Pool& pool, v1::Pool* out) {
  out->set_pool_id(pool.pool_id);
  out->set_display_name(pool.display_name);
  WriteRules(pool.rules, out);
  out->set_etag(EtagOf(pool.update_revision));
  out->set_revision(pool.revision);
  *out->mutable_create_time() = ToProtoTime(pool.create_time);
  *out->mutable_update_time() = ToProtoTime(pool.update_time);
}

void ToProto(const Queue& queue, v1::Queue* out) {
  out->set_pool_id(queue.pool_id);
  out->set_queue_id(queue.queue_id);
  out->set_display_name(queue.display_name);
  SkillsToProto(queue.required_skills, out->mutable_required_skills());
  out->set_weight(queue.weight);
  *out->mutable_priority_ahead() = ToProtoDuration(queue.priority_ahead);
  *out->mutable_target_wait() = ToProtoDuration(queue.target_wait);
  *out->mutable_offer_timeout() = ToProtoDuration(queue.offer_timeout);
  *out->mutable_time_to_live() = ToProtoDuration(queue.time_to_live);
  *out->mutable_after_work_time() = ToProtoDuration(queue.after_work_time);
  out->set_most_waiting(static_cast<int32_t>(queue.most_waiting));
  WriteRules(queue.rules, out);
  out->set_etag(EtagOf(queue.revision));
  out->set_revision(queue.revision);
  *out->mutable_create_time() = ToProtoTime(queue.create_time);
  *out->mutable_update_time() = ToProtoTime(queue.update_time);
}

void ToProto(const Ticket& ticket, v1::Ticket* out) {
  out->set_ticket_id(ticket.ticket_id);
  out->set_pool_id(ticket.pool_id);
  out->set_queue_id(ticket.queue_id);
  out->set_customer_id(ticket.customer_id);
  out->set_channel(static_cast<v1::Channel>(ticket.channel));
  out->set_language(ticket.language);
  SkillsToProto(ticket.extra_skills, out->mutable_extra_skills());
  if (ticket.priority_ahead != absl::ZeroDuration()) {
    *out->mutable_priority_ahead() = ToProtoDuration(ticket.priority_ahead);
  }
  out->set_subject(ticket.subject);
  out->set_text(ticket.text);
  out->set_preferred_agent_id(ticket.preferred_agent_id);
  out->mutable_attributes()->insert(ticket.attributes.begin(), ticket.attributes.end());
  if (ticket.origin) OriginToProto(*ticket.origin, out->mutable_origin());
  out->set_state(static_cast<v1::TicketState>(ticket.state));
  *out->mutable_create_time() = ToProtoTime(ticket.create_time);
  *out->mutable_expire_time() = ToProtoTime(ticket.expire_time);
  if (ticket.assign_time) *out->mutable_assign_time() = ToProtoTime(*ticket.assign_time);
  if (ticket.end_time) *out->mutable_end_time() = ToProtoTime(*ticket.end_time);
  out->set_agent_id(ticket.agent_id);
  out->set_agent_display_name(ticket.agent_display_name);
  out->set_assignment_id(ticket.assignment_id);
  out->set_end_reason(ticket.end_reason);
  out->set_requeue_count(ticket.requeue_count);
  if (ticket.hold_time) *out->mutable_hold_time() = ToProtoTime(*ticket.hold_time);
  out->set_refusal_count(ticket.refusal_count);
  out->set_interrupted(ticket.interrupted);
  out->set_revision(ticket.revision);
  out->set_progress_revision(ticket.progress_revision);
  out->set_request_id(ticket.request_id);
}

void ToProto(const AppliedPool& applied, v1::ApplyPoolResponse* out) {
  // A dry run on a pool that does not exist has none to show.
  if (!applied.pool.pool_id.empty()) ToProto(applied.pool, out->mutable_pool());
  for (const Queue& queue : applied.queues) ToProto(queue, out->add_queues());
  out->set_pool_outcome(static_cast<v1::ApplyOutcome>(applied.pool_outcome));
  for (const auto& [queue_id, outcome] : applied.queue_outcomes) {
    v1::ApplyPoolResponse::QueueOutcome* proto = out->add_queue_outcomes();
    proto->set_queue_id(queue_id);
    proto->set_outcome(static_cast<v1::ApplyOutcome>(outcome));
  }
}

void ToProto(const std::vector<ProgressAnswer>& answers, v1::RecordProgressResponse* out) {
  for (const ProgressAnswer& answer : answers) {
    v1::RecordProgressResponse::Answer* proto = out->add_answers();
    proto->set_ticket_id(answer.ticket_id);
    proto->set_outcome(static_cast<v1::ProgressOutcome>(answer.outcome));
    proto->set_state(static_cast<v1::TicketState>(answer.state));
  }
}

}  // namespace muster::intake
