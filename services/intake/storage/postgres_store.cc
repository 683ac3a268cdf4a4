#include "services/intake/storage/postgres_store.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/db/migrations.h"
#include "common/db/request_log.h"
#include "intake_migrations.h"
#include "services/intake/convert/answer.h"
#include "services/intake/storage/load.h"
#include "services/intake/storage/reads.h"
#include "services/intake/storage/save.h"
#include "services/intake/storage/sweep.h"

namespace muster::intake {
namespace {

constexpr char kSchema[] = "intake";
constexpr int kFeedThreads = 2;
// A snapshot of a pool with a million tickets takes its time.
constexpr absl::Duration kFeedTransactionTimeout = absl::Minutes(1);

DatabaseOptions ForFeeds(DatabaseOptions options) {
  options.transaction_timeout = kFeedTransactionTimeout;
  return options;
}

void PrepareCommitter(pqxx::connection& connection) {
  {
    // All statements of the committer go by key. A plan made while the tables were empty must not
    // be a walk through tables that have grown since; and planning anew each time costs more than
    // the statements do.
    pqxx::nontransaction tx(connection);
    tx.exec("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
  }
  PrepareLoad(connection);
  PrepareSave(connection);
}

// One batch in its transaction.
class Batch {
 public:
  Batch(pqxx::work& tx, absl::Span<const Mutation> mutations) : tx_(tx), mutations_(mutations) {}

  absl::Status Run() {
    const std::vector<RequestVerdict> verdicts = LookUp(tx_, kSchema, Keys());
    Needs needs;
    absl::Time now = absl::InfinitePast();
    for (size_t i = 0; i < mutations_.size(); ++i) {
      if (verdicts[i].kind == RequestVerdict::kNew) AddNeeds(mutations_[i], needs);
      now = std::max(now, mutations_[i].now);
    }
    Workspace workspace = Load(tx_, std::move(needs));
    for (size_t i = 0; i < mutations_.size(); ++i) Decide(verdicts[i], i, workspace);
    Save(tx_, workspace, now);
    muster::Store(tx_, kSchema, records_);
    applied_.changes = workspace.Changes();
    return absl::OkStatus();
  }

  Applied Take() { return std::move(applied_); }

 private:
  std::vector<RequestKey> Keys() const {
    std::vector<RequestKey> keys;
    keys.reserve(mutations_.size());
    for (const Mutation& mutation : mutations_) {
      keys.push_back({mutation.request.request_id, mutation.request.fingerprint});
    }
    return keys;
  }

  void Decide(const RequestVerdict& verdict, size_t i, Workspace& workspace) {
    const Mutation& mutation = mutations_[i];
    switch (verdict.kind) {
      case RequestVerdict::kAnswered:
        applied_.outcomes.push_back(ParseAnswer(mutation, verdict.answer));
        return;
      case RequestVerdict::kReused:
        applied_.outcomes.push_back(RequestIdReused());
        return;
      case RequestVerdict::kRepeat: {
        absl::StatusOr<Outcome> first = applied_.outcomes[verdict.first];
        applied_.outcomes.push_back(std::move(first));
        return;
      }
      case RequestVerdict::kNew:
        break;
    }
    absl::StatusOr<Outcome> outcome = intake::Apply(workspace, mutation);
    if (outcome.ok() && !mutation.request.request_id.empty()) {
      records_.push_back({{mutation.request.request_id, mutation.request.fingerprint},
                          SerializeAnswer(*outcome),
                          mutation.now});
    }
    applied_.outcomes.push_back(std::move(outcome));
  }

  pqxx::work& tx_;
  const absl::Span<const Mutation> mutations_;
  std::vector<RequestRecord> records_;
  Applied applied_;
};

}  // namespace

absl::Status PostgresStore::MigrateSchema(const DatabaseOptions& options) {
  return Migrate(options, kSchema, intake_migrations());
}

PostgresStore::PostgresStore(const DatabaseOptions& options)
    : committer_(options, PrepareCommitter),
      sweeper_(options),
      reads_(options, options.connections),
      feeds_(ForFeeds(options), kFeedThreads) {}

absl::StatusOr<Applied> PostgresStore::Apply(absl::Span<const Mutation> mutations) {
  Applied applied;
  // How long a transaction may take is the connection's business, not that of one caller in it.
  MUSTER_RETURN_IF_ERROR(committer_.Transact(
      [&](pqxx::work& tx) {
        Batch batch(tx, mutations);
        MUSTER_RETURN_IF_ERROR(batch.Run());
        applied = batch.Take();
        return absl::OkStatus();
      },
      absl::InfiniteFuture()));
  return applied;
}

void PostgresStore::GetPool(std::string pool_id, absl::Time deadline, Done<Pool> done) {
  reads_.Read<Pool>([pool_id](pqxx::work& tx) { return SelectPool(tx, pool_id); }, deadline,
                    std::move(done));
}

void PostgresStore::GetQueue(std::string pool_id, std::string queue_id, absl::Time deadline,
                             Done<Queue> done) {
  reads_.Read<Queue>(
      [pool_id, queue_id](pqxx::work& tx) { return SelectQueue(tx, pool_id, queue_id); }, deadline,
      std::move(done));
}

void PostgresStore::GetTicket(std::string ticket_id, absl::Time deadline, Done<Ticket> done) {
  reads_.Read<Ticket>([ticket_id](pqxx::work& tx) { return SelectTicket(tx, ticket_id); }, deadline,
                      std::move(done));
}

void PostgresStore::ListPools(std::string after, int limit, absl::Time deadline,
                              Done<std::vector<Pool>> done) {
  reads_.Read<std::vector<Pool>>(
      [after, limit](pqxx::work& tx) { return SelectPools(tx, after, limit); }, deadline,
      std::move(done));
}

void PostgresStore::ListQueues(std::string pool_id, std::string after, int limit,
                               absl::Time deadline, Done<std::vector<Queue>> done) {
  reads_.Read<std::vector<Queue>>(
      [pool_id, after, limit](pqxx::work& tx) { return SelectQueues(tx, pool_id, after, limit); },
      deadline, std::move(done));
}

void PostgresStore::ListTickets(TicketFilter filter, std::string after, int limit,
                                absl::Time deadline, Done<std::vector<Ticket>> done) {
  reads_.Read<std::vector<Ticket>>(
      [filter, after, limit](pqxx::work& tx) { return SelectTickets(tx, filter, after, limit); },
      deadline, std::move(done));
}

void PostgresStore::ReadSnapshot(std::string pool_id, absl::Time deadline,
                                 Done<PoolSnapshot> done) {
  feeds_.Read<PoolSnapshot>([pool_id](pqxx::work& tx) { return SelectSnapshot(tx, pool_id); },
                            deadline, std::move(done));
}

void PostgresStore::ReadChanges(std::string pool_id, int64_t after, int limit, absl::Time deadline,
                                Done<PoolChange> done) {
  feeds_.Read<PoolChange>(
      [pool_id, after, limit](pqxx::work& tx) { return SelectChanges(tx, pool_id, after, limit); },
      deadline, std::move(done));
}

void PostgresStore::ReadRevisions(std::vector<std::string> pool_ids, absl::Time deadline,
                                  Done<Revisions> done) {
  reads_.Read<Revisions>([pool_ids](pqxx::work& tx) { return SelectRevisions(tx, pool_ids); },
                         deadline, std::move(done));
}

void PostgresStore::CountWaiting(absl::Time deadline, Done<std::map<std::string, int64_t>> done) {
  reads_.Read<std::map<std::string, int64_t>>([](pqxx::work& tx) { return SelectWaiting(tx); },
                                              deadline, std::move(done));
}

absl::StatusOr<SweepReport> PostgresStore::Sweep(absl::Time now) {
  SweepReport report;
  const auto sweep = [&](const std::function<int64_t(pqxx::work&)>& rows, int64_t& count) {
    return sweeper_.Transact(
        [&](pqxx::work& tx) {
          count = rows(tx);
          return absl::OkStatus();
        },
        absl::InfiniteFuture());
  };
  MUSTER_RETURN_IF_ERROR(
      sweep([&](pqxx::work& tx) { return SweepRequests(tx, now); }, report.requests));
  MUSTER_RETURN_IF_ERROR(sweep(SweepTickets, report.tickets));
  MUSTER_RETURN_IF_ERROR(
      sweep([&](pqxx::work& tx) { return SweepDeletedQueues(tx, now); }, report.deleted_queues));
  return report;
}

}  // namespace muster::intake
