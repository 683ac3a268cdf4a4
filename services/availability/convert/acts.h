// The acts of agents, as they come on a link or by a call, and as they go to the matcher.
//
// Threading: pure functions.
//
//   MUSTER_RETURN_IF_ERROR(ValidateAct(frame.accept_offer(), "accept_offer"));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/availability/v1/delivery.pb.h"
#include "muster/availability/v1/link.pb.h"

namespace muster::availability {

absl::Status ValidateAct(const v1::ReceiveOffer& act, std::string_view path);
absl::Status ValidateAct(const v1::AcceptOffer& act, std::string_view path);
absl::Status ValidateAct(const v1::DeclineOffer& act, std::string_view path);
absl::Status ValidateAct(const v1::StartWrapUp& act, std::string_view path);
absl::Status ValidateAct(const v1::CompleteAssignment& act, std::string_view path);

// Into an act that is yet without pool and agent.
void SetAct(const v1::ReceiveOffer& act, v1::DeliverResponse::Act* to);
void SetAct(const v1::AcceptOffer& act, v1::DeliverResponse::Act* to);
void SetAct(const v1::DeclineOffer& act, v1::DeliverResponse::Act* to);
void SetAct(const v1::StartWrapUp& act, v1::DeliverResponse::Act* to);
void SetAct(const v1::CompleteAssignment& act, v1::DeliverResponse::Act* to);

// The act that a frame carries, validated; INVALID_ARGUMENT if it carries none.
absl::StatusOr<v1::DeliverResponse::Act> ActOf(const v1::AgentFrame& frame);

// Id of the offer or assignment that it is about.
std::string SubjectOf(const v1::DeliverResponse::Act& act);
// "accept_offer", for metrics.
const char* ActName(v1::DeliverResponse::Act::KindCase kind);

}  // namespace muster::availability
