#include "services/matcher/convert.h"

#include <algorithm>
#include <map>

#include "common/rpc/proto_time.h"
#include "services/matcher/convert_skills.h"

namespace muster::matcher {
namespace {

namespace av = availability::v1;
namespace in = intake::v1;

engine::Presence ToPresence(av::Presence presence) {
  switch (presence) {
    case av::PRESENCE_ONLINE:
      return engine::Presence::kOnline;
    case av::PRESENCE_PAUSED:
      return engine::Presence::kPaused;
    case av::PRESENCE_DRAINING:
      return engine::Presence::kDraining;
    default:
      return engine::Presence::kOffline;
  }
}

// The demands of queue and ticket together: each skill once, at the higher level.
void AddDemands(const in::Queue& queue, const in::Ticket& ticket, av::OfferNotice* notice) {
  std::map<std::string, int> levels;
  for (const auto* skills : {&queue.required_skills(), &ticket.extra_skills()}) {
    for (const in::RequiredSkill& skill : *skills) {
      int& level = levels[skill.skill()];
      level = std::max({level, skill.level(), 1});
    }
  }
  for (const auto& [skill, level] : levels) {
    in::RequiredSkill* required = notice->add_required_skills();
    required->set_skill(skill);
    required->set_level(level);
  }
}

}  // namespace

absl::Duration TargetWaitOf(const in::Queue& queue) {
  return queue.has_target_wait() ? FromProtoDuration(queue.target_wait()) : kDefaultTargetWait;
}

absl::Duration AfterWorkTimeOf(const in::Queue& queue) {
  return FromProtoDuration(queue.after_work_time());
}

engine::TicketSpec ToTicketSpec(const in::Ticket& ticket) {
  engine::TicketSpec spec;
  spec.ticket_id = ticket.ticket_id();
  spec.queue_id = ticket.queue_id();
  spec.create_time = FromProtoTime(ticket.create_time());
  spec.priority_ahead = FromProtoDuration(ticket.priority_ahead());
  spec.language = ticket.language();
  spec.extra_skills = ToSkillLevels(ticket.extra_skills());
  spec.preferred_agent_id = ticket.preferred_agent_id();
  spec.interrupted = ticket.interrupted();
  return spec;
}

void PutWhereMoved(const TicketMove& move, in::Ticket* ticket) {
  if (!move.queue_id.empty()) ticket->set_queue_id(move.queue_id);
  if (!move.preferred_agent_id.empty()) ticket->set_preferred_agent_id(move.preferred_agent_id);
  if (move.interrupted) ticket->set_interrupted(true);
}

engine::AgentSpec ToAgentSpec(const av::Agent& agent) {
  engine::AgentSpec spec;
  spec.agent_id = agent.agent_id();
  spec.skills = ToSkillLevels(agent.skills());
  spec.languages.assign(agent.languages().begin(), agent.languages().end());
  spec.capacity = AtLeastOne(agent.capacity());
  spec.presence = ToPresence(agent.presence());
  if (agent.has_presence_time()) spec.presence_time = FromProtoTime(agent.presence_time());
  spec.connected = agent.connected();
  spec.session_id = agent.session_id();
  return spec;
}

av::OfferNotice ToOfferNotice(const std::string& offer_id, const engine::MakeOffer& offer,
                              const in::Queue& queue, const in::Ticket& ticket) {
  av::OfferNotice notice;
  notice.set_offer_id(offer_id);
  notice.set_ticket_id(std::string(offer.ticket_id));
  notice.set_queue_id(std::string(offer.queue_id));
  notice.set_queue_display_name(queue.display_name());
  notice.set_channel(ticket.channel());
  notice.set_language(ticket.language());
  notice.set_subject(ticket.subject());
  notice.set_reason(ticket.origin().reason());
  AddDemands(queue, ticket, &notice);
  notice.set_weight(static_cast<int32_t>(offer.weight));
  *notice.mutable_waited() = ToProtoDuration(offer.waited);
  *notice.mutable_answer_within() = ToProtoDuration(offer.offer_timeout);
  *notice.mutable_deadline() = ToProtoTime(offer.deadline);
  return notice;
}

av::AssignmentConfirmed ToAssignmentConfirmed(const Assignment& assignment,
                                              const in::Ticket& ticket,
                                              const std::string& agent_display_name,
                                              absl::Duration after_work_time) {
  av::AssignmentConfirmed confirmed;
  confirmed.set_assignment_id(assignment.assignment_id);
  in::Ticket* full = confirmed.mutable_ticket();
  *full = ticket;
  full->set_ticket_id(assignment.ticket_id);
  full->set_pool_id(assignment.pool_id);
  full->set_queue_id(assignment.queue_id);
  full->set_state(in::TICKET_STATE_ASSIGNED);
  *full->mutable_create_time() = ToProtoTime(assignment.ticket_create_time);
  *full->mutable_assign_time() = ToProtoTime(assignment.accept_time);
  full->set_agent_id(assignment.agent_id);
  full->set_agent_display_name(agent_display_name);
  full->set_assignment_id(assignment.assignment_id);
  *confirmed.mutable_accept_time() = ToProtoTime(assignment.accept_time);
  *confirmed.mutable_after_work_time() = ToProtoDuration(after_work_time);
  confirmed.set_in_wrap_up(assignment.state == AssignmentState::kWrapUp);
  return confirmed;
}

av::RevokeReason ToRevokeReason(engine::OfferOutcome outcome, std::string_view reason) {
  namespace r = engine::reason;
  if (outcome == engine::OfferOutcome::kExpired) return av::REVOKE_REASON_OFFER_EXPIRED;
  if (reason == r::kTicketGone) return av::REVOKE_REASON_CUSTOMER_LEFT;
  if (reason == r::kAgentOffline || reason == r::kAgentPaused || reason == r::kAgentRemoved) {
    return av::REVOKE_REASON_AGENT_LEFT;
  }
  if (reason == r::kTaken) return av::REVOKE_REASON_TAKEN;
  if (reason == r::kMatchingClosed) return av::REVOKE_REASON_DISPATCH_RESTARTED;
  return av::REVOKE_REASON_OPERATIONS;
}

av::AssignmentEndReason ToAssignmentEndReason(std::string_view reason) {
  if (reason == end_reason::kAfterWorkElapsed) {
    return av::ASSIGNMENT_END_REASON_AFTER_WORK_ELAPSED;
  }
  if (reason == end_reason::kCustomerLeft) return av::ASSIGNMENT_END_REASON_CUSTOMER_LEFT;
  if (reason == end_reason::kTransferred) return av::ASSIGNMENT_END_REASON_TRANSFERRED;
  if (reason == end_reason::kRequeued) return av::ASSIGNMENT_END_REASON_REQUEUED;
  if (reason == end_reason::kLost) return av::ASSIGNMENT_END_REASON_LOST;
  return av::ASSIGNMENT_END_REASON_COMPLETED;
}

std::string ToEndReason(std::string_view engine_reason) {
  namespace r = engine::reason;
  if (engine_reason == r::kAfterWorkElapsed) return end_reason::kAfterWorkElapsed;
  // Intake ended the ticket; who is at work on it can only hear that nobody is there any more.
  if (engine_reason == r::kCustomerLeft || engine_reason == r::kTicketClosed) {
    return end_reason::kCustomerLeft;
  }
  if (engine_reason == r::kRequeued) return end_reason::kRequeued;
  if (engine_reason == r::kTransferred) return end_reason::kTransferred;
  if (engine_reason == r::kAgentLost) return end_reason::kLost;
  return end_reason::kCompleted;
}

OfferState ToOfferState(engine::OfferOutcome outcome) {
  switch (outcome) {
    case engine::OfferOutcome::kAccepted:
      return OfferState::kAccepted;
    case engine::OfferOutcome::kDeclined:
      return OfferState::kDeclined;
    case engine::OfferOutcome::kExpired:
      return OfferState::kExpired;
    case engine::OfferOutcome::kRevoked:
      break;
  }
  return OfferState::kRevoked;
}

}  // namespace muster::matcher
