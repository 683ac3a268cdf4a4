// Intake in a cell: its real rules and store contract, its feed, and commits that fail or are in
// doubt.
//
// Threading: one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/intake/v1/intake.pb.h"
#include "services/matcher/core/feed_messages.h"
#include "tests/simulation/cell/network.h"
#include "tests/unit/intake/fake_store.h"

namespace muster::cell {

class IntakeNode {
 public:
  using Reply = std::function<void(const absl::StatusOr<intake::Outcome>&)>;
  // What a matcher hears of a pool.
  struct Follower {
    Connection* connection = nullptr;
    uint64_t generation = 0;
    std::string pool_id;
    int64_t cursor = 0;
    std::function<void(matcher::TicketSnapshot, int64_t revision)> snapshot;
    std::function<void(intake::v1::WatchTicketsResponse::Changes, int64_t revision)> changes;
  };

  IntakeNode(Timeline& timeline, Chance& chance, intake::FakeStore& store, const bool& database_up)
      : host(timeline, "intake"),
        timeline_(timeline),
        chance_(chance),
        store_(store),
        database_up_(database_up) {}

  void Start() { host.Start(); }
  // On this host. Applied after a while, perhaps twice (a commit in doubt is tried again), and
  // answered; perhaps with an error, whatever became of it.
  void Apply(intake::Mutation mutation, Reply reply);
  // A snapshot first, unless `cursor` says that the follower has been told before.
  void Follow(std::shared_ptr<Follower> follower);

  Host host;

 private:
  void Commit(intake::Mutation mutation, Reply reply);
  void Tell(const std::shared_ptr<Follower>& follower);

  Timeline& timeline_;
  Chance& chance_;
  intake::FakeStore& store_;
  const bool& database_up_;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace muster::cell
