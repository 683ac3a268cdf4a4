// This process among the nodes of availability: its lease, who else is alive, and the sessions that
// others left.
//
// Every node ends the sessions of those whose lease has run out, once it has held its own for a
// whole lease: after an outage of the database, during which all leases run out, the first one back
// does not take the others for dead. Ending is by session, so several nodes may do it at once. A
// node that finds that its own sessions were ended meanwhile (it was stopped, say) lets go of all
// of them; their agents say hello again.
//
// Threading: thread-safe; a thread of its own, which blocks on the store.
//
//   Membership membership({.node_id = "node-1", .address = "10.0.0.7:7402"}, store, sessions);
//   membership.Start();                  // once the schema is there
//   std::vector<Node> nodes = membership.Alive();
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/availability/domain/node.h"
#include "services/availability/session/sessions.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

struct MembershipOptions {
  absl::Duration lease = absl::Seconds(3);
  absl::Duration renew = absl::Seconds(1);
  bool own_thread = true;  // else the lease is renewed by Step alone
};

class Membership {
 public:
  // `store` and `sessions` outlive it. `steady`: see Router.
  Membership(MembershipOptions options, Store& store, Sessions& sessions, const Clock& steady);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // Once.
  void Start(Node self);
  // One renewal, for a simulation that has no threads.
  void Step() { Renew(); }
  // Gives the lease back, so that others need not wait for its end.
  void Stop();

  // In order of id; as of the last renewal. Empty before the first.
  std::vector<Node> Alive() const;
  // Of a node that is alive and another than this.
  std::optional<std::string> AddressOf(const std::string& node_id) const;
  // Whether there is any other.
  bool alone() const;

 private:
  void Run();
  void Renew();
  void Bury(const std::string& node_id);

  const MembershipOptions options_;
  Store& store_;
  Sessions& sessions_;
  const Clock& steady_;
  Node self_;
  absl::Time held_since_ = absl::InfiniteFuture();  // these two are the thread's own
  absl::Time renewed_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<Node> alive_;
  std::thread thread_;
};

}  // namespace muster::availability
