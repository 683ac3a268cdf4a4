// The two kinds of streams that the router writes to, seen from the router.
//
// Enqueue keeps the order in which it is called, and costs little, for it is called under the
// router's lock; Flush starts the writing, and is called without.
//
// Threading: thread-safe. Neither calls back into the router from Enqueue or Release.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "muster/availability/v1/delivery.pb.h"
#include "muster/availability/v1/link.pb.h"

namespace muster::availability {

// A frame as it goes over the wire: made once, for the link and for the agent's return.
using EncodedFrame = std::shared_ptr<const std::string>;

inline EncodedFrame Encode(const v1::PlatformFrame& frame) {
  return std::make_shared<const std::string>(frame.SerializeAsString());
}

// A stream to agents.
class LinkSink {
 public:
  virtual ~LinkSink() = default;
  virtual void Enqueue(EncodedFrame frame) = 0;
  virtual void Flush() = 0;
  // This session of the agent is no longer the link's.
  virtual void Release(const std::string& agent_id, const std::string& session_id) = 0;
  // What is queued is still written.
  virtual void End(absl::Status status) = 0;
};

// A stream to a matcher.
class MatcherSink {
 public:
  virtual ~MatcherSink() = default;
  virtual void Enqueue(v1::DeliverResponse::Item item) = 0;
  virtual void Flush() = 0;
  virtual void End(absl::Status status) = 0;
};

}  // namespace muster::availability
