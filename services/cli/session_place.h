// How far an agent's client has come in its session: what it says when it comes back, and what it
// has to let go of once it knows all that it has.
//
// Threading: a value.
//
//   SessionPlace place;
//   place.Fill(frame.mutable_hello());               // of each hello
//   std::string wrong = place.Take(frame);           // each frame; "" if it came in its turn
//   if (frame.has_snapshot_complete()) ...drop what place.Has(id) denies...
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "muster/availability/v1/link.pb.h"

namespace muster::cli {

class SessionPlace {
 public:
  // What it has seen, if anything.
  void Fill(availability::v1::AgentFrame::Hello* hello) const;
  void Fill(availability::v1::AgentFrame::Heartbeat* heartbeat) const;

  // What was wrong with the frame's number: one that was left out, or came twice.
  std::string Take(const availability::v1::PlatformFrame& frame);

  // At snapshot_complete: whether this assignment is still the agent's.
  bool Has(const std::string& assignment_id) const { return assignments_.contains(assignment_id); }
  const std::string& session_id() const { return session_id_; }

 private:
  std::string session_id_;
  int64_t last_sequence_ = 0;
  std::set<std::string> assignments_;  // told in this session, and not ended
};

}  // namespace muster::cli
