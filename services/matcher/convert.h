// Between the protos of intake and availability and the values of the engine.
//
// Threading: pure functions.
//
//   engine.Apply(engine::QueueChanged{queue.queue_id(), ToQueueRules(queue)}, now, &effects);
//   engine.Apply(engine::TicketQueued{ToTicketSpec(ticket)}, now, &effects);
//   OfferNotice notice = ToOfferNotice("bank/3/17", make_offer, queue, ticket);
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/availability/v1/agent.pb.h"
#include "muster/availability/v1/work.pb.h"
#include "muster/intake/v1/pool.pb.h"
#include "muster/intake/v1/ticket.pb.h"
#include "services/matcher/domain/records.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/types.h"

namespace muster::matcher {

// What absent fields of a queue mean, see pool.proto.
inline constexpr absl::Duration kDefaultTargetWait = absl::Seconds(20);
inline constexpr absl::Duration kDefaultOfferTimeout = absl::Seconds(20);
inline constexpr absl::Duration kDefaultTimeToLive = absl::Hours(24);

// What is absent has the contract's default, which is the engine's.
engine::QueueRules ToQueueRules(const intake::v1::Queue& queue);
engine::PoolRules ToPoolRules(const intake::v1::Pool& pool);
absl::Duration TargetWaitOf(const intake::v1::Queue& queue);
absl::Duration AfterWorkTimeOf(const intake::v1::Queue& queue);
engine::TicketSpec ToTicketSpec(const intake::v1::Ticket& ticket);
// As it stands after that move, which intake may not have heard of yet.
void PutWhereMoved(const TicketMove& move, intake::v1::Ticket* ticket);
engine::AgentSpec ToAgentSpec(const availability::v1::Agent& agent);

availability::v1::OfferNotice ToOfferNotice(const std::string& offer_id,
                                            const engine::MakeOffer& offer,
                                            const intake::v1::Queue& queue,
                                            const intake::v1::Ticket& ticket);

// The full ticket, as it stands with this agent at work on it.
availability::v1::AssignmentConfirmed ToAssignmentConfirmed(const Assignment& assignment,
                                                            const intake::v1::Ticket& ticket,
                                                            const std::string& agent_display_name,
                                                            absl::Duration after_work_time);

// `reason` is the engine's, of an offer that was revoked or has expired.
availability::v1::RevokeReason ToRevokeReason(engine::OfferOutcome outcome,
                                              std::string_view reason);
// `reason` is one of end_reason in domain/records.h.
availability::v1::AssignmentEndReason ToAssignmentEndReason(std::string_view reason);
// From the engine's reason to the one on record.
std::string ToEndReason(std::string_view engine_reason);
OfferState ToOfferState(engine::OfferOutcome outcome);

}  // namespace muster::matcher
