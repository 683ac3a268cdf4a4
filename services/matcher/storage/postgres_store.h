// The matcher's records in PostgreSQL, schema `matcher`.
//
// Threading: thread-safe; one thread writes (the committer's), a few read.
//
//   MUSTER_RETURN_IF_ERROR(MigrateRecords(options));
//   PostgresStore store({.database = options});
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/db/committer.h"
#include "common/db/database.h"
#include "services/matcher/storage/postgres_lease_store.h"
#include "services/matcher/storage/store.h"

namespace muster {
class ReadPool;
}

namespace muster::matcher {

struct PostgresStoreOptions {
  DatabaseOptions database;
  CommitterOptions committer;
  const Clock* clock = &SystemClock();
};

// Brings the schema up to date. Blocks; UNAVAILABLE while there is no database.
absl::Status MigrateRecords(const DatabaseOptions& database);

class PostgresStore : public Store {
 public:
  explicit PostgresStore(PostgresStoreOptions options);
  ~PostgresStore() override;

  LeaseStore& leases() override { return leases_; }
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
  void Drain() override;

 private:
  using Writer = Committer<Mutation, Outcome>;
  absl::StatusOr<Writer::Outcomes> Apply(absl::Span<Mutation> batch);

  PostgresLeaseStore leases_;
  std::unique_ptr<ReadPool> reads_;
  Connection connection_;  // the committer's
  Writer committer_;       // last: its thread uses the others
};

}  // namespace muster::matcher
