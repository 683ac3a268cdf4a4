// A store in memory, for tests: what the contract suite says of Store, and nothing more.
//
// Threading: thread-safe; reads answer from within the call.
//
//   FakeStore store;
//   store.FailWith(Unavailable("DATABASE_UNAVAILABLE", "gone"));   // until told otherwise
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "services/availability/domain/batch.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

class FakeStore final : public Store {
 public:
  // Leases of nodes end by `database_clock`.
  explicit FakeStore(const Clock& database_clock = SystemClock()) : clock_(database_clock) {}

  void FailWith(absl::Status status);

  absl::StatusOr<Applied> Apply(absl::Span<const Mutation> mutations) override;
  absl::StatusOr<int64_t> Forget(absl::Time requests_before, absl::Time deletions_before) override;
  void Get(const AgentKey& key, absl::Time deadline, Done<Agent> done) override;
  void List(const AgentFilter& filter, absl::Time deadline, Done<AgentPage> done) override;
  void Snapshot(const std::string& pool_id, absl::Time deadline, Done<PoolHistory> done) override;
  void Since(const std::string& pool_id, int64_t revision, absl::Time deadline,
             Done<PoolHistory> done) override;
  void Revisions(const std::vector<std::string>& pool_ids, absl::Time deadline,
                 Done<std::map<std::string, int64_t>> done) override;
  void HeldBy(const std::string& node_id, absl::Time deadline,
              Done<std::vector<HeldSession>> done) override;
  absl::StatusOr<NodeNews> RenewNode(const Node& node, absl::Duration lease) override;
  absl::Status LeaveNode(const std::string& node_id) override;
  absl::StatusOr<std::optional<std::vector<HeldSession>>> TakeOverNode(
      const std::string& node_id) override;
  absl::Status ForgetNode(const std::string& node_id) override;
  void CountPresences(absl::Time deadline, Done<std::vector<PresenceCount>> done) override;

 private:
  struct Deletion {
    int64_t revision;
    absl::Time time;
  };
  struct Request {
    int64_t fingerprint;
    Outcome answer;
    absl::Time time;
  };
  struct Pool {
    int64_t revision = 0;
    int64_t floor = 0;
  };

  struct KnownNode {
    Node node;
    absl::Time lease_until;
    bool taken_over = false;
  };
  struct Move {
    MovedSession session;
    absl::Time time;
  };

  std::vector<HeldSession> HeldByLocked(const std::string& node_id) const;
  std::vector<Verdict> VerdictsOn(absl::Span<const Mutation> mutations) const;

  const Clock& clock_;
  std::mutex mutex_;
  absl::Status failure_;
  std::map<std::string, Pool> pools_;
  std::map<AgentKey, Agent> agents_;
  std::map<AgentKey, Deletion> deleted_;
  std::map<std::string, Request> requests_;
  std::map<std::string, KnownNode> nodes_;
  std::vector<Move> moves_;
};

}  // namespace muster::availability
