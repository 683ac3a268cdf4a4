// Those who use a cell: customers who ask, and ask again until they are answered, and agents on
// links who take, decline or ignore offers, work and complete, and come back when they are cut off.
// What each was told is kept for the checker (tests/faults/checker.h).
//
// Threading: one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/cli/session_place.h"
#include "tests/faults/history.h"
#include "tests/simulation/cell/availability_node.h"
#include "tests/simulation/cell/intake_node.h"
#include "tests/simulation/cell/network.h"

namespace muster::cell {

class Customer {
 public:
  Customer(Timeline& timeline, Chance& chance, IntakeNode& intake, faults::History& history,
           std::string name, std::string pool_id);

  void Come();
  Connection* connection() { return &link_; }

 private:
  void Open();
  void Ask();
  void Cancel();
  void Call(intake::Mutation mutation, faults::Entry entry, std::function<void()> again,
            std::function<void(const intake::Outcome&)> done);

  Timeline& timeline_;
  Chance& chance_;
  IntakeNode& intake_;
  faults::History& history_;
  const std::string name_, pool_id_;
  Host host_;
  Connection link_;
  std::string ticket_id_;
  bool leaving_ = false;
  uint64_t calls_ = 0;
};

class Agent {
 public:
  Agent(Timeline& timeline, Chance& chance, std::vector<AvailabilityNode*> nodes,
        faults::History& history, std::string pool_id, std::string agent_id);

  void Come();
  // From now on it takes everything.
  void BeWilling() { willing_ = true; }
  // Nothing that it has asked waits for an answer.
  bool idle() const { return pending_.empty(); }
  const std::string& agent_id() const { return agent_id_; }
  const std::string& pool_id() const { return pool_id_; }
  std::vector<Connection*> connections();
  std::string DebugString() const;

 private:
  struct Pending {
    availability::v1::AgentFrame frame;
    faults::Entry entry;
  };

  void Open();
  void Send(availability::v1::AgentFrame frame);
  void Hello();
  void Hear(const availability::v1::PlatformFrame& frame);
  void HearOffer(const std::string& offer_id);
  void HearConfirmed(const availability::v1::AssignmentConfirmed& confirmed);
  void HearAnswer(const availability::v1::PlatformFrame::Answer& answer);
  void Submit(availability::v1::AgentFrame frame, faults::Entry entry);
  void Beat();
  int64_t Micros() const { return absl::ToUnixMicros(timeline_.now()); }

  Timeline& timeline_;
  Chance& chance_;
  const std::vector<AvailabilityNode*> nodes_;
  faults::History& history_;
  const std::string pool_id_, agent_id_;
  Host host_;
  std::vector<std::unique_ptr<Connection>> links_;  // to each node
  size_t at_ = 0;                                   // which of them
  std::shared_ptr<uint64_t> there_;                 // the link, as the node calls it
  cli::SessionPlace place_;
  bool welcome_ = false;
  bool willing_ = false;
  std::map<std::string, Pending> pending_;
  std::set<std::string> considered_, works_;
};

}  // namespace muster::cell
