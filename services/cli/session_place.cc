#include "services/cli/session_place.h"

#include "absl/strings/str_cat.h"

namespace muster::cli {

using availability::v1::AgentFrame;
using availability::v1::PlatformFrame;

void SessionPlace::Fill(AgentFrame::Hello* hello) const {
  if (session_id_.empty()) return;
  hello->mutable_resume()->set_session_id(session_id_);
  hello->mutable_resume()->set_last_sequence(last_sequence_);
}

void SessionPlace::Fill(AgentFrame::Heartbeat* heartbeat) const {
  heartbeat->set_last_sequence(last_sequence_);
}

std::string SessionPlace::Take(const PlatformFrame& frame) {
  switch (frame.kind_case()) {
    case PlatformFrame::kWelcome:
      if (frame.welcome().resumed()) {
        if (frame.welcome().session_id() == session_id_) return "";
        return absl::StrCat("session ", frame.welcome().session_id(), " resumed for ", session_id_);
      }
      session_id_ = frame.welcome().session_id();
      last_sequence_ = 0;
      assignments_.clear();
      return "";
    case PlatformFrame::kAssignmentConfirmed:
      assignments_.insert(frame.assignment_confirmed().assignment_id());
      break;
    case PlatformFrame::kAssignmentEnded:
      assignments_.erase(frame.assignment_ended().assignment_id());
      break;
    default:
      break;
  }
  if (frame.sequence() == 0) return "";
  const int64_t before = last_sequence_;
  last_sequence_ = frame.sequence();
  if (frame.sequence() == before + 1) return "";
  return absl::StrCat("frame ", frame.sequence(), " of session ", session_id_, " after frame ",
                      before);
}

}  // namespace muster::cli
