// Agents on links of their own: they take, decline or ignore offers, work a little, complete, pause
// now and then, and return when their link is cut. What they have asked stays asked, under the same
// request id, until it is answered.
//
// Threading: the event loop's thread.
//
//   AgentClient ann(world, cell.AvailabilityAddresses(), "p-1", "ann");
//   ann.Start();  …  ann.Rest("end of the run");  world.loop.RunUntil([&] { return ann.idle(); });
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/availability/v1/availability.grpc.pb.h"
#include "services/cli/replay/link.h"
#include "services/cli/session_place.h"
#include "tests/faults/ask.h"

namespace muster::faults {

class AgentClient {
 public:
  AgentClient(World& world, const std::vector<std::string>& addresses, std::string pool_id,
              std::string agent_id);

  void Start() { link_->Open(); }
  void Close() { link_->Close(); }
  bool closed() const { return link_->closed(); }
  // PAUSED with this reason, and no more changes of mind.
  void Rest(const std::string& reason);
  // Nothing that it has asked waits for an answer.
  bool idle() const { return pending_.empty() && later_presences_.empty(); }
  const std::string& agent_id() const { return agent_id_; }
  std::string DebugString() const;

 private:
  // A frame that has to be answered, and what its tries have come to.
  struct Pending {
    availability::v1::AgentFrame frame;
    Entry entry;
    int tries = 0;
    int64_t sent_us = 0;
  };

  void Hello();
  void Hear(const availability::v1::PlatformFrame& frame);
  void HearAll();
  void HearOffer(const availability::v1::OfferNotice& offer);
  void HearConfirmed(const availability::v1::AssignmentConfirmed& confirmed);
  void HearAnswer(const availability::v1::PlatformFrame::Answer& answer);
  void Accept(const std::string& offer_id);
  void AcceptByCall(const std::string& offer_id);
  void Decline(const std::string& offer_id);
  void Complete(const std::string& assignment_id);
  void Wander();
  void SayPresence(availability::v1::Presence presence, const std::string& reason);
  void NextPresence();
  void Submit(availability::v1::AgentFrame frame, Entry entry);
  void Send(Pending& pending);
  // Asks again what has had no answer for too long.
  void Remind();

  World& world_;
  const std::string pool_id_;
  const std::string agent_id_;
  std::vector<std::unique_ptr<availability::v1::AvailabilityService::Stub>> stubs_;
  std::unique_ptr<replay::Link> link_;
  cli::SessionPlace place_;
  bool welcome_ = false;
  bool resting_ = false;
  int presences_ = 0;
  std::deque<std::pair<availability::v1::AgentFrame, Entry>> later_presences_;
  std::map<std::string, Pending> pending_;
  std::set<std::string> considered_;  // offers that have been answered, or ignored
  std::set<std::string> works_;       // assignments that it has been told of
};

}  // namespace muster::faults
