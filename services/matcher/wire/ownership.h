// Keeps this matcher's lease, and its fair share of the pools.
//
// A thread renews the lease on record again and again, sees each time how all stand, takes what it
// is due (domain/shares.h) and says what it should give up. Whoever serves the pools hears of it
// through the handlers. When the renewal fails, the lease runs out by this process's own clock
// (core/own_lease.h), and the pools' runners make no offers; they go on once it is renewed, except
// for those that somebody has taken meanwhile.
//
// Threading: thread-safe. Handlers are called on its thread, and must not block; not after Stop.
//
//   Ownership ownership(options, store.leases(), lease, handlers);
//   ownership.Listed({"bank", "shop"});       // what pools there are: from now on it takes part
//   ownership.Ended({"bank", 7});             // one to be given up is served no longer
//   ownership.Leave(); ...; ownership.Stop(); // takes nothing more; then it is no member
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/core/own_lease.h"
#include "services/matcher/domain/shares.h"
#include "services/matcher/storage/lease_store.h"

namespace muster::matcher {

struct OwnershipOptions {
  std::string node_id;
  std::string address;                                      // where other matchers reach this one
  absl::Duration lease = absl::Seconds(2);                  // at most kMaxLease
  absl::Duration renew_interval = absl::Milliseconds(300);  // at most; less by up to a quarter
  // How long the lease must have gone on before pools are taken from those whose lease has run out:
  // after an outage of the database all have, and the first one back must not take everything.
  absl::Duration settle = absl::Seconds(1);
  // A list of pools that is older than this is no ground to take any.
  absl::Duration list_tolerance = absl::Seconds(5);
  absl::Duration call_limit = absl::Seconds(2);  // of one call to the records
  bool own_thread = true;                        // else rounds are made by Step alone
  ShareLimits shares;
};

class Ownership {
 public:
  struct Handlers {
    std::function<void(const Hold&)> taken;
    // To be ended in good order, which Ended then reports.
    std::function<void(const std::vector<Hold>&)> give_up;
    // Somebody else has it, or may have.
    std::function<void(const Hold&)> lost;
    // The lease goes on after it had run out, or for the first time.
    std::function<void()> holds_again;
    // Whether the lease could be renewed.
    std::function<void(const absl::Status&)> renewed;
  };

  Ownership(OwnershipOptions options, LeaseStore& leases, OwnLease& lease, const Clock& steady,
            Handlers handlers);
  ~Ownership();

  void Listed(std::set<std::string> pool_ids);
  // No more pools are taken. Those that are held are not given up by this.
  void Leave();
  // The pool is served here no longer: whoever is due it may take it at once.
  void Ended(const Hold& hold);
  // As a commit has found.
  void Lost(const Hold& hold);
  // One round, for a simulation that has no threads.
  void Step() { Round(); }
  // Releases everything, if the records can be reached.
  void Stop();

  // Of the pool's holder if that is another one whose lease goes on, as of the last look.
  std::optional<std::string> AddressOf(const std::string& pool_id) const;
  MatcherList Matchers() const;

 private:
  struct Mine {
    int64_t epoch = 0;
    bool leaving = false;
    bool ended = false;
  };

  void Run();
  void Round();
  bool JoinIfNeeded(Member& me);
  Member Me() const;
  // What changed hands, or is on record as ours without our knowing.
  void Reconcile(const Membership& membership);
  void ReleaseEnded(const Membership& membership);
  void Share(const Membership& membership);
  ShareFacts FactsOf(const Membership& membership) const;
  void TakeAll(const std::vector<std::string>& pool_ids);
  void DropAll();

  const OwnershipOptions options_;
  LeaseStore& leases_;
  OwnLease& lease_;
  const Clock& steady_;
  const Handlers handlers_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool nudged_ = false;
  bool leaving_ = false;
  std::set<std::string> listed_;
  std::optional<absl::Time> listed_at_;
  std::map<std::string, Mine> mine_;
  Membership membership_;
  std::string member_id_;  // empty: not joined

  // The thread's own.
  absl::Time unbroken_since_;
  std::mt19937_64 random_;
  std::thread thread_;
};

}  // namespace muster::matcher
