#include "services/matcher/convert_explain.h"

#include <algorithm>

#include "common/rpc/proto_time.h"

namespace muster::matcher {
namespace {

// What is 0 is left out.
void Set(absl::Duration value, google::protobuf::Duration* (v1::Terms::*field)(), v1::Terms* out) {
  if (value != absl::ZeroDuration()) *(out->*field)() = ToProtoDuration(value);
}

void ToProto(const engine::Terms& terms, v1::Terms* out) {
  Set(terms.wait, &v1::Terms::mutable_wait, out);
  Set(terms.priority, &v1::Terms::mutable_priority, out);
  Set(terms.urgency, &v1::Terms::mutable_urgency, out);
  Set(terms.known, &v1::Terms::mutable_known, out);
  Set(terms.idle, &v1::Terms::mutable_idle, out);
  Set(terms.misfit, &v1::Terms::mutable_misfit, out);
  Set(terms.loaded, &v1::Terms::mutable_loaded, out);
  Set(terms.scarcity, &v1::Terms::mutable_scarcity, out);
}

void ToProto(const engine::Ineligible& ineligible, v1::Ineligible* out) {
  out->set_lacks_skill(static_cast<int>(ineligible.lacks_skill));
  out->set_lacks_language(static_cast<int>(ineligible.lacks_language));
  out->set_offline(static_cast<int>(ineligible.offline));
  out->set_paused(static_cast<int>(ineligible.paused));
  out->set_full(static_cast<int>(ineligible.full));
  out->set_declined(static_cast<int>(ineligible.declined));
}

v1::Trigger TriggerOf(engine::Decision::Trigger trigger) {
  switch (trigger) {
    case engine::Decision::Trigger::kTicketCame:
      return v1::TRIGGER_TICKET_CAME;
    case engine::Decision::Trigger::kAgentFreed:
      return v1::TRIGGER_AGENT_FREED;
    case engine::Decision::Trigger::kBurst:
      return v1::TRIGGER_BURST;
  }
  return v1::TRIGGER_UNSPECIFIED;
}

v1::TicketExplanation::State StateOf(engine::TicketState state) {
  switch (state) {
    case engine::TicketState::kWaiting:
      return v1::TicketExplanation::STATE_WAITING;
    case engine::TicketState::kOffered:
      return v1::TicketExplanation::STATE_OFFERED;
    case engine::TicketState::kAssigned:
      return v1::TicketExplanation::STATE_ASSIGNED;
    case engine::TicketState::kServed:
      return v1::TicketExplanation::STATE_SERVED;
  }
  return v1::TicketExplanation::STATE_UNSPECIFIED;
}

v1::AgentExplanation::Presence PresenceOf(engine::Presence presence) {
  switch (presence) {
    case engine::Presence::kOffline:
      return v1::AgentExplanation::PRESENCE_OFFLINE;
    case engine::Presence::kOnline:
      return v1::AgentExplanation::PRESENCE_ONLINE;
    case engine::Presence::kPaused:
      return v1::AgentExplanation::PRESENCE_PAUSED;
    case engine::Presence::kDraining:
      return v1::AgentExplanation::PRESENCE_DRAINING;
  }
  return v1::AgentExplanation::PRESENCE_UNSPECIFIED;
}

}  // namespace

DecisionRecord ToDecisionRecord(const std::string& offer_id, const engine::Decision& decision) {
  v1::Decision body;
  body.set_queue_id(std::string(decision.queue_id));
  body.set_trigger(TriggerOf(decision.trigger));
  body.set_relax_step(decision.relax_step);
  ToProto(decision.terms, body.mutable_terms());
  for (const engine::RunnerUp& next : decision.runners_up) {
    v1::RunnerUp* proto = body.add_runners_up();
    // One of the two is the decision's own, and known.
    if (next.ticket_id != decision.ticket_id) proto->set_ticket_id(std::string(next.ticket_id));
    if (next.agent_id != decision.agent_id) proto->set_agent_id(std::string(next.agent_id));
    ToProto(next.terms, proto->mutable_terms());
  }
  body.set_eligible(static_cast<int>(decision.eligible));
  ToProto(decision.ineligible, body.mutable_ineligible());
  return {.offer_id = offer_id,
          .ticket_id = std::string(decision.ticket_id),
          .agent_id = std::string(decision.agent_id),
          .time = decision.time,
          .body = body.SerializeAsString()};
}

v1::Decision ToProto(const RecordedDecision& recorded, const std::set<std::string>& open) {
  const DecisionRecord& record = recorded.decision;
  v1::Decision decision;
  if (!decision.ParseFromString(record.body)) decision.Clear();
  decision.set_offer_id(record.offer_id);
  decision.set_ticket_id(record.ticket_id);
  decision.set_agent_id(record.agent_id);
  *decision.mutable_time() = ToProtoTime(record.time);
  for (v1::RunnerUp& next : *decision.mutable_runners_up()) {
    if (next.ticket_id().empty()) next.set_ticket_id(record.ticket_id);
    if (next.agent_id().empty()) next.set_agent_id(record.agent_id);
  }
  if (recorded.outcome) {
    decision.set_outcome(static_cast<v1::OfferState>(*recorded.outcome));
    decision.set_outcome_reason(recorded.outcome_reason);
    if (recorded.outcome_time) {
      *decision.mutable_outcome_time() = ToProtoTime(*recorded.outcome_time);
    }
  } else if (open.contains(record.offer_id)) {
    decision.set_outcome(v1::OFFER_STATE_PENDING);
  }
  return decision;
}

v1::TicketExplanation ToProto(const engine::TicketExplanation& e) {
  v1::TicketExplanation proto;
  proto.set_ticket_id(e.ticket_id);
  proto.set_queue_id(e.queue_id);
  proto.set_state(StateOf(e.state));
  proto.set_queue_known(e.queue_known);
  proto.set_paused(e.paused);
  proto.set_position(e.position ? static_cast<int64_t>(*e.position) : 0);
  proto.set_relax_step(e.relax_step);
  if (e.next_step_at < absl::InfiniteFuture()) {
    *proto.mutable_next_step_time() = ToProtoTime(e.next_step_at);
  }
  ToProto(e.terms, proto.mutable_terms());
  proto.set_fitting(static_cast<int>(e.fitting));
  proto.set_eligible(static_cast<int>(e.eligible));
  ToProto(e.ineligible, proto.mutable_ineligible());
  proto.set_refusals(static_cast<int>(e.refusals));
  for (const std::string& agent : e.offered_to) proto.add_offered_to(agent);
  proto.set_reserved_for(e.reserved_for);
  proto.set_claimed_agent(e.claimed_agent);
  proto.set_unservable(e.unservable);
  return proto;
}

v1::AgentExplanation ToProto(const engine::AgentExplanation& e) {
  v1::AgentExplanation proto;
  proto.set_agent_id(e.agent_id);
  proto.set_presence(PresenceOf(e.presence));
  proto.set_connected(e.connected);
  proto.set_capacity(static_cast<int>(e.capacity));
  proto.set_free_units(static_cast<int>(e.free_units));
  proto.set_open_offers(static_cast<int>(e.open_offers));
  *proto.mutable_idle_credit() = ToProtoDuration(e.idle_credit);
  proto.set_ignored_in_a_row(static_cast<int>(e.ignored_in_a_row));
  proto.set_claimed_by(e.claimed_by);
  proto.set_waiting(static_cast<int64_t>(e.waiting));
  // Those with tickets go first, should there be too many.
  for (const bool waiting : {true, false}) {
    for (const engine::AgentExplanation::Line& shown : e.lines) {
      if ((shown.waiting > 0) != waiting) continue;
      if (proto.lines_size() == static_cast<int>(kMaxExplained)) break;
      v1::AgentExplanation::Line* line = proto.add_lines();
      line->set_queue_id(shown.queue_id);
      line->set_relax_step(shown.relax_step);
      line->set_waiting(static_cast<int64_t>(shown.waiting));
      line->set_agents_ahead(static_cast<int>(shown.agents_ahead));
    }
  }
  proto.set_more_lines(static_cast<int>(e.lines.size()) - proto.lines_size());
  for (size_t i = 0; i < std::min(e.declined.size(), kMaxExplained); ++i) {
    v1::AgentExplanation::DeclinedTicket* declined = proto.add_declined();
    declined->set_ticket_id(e.declined[i].ticket_id);
    *declined->mutable_until() = ToProtoTime(e.declined[i].until);
  }
  return proto;
}

}  // namespace muster::matcher
