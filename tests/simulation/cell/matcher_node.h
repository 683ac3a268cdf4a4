// A matcher in a cell: its real runners and engine, ownership and lease, between connections of the
// simulated network, on records that all matchers share.
//
// Threading: one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/obs/metrics.h"
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/storage/fake_store.h"
#include "services/matcher/wire/ownership.h"
#include "tests/simulation/cell/availability_node.h"
#include "tests/simulation/cell/intake_node.h"
#include "tests/simulation/cell/matcher_records.h"
#include "tests/simulation/cell/network.h"

namespace muster::cell {

class MatcherNode {
 public:
  MatcherNode(Timeline& timeline, Chance& chance, matcher::FakeStore& store, IntakeNode& intake,
              std::vector<AvailabilityNode*> availabilities, const std::string& name,
              std::vector<std::string> pool_ids, MatcherFaults faults);
  ~MatcherNode();

  void Start();
  void Kill();
  // Pools that it serves.
  size_t serving() const { return pools_.size(); }

  Host host;
  std::vector<Connection*> connections();
  // Pool, epoch, when it was taken.
  std::function<void(const std::string&, int64_t)> on_taken = [](const auto&, int64_t) {};

 private:
  class Delivery;
  class Pauses;
  struct Life;
  struct Pool;
  struct Stream;

  void OnTaken(const matcher::Hold& hold);
  void End(const std::string& pool_id, int64_t epoch);
  void HandOver(const matcher::Hold& hold);
  void FollowTickets(const std::shared_ptr<Pool>& pool);
  void FollowAgents(const std::shared_ptr<Pool>& pool);
  void OpenIntake();
  void OpenStream(Stream* stream);
  void Serve(Stream& stream);
  void Hear(Stream& stream, availability::v1::DeliverResponse::Item item);
  void OnAnswers(const std::string& pool_id, std::vector<matcher::ProgressAnswer> answers);
  std::shared_ptr<Pool> Find(const std::string& pool_id) const;
  void Renew();
  void Pump();

  Timeline& timeline_;
  Chance& chance_;
  matcher::FakeStore& store_;
  IntakeNode& intake_;
  const std::vector<std::string> pool_ids_;
  const MatcherFaults faults_;
  Connection to_intake_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::unique_ptr<Life> life_;
  std::map<std::string, std::shared_ptr<Pool>> pools_;
  uint64_t streams_made_ = 0;
  absl::Time wake_at_ = absl::InfiniteFuture();
};

}  // namespace muster::cell
