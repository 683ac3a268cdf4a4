// The records in memory, for tests of what stands on them; it passes the contract suite that the
// PostgreSQL store passes.
//
// Answers come from within the call, unless they are held back; hold them to see what happens
// between a change and its record, and let them fail to see what happens without a database.
//
// Threading: thread-safe. `done` runs on the caller's thread, or on that of Release.
//
//   FakeStore store;
//   store.Hold();
//   store.Submit(...);              // nothing yet
//   store.Release();                // applied in order, answered
//   store.FailWith(Unavailable("DATABASE_UNAVAILABLE", "no database"));
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "services/matcher/storage/fake_leases.h"
#include "services/matcher/storage/rules.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

class FakeStore : public Store {
 public:
  // Leases end by `database_clock`.
  explicit FakeStore(const Clock& database_clock = SystemClock()) : leases_(database_clock) {}

  FakeLeases& leases() override { return leases_; }
  void Submit(Mutation mutation, absl::Time deadline, Done<Outcome> done) override;
  void LoadLiveAssignments(std::string pool_id, absl::Time deadline,
                           Done<std::vector<Assignment>> done) override;
  void FindLatestAssignments(std::string pool_id, std::vector<std::string> ticket_ids,
                             absl::Time deadline, Done<std::vector<Assignment>> done) override;
  void FindMoves(std::string pool_id, std::vector<std::string> ticket_ids, absl::Time deadline,
                 Done<std::vector<TicketMove>> done) override;
  void GetOffer(std::string offer_id, absl::Time deadline, Done<Offer> done) override;
  void GetAssignment(std::string assignment_id, absl::Time deadline,
                     Done<Assignment> done) override;
  void ListOffers(OfferQuery query, absl::Time deadline, Done<std::vector<Offer>> done) override;
  void ListAssignments(AssignmentQuery query, absl::Time deadline,
                       Done<std::vector<Assignment>> done) override;
  void ListDecisions(DecisionQuery query, absl::Time deadline,
                     Done<std::vector<RecordedDecision>> done) override;
  void LoadHistory(std::string pool_id, absl::Time since, absl::Time deadline,
                   Done<History> done) override;
  void FindRequest(std::string request_id, absl::Time deadline,
                   Done<std::optional<AnsweredRequest>> done) override;
  bool Healthy() const override;
  void Drain() override { Release(); }

  // From now on mutations wait, unapplied, until Release applies and answers them.
  void Hold();
  void Release();
  size_t held() const;

  // Every mutation and query fails with this, until it is OK again.
  void FailWith(absl::Status status);

 private:
  struct Entry {
    Assignment assignment;
    std::string request_id;
  };
  struct Load {
    int units = 0;
    int capacity = 0;
  };
  using Key = std::pair<std::string, int64_t>;       // pool, sequence
  using Name = std::pair<std::string, std::string>;  // pool, ticket or agent

  absl::StatusOr<Outcome> Apply(const Mutation& mutation);
  absl::StatusOr<Outcome> Do(const RecordAssignment& mutation);
  absl::StatusOr<Outcome> Do(const StartWrapUp& mutation);
  absl::StatusOr<Outcome> Do(const EndAssignment& mutation);
  absl::StatusOr<Outcome> Do(const RecordCustomerLeft& mutation);
  absl::StatusOr<Outcome> Do(const RecordOfferEnded& mutation);
  absl::StatusOr<Outcome> Do(const RecordMove& mutation);
  absl::StatusOr<Outcome> Do(const RecordDecisions&) { return Outcome{}; }
  Found Find(const std::string& assignment_id) const;
  Entry* Live(const std::string& assignment_id, const std::string& ticket_id);
  std::map<Key, Offer> AllOffers() const;
  // Answers with what `read` finds, under the lock.
  template <class T, class Read>
  void Answer(Done<T> done, Read read);

  mutable std::mutex mutex_;
  FakeLeases leases_;
  std::map<Key, Entry> assignments_;
  std::map<Name, Key> live_;  // by ticket
  std::map<Name, Load> loads_;
  std::map<Key, Offer> ended_offers_;
  std::map<Key, DecisionRecord> decisions_;
  std::map<Name, TicketMove> moves_;
  std::map<std::string, AnsweredRequest> requests_;
  absl::Status failure_;
  bool holding_ = false;
  std::deque<std::pair<Mutation, Done<Outcome>>> held_;
};

}  // namespace muster::matcher
