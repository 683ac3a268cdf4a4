// A node of availability in a cell: its real router, sessions, session table and membership, on a
// store that all nodes share.
//
// Threading: one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/availability/session/membership.h"
#include "services/availability/session/router.h"
#include "services/availability/session/sessions.h"
#include "services/matcher/core/feed_messages.h"
#include "tests/simulation/cell/network.h"
#include "tests/unit/availability/fake_store.h"

namespace muster::cell {

class AvailabilityNode {
 public:
  struct Follower {
    Connection* connection = nullptr;
    uint64_t generation = 0;
    std::string pool_id;
    int64_t cursor = 0;
    std::function<void(matcher::AgentSnapshot, int64_t revision)> snapshot;
    std::function<void(availability::v1::WatchAgentsResponse::Changes, int64_t revision)> changes;
  };
  struct Faults {
    const bool& database_up;
    bool double_send = false;  // planted: a frame goes out twice
  };

  AvailabilityNode(Timeline& timeline, Chance& chance, availability::FakeStore& store,
                   const std::string& name, Faults faults);
  ~AvailabilityNode();

  void Start();
  void Kill();

  // ---- on this host, from agents
  // A stream has come; its id.
  uint64_t LinkOpened(Connection* link);
  void LinkBroken(uint64_t link);
  void Hear(uint64_t link, const availability::v1::AgentFrame& frame);
  // What the agent's end of the link does with what comes.
  void SetEar(uint64_t link, std::function<void(const availability::v1::PlatformFrame&)> ear);

  // ---- on this host, from matchers
  uint64_t MatcherOpened(Connection* stream,
                         std::function<void(availability::v1::DeliverResponse::Item)> hear);
  void MatcherBroken(uint64_t stream);
  void Serve(uint64_t stream, const std::vector<availability::ServedPool>& pools);
  void Tell(uint64_t stream, const availability::v1::DeliverRequest::ToAgent& message);
  void Answer(uint64_t stream, const availability::v1::DeliverRequest::ActAnswer& answer);
  void Follow(std::shared_ptr<Follower> follower);
  // A commit of any node may have changed something.
  void TellFollowers();

  Host host;
  // After each commit of this node.
  std::function<void()> on_commit = [] {};

 private:
  class Link;
  class MatcherStream;
  class Sink;
  struct Parts;

  void Beat();

  Timeline& timeline_;
  Chance& chance_;
  availability::FakeStore& store_;
  const Faults faults_;
  std::unique_ptr<Parts> parts_;  // of this life
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace muster::cell
