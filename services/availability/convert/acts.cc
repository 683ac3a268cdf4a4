#include "services/availability/convert/acts.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "services/availability/domain/limits.h"
#include "services/availability/domain/validate.h"

namespace muster::availability {
namespace {

using ActProto = v1::DeliverResponse::Act;

std::string In(std::string_view path, const char* field) {
  return absl::StrCat(ToAbsl(path), ".", field);
}

template <class Kind>
absl::StatusOr<ActProto> Checked(const Kind& kind, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateAct(kind, path));
  ActProto act;
  SetAct(kind, &act);
  return act;
}

}  // namespace

absl::Status ValidateAct(const v1::ReceiveOffer& act, std::string_view path) {
  return ValidateOfferId(act.offer_id(), In(path, "offer_id"));
}
absl::Status ValidateAct(const v1::AcceptOffer& act, std::string_view path) {
  return ValidateOfferId(act.offer_id(), In(path, "offer_id"));
}
absl::Status ValidateAct(const v1::DeclineOffer& act, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateOfferId(act.offer_id(), In(path, "offer_id")));
  return ValidateBytes(act.reason(), kMaxReasonBytes, In(path, "reason"));
}
absl::Status ValidateAct(const v1::StartWrapUp& act, std::string_view path) {
  return ValidateOfferId(act.assignment_id(), In(path, "assignment_id"));
}
absl::Status ValidateAct(const v1::CompleteAssignment& act, std::string_view path) {
  MUSTER_RETURN_IF_ERROR(ValidateOfferId(act.assignment_id(), In(path, "assignment_id")));
  MUSTER_RETURN_IF_ERROR(
      ValidateCharacters(act.disposition(), 1, kMaxDispositionCharacters, In(path, "disposition")));
  return ValidateBytes(act.note(), kMaxNoteBytes, In(path, "note"));
}

void SetAct(const v1::ReceiveOffer& act, ActProto* to) { *to->mutable_receive_offer() = act; }
void SetAct(const v1::AcceptOffer& act, ActProto* to) { *to->mutable_accept_offer() = act; }
void SetAct(const v1::DeclineOffer& act, ActProto* to) { *to->mutable_decline_offer() = act; }
void SetAct(const v1::StartWrapUp& act, ActProto* to) { *to->mutable_start_wrap_up() = act; }
void SetAct(const v1::CompleteAssignment& act, ActProto* to) {
  *to->mutable_complete_assignment() = act;
}

absl::StatusOr<ActProto> ActOf(const v1::AgentFrame& frame) {
  switch (frame.kind_case()) {
    case v1::AgentFrame::kReceiveOffer:
      return Checked(frame.receive_offer(), "receive_offer");
    case v1::AgentFrame::kAcceptOffer:
      return Checked(frame.accept_offer(), "accept_offer");
    case v1::AgentFrame::kDeclineOffer:
      return Checked(frame.decline_offer(), "decline_offer");
    case v1::AgentFrame::kStartWrapUp:
      return Checked(frame.start_wrap_up(), "start_wrap_up");
    case v1::AgentFrame::kCompleteAssignment:
      return Checked(frame.complete_assignment(), "complete_assignment");
    default:
      return InvalidField("kind", "must be set, to something that this version knows");
  }
}

std::string SubjectOf(const ActProto& act) {
  switch (act.kind_case()) {
    case ActProto::kReceiveOffer:
      return act.receive_offer().offer_id();
    case ActProto::kAcceptOffer:
      return act.accept_offer().offer_id();
    case ActProto::kDeclineOffer:
      return act.decline_offer().offer_id();
    case ActProto::kStartWrapUp:
      return act.start_wrap_up().assignment_id();
    case ActProto::kCompleteAssignment:
      return act.complete_assignment().assignment_id();
    case ActProto::KIND_NOT_SET:
      break;
  }
  return "";
}

const char* ActName(ActProto::KindCase kind) {
  switch (kind) {
    case ActProto::kReceiveOffer:
      return "receive_offer";
    case ActProto::kAcceptOffer:
      return "accept_offer";
    case ActProto::kDeclineOffer:
      return "decline_offer";
    case ActProto::kStartWrapUp:
      return "start_wrap_up";
    case ActProto::kCompleteAssignment:
      return "complete_assignment";
    case ActProto::KIND_NOT_SET:
      break;
  }
  return "unknown";
}

}  // namespace muster::availability
