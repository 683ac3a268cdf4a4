#include "services/matcher/storage/postgres_store.h"

#include <utility>

#include "absl/strings/match.h"
#include "common/base/errors.h"
#include "common/db/migrations.h"
#include "common/db/read_pool.h"
#include "matcher_migrations.h"
#include "services/matcher/storage/batch.h"
#include "services/matcher/storage/queries.h"
#include "services/matcher/storage/rules.h"
#include "services/matcher/storage/writes.h"

namespace muster::matcher {
namespace {

// The constraint that keeps agents from being given more than they can take.
constexpr char kWithinCapacity[] = "agent_load_within_capacity";

absl::Status TooManyIds(size_t count) {
  if (count <= kMaxIdsPerQuery) return absl::OkStatus();
  return InvalidField("ticket_ids", "has too many ids for one query");
}

}  // namespace

absl::Status MigrateRecords(const DatabaseOptions& database) {
  return Migrate(database, "matcher", matcher_migrations());
}

PostgresStore::PostgresStore(PostgresStoreOptions options)
    : leases_(options.database),
      reads_(std::make_unique<ReadPool>(options.database, options.database.connections,
                                        ReadPool::kDefaultMaxQueued, *options.clock)),
      connection_(options.database, PrepareWrites),
      committer_(options.committer, [this](absl::Span<Mutation> batch) { return Apply(batch); }) {}

PostgresStore::~PostgresStore() { Drain(); }

void PostgresStore::Submit(Mutation mutation, absl::Time deadline, Done<Outcome> done) {
  committer_.Submit(std::move(mutation), deadline, std::move(done));
}

absl::StatusOr<PostgresStore::Writer::Outcomes> PostgresStore::Apply(absl::Span<Mutation> batch) {
  Writer::Outcomes outcomes;
  absl::Status status;
  for (const bool at_once : {true, false}) {
    status = connection_.Write(
        [&](WriteTransaction& tx) {
          outcomes = ApplyBatch(tx, batch, at_once);
          return absl::OkStatus();
        },
        absl::InfiniteFuture());  // the transaction's own time-out bounds it
    if (!absl::IsAborted(status)) break;
  }
  if (status.ok()) return outcomes;
  // The committer has found the one that spoils the batch: say it in the matcher's words.
  const auto* assign = batch.size() == 1 ? std::get_if<RecordAssignment>(&batch[0]) : nullptr;
  if (assign != nullptr && absl::StrContains(status.message(), kWithinCapacity)) {
    return CapacityExceeded(*assign);
  }
  return status;
}

void PostgresStore::LoadLiveAssignments(std::string pool_id, absl::Time deadline,
                                        Done<std::vector<Assignment>> done) {
  reads_->Read<std::vector<Assignment>>(
      [pool_id = std::move(pool_id)](pqxx::work& tx) { return SelectLiveAssignments(tx, pool_id); },
      deadline, std::move(done));
}

void PostgresStore::FindLatestAssignments(std::string pool_id, std::vector<std::string> ticket_ids,
                                          absl::Time deadline, Done<std::vector<Assignment>> done) {
  if (absl::Status status = TooManyIds(ticket_ids.size()); !status.ok()) return done(status);
  reads_->Read<std::vector<Assignment>>(
      [pool_id = std::move(pool_id), ticket_ids = std::move(ticket_ids)](pqxx::work& tx) {
        return SelectLatestAssignments(tx, pool_id, ticket_ids);
      },
      deadline, std::move(done));
}

void PostgresStore::FindMoves(std::string pool_id, std::vector<std::string> ticket_ids,
                              absl::Time deadline, Done<std::vector<TicketMove>> done) {
  if (absl::Status status = TooManyIds(ticket_ids.size()); !status.ok()) return done(status);
  reads_->Read<std::vector<TicketMove>>(
      [pool_id = std::move(pool_id), ticket_ids = std::move(ticket_ids)](pqxx::work& tx) {
        return SelectMoves(tx, pool_id, ticket_ids);
      },
      deadline, std::move(done));
}

void PostgresStore::GetOffer(std::string offer_id, absl::Time deadline, Done<Offer> done) {
  reads_->Read<Offer>(
      [offer_id = std::move(offer_id)](pqxx::work& tx) { return SelectOffer(tx, offer_id); },
      deadline, std::move(done));
}

void PostgresStore::GetAssignment(std::string assignment_id, absl::Time deadline,
                                  Done<Assignment> done) {
  reads_->Read<Assignment>(
      [id = std::move(assignment_id)](pqxx::work& tx) { return SelectAssignment(tx, id); },
      deadline, std::move(done));
}

void PostgresStore::ListOffers(OfferQuery query, absl::Time deadline,
                               Done<std::vector<Offer>> done) {
  reads_->Read<std::vector<Offer>>(
      [query = std::move(query)](pqxx::work& tx) { return SelectOffers(tx, query); }, deadline,
      std::move(done));
}

void PostgresStore::ListAssignments(AssignmentQuery query, absl::Time deadline,
                                    Done<std::vector<Assignment>> done) {
  reads_->Read<std::vector<Assignment>>(
      [query = std::move(query)](pqxx::work& tx) { return SelectAssignments(tx, query); }, deadline,
      std::move(done));
}

void PostgresStore::ListDecisions(DecisionQuery query, absl::Time deadline,
                                  Done<std::vector<RecordedDecision>> done) {
  reads_->Read<std::vector<RecordedDecision>>(
      [query = std::move(query)](pqxx::work& tx) { return SelectDecisions(tx, query); }, deadline,
      std::move(done));
}

void PostgresStore::LoadHistory(std::string pool_id, absl::Time since, absl::Time deadline,
                                Done<History> done) {
  reads_->Read<History>([pool_id = std::move(pool_id),
                         since](pqxx::work& tx) { return SelectHistory(tx, pool_id, since); },
                        deadline, std::move(done));
}

void PostgresStore::FindRequest(std::string request_id, absl::Time deadline,
                                Done<std::optional<AnsweredRequest>> done) {
  reads_->Read<std::optional<AnsweredRequest>>(
      [id = std::move(request_id)](pqxx::work& tx) { return SelectRequest(tx, id); }, deadline,
      std::move(done));
}

bool PostgresStore::Healthy() const { return committer_.Healthy(); }

void PostgresStore::Drain() { committer_.Drain(); }

}  // namespace muster::matcher
