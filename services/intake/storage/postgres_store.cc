#include "services/intake/storage/postgres_store.h"

#include <algorithm>
#include <map>
#include <utility>

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
  PlanOnce(connection);
  PrepareRequestLog(connection, kSchema);
  PrepareLoad(connection);
  PrepareSave(connection);
}

// One batch in its transaction.
class Batch {
 public:
  Batch(WriteTransaction& tx, absl::Span<const Mutation> mutations)
      : tx_(tx), mutations_(mutations) {
    for (const Mutation& mutation : mutations_) {
      AddNeeds(mutation, needs_);
      now_ = std::max(now_, mutation.now);
    }
  }

  // Reads under the locks of the pools, then saves. What was answered before needs no lock. If the
  // batch may have been committed before, new tickets are looked for, too: they need no request id.
  void Run(bool in_doubt) {
    std::vector<RequestVerdict> verdicts;
    std::vector<Ticket> made;
    Script look(tx_);
    LookUp(look, kSchema, Keys(), &verdicts);
    if (in_doubt) LoadTickets(look, NewTickets(), &made);
    look.Run();
    Keep(std::exchange(made, {}));
    Needs needs;
    for (size_t i = 0; i < mutations_.size(); ++i) {
      if (verdicts[i].kind == RequestVerdict::kNew && MadeBy(mutations_[i]) == nullptr) {
        AddNeeds(mutations_[i], needs);
      }
    }
    Workspace workspace;
    Script load(tx_);
    Load(load, needs, &workspace);
    // The commit in doubt may have been under way until now: it had the lock that this waited for.
    if (in_doubt) LoadTickets(load, NewTickets(), &made);
    load.Run();
    Keep(std::move(made));
    Decide(verdicts, workspace);
    SaveAndCommit(std::move(workspace));
  }

  // Saves what follows from what is known; that it still holds shows when it is saved. False if
  // not all is known, or if there is something that saving would not show: nothing was done then.
  bool RunOn(KnownPools& known) {
    Workspace workspace;
    if (!known.Load(needs_, &workspace)) return false;
    Needs unknown;
    unknown.tickets = known.TakeTickets(needs_, &workspace);
    std::vector<RequestVerdict> verdicts;
    std::vector<Ticket> tickets;
    Script load(tx_);
    // If all is known nothing is read: a request that was answered before cannot be stored again.
    LookUp(load, kSchema, Keys(), &verdicts);
    if (!unknown.tickets.empty()) {
      LoadTickets(load, unknown, &tickets);
      load.Run();
    }
    if (tickets.size() != unknown.tickets.size()) return false;  // archived, or there is none
    for (Ticket& ticket : tickets) {
      if (!known.LoadWith(std::move(ticket), &workspace)) return false;
    }
    Decide(verdicts, workspace);
    const bool shows =
        std::all_of(workspace.pools.begin(), workspace.pools.end(),
                    [](const auto& entry) { return entry.second.changed(); }) &&
        std::all_of(applied_.outcomes.begin(), applied_.outcomes.end(),
                    [](const absl::StatusOr<Outcome>& outcome) { return outcome.ok(); });
    if (!shows) {
      applied_ = Applied();
      records_.clear();
      return false;
    }
    SaveAndCommit(std::move(workspace));
    return true;
  }

  Applied TakeApplied() { return std::move(applied_); }
  Workspace TakeWorkspace() { return std::move(workspace_); }

 private:
  std::vector<RequestKey> Keys() const {
    std::vector<RequestKey> keys;
    keys.reserve(mutations_.size());
    for (const Mutation& mutation : mutations_) {
      keys.push_back({mutation.request.request_id, mutation.request.fingerprint});
    }
    return keys;
  }

  Needs NewTickets() const {
    Needs needs;
    for (const Mutation& mutation : mutations_) {
      if (const auto* act = std::get_if<CreateTicket>(&mutation.act)) {
        needs.tickets.insert(act->ticket.ticket_id);
      }
    }
    return needs;
  }

  void Keep(std::vector<Ticket> made) {
    for (Ticket& ticket : made) {
      std::string id = ticket.ticket_id;
      made_.emplace(std::move(id), std::move(ticket));
    }
  }

  // The ticket that this mutation made before, by a commit that was in doubt.
  const Ticket* MadeBy(const Mutation& mutation) const {
    const auto* act = std::get_if<CreateTicket>(&mutation.act);
    const auto made = act == nullptr ? made_.end() : made_.find(act->ticket.ticket_id);
    return made == made_.end() ? nullptr : &made->second;
  }

  void SaveAndCommit(Workspace workspace) {
    Script save(tx_);
    Save(save, workspace, now_);
    muster::Store(save, kSchema, records_);
    save.RunAndCommit();
    applied_.changes = workspace.Changes();
    workspace_ = std::move(workspace);
  }

  void Decide(const std::vector<RequestVerdict>& verdicts, Workspace& workspace) {
    for (size_t i = 0; i < mutations_.size(); ++i) Decide(verdicts[i], i, workspace);
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
    if (const Ticket* made = MadeBy(mutation)) {
      applied_.outcomes.push_back(*made);
      return;
    }
    absl::StatusOr<Outcome> outcome = intake::Apply(workspace, mutation);
    if (outcome.ok() && !mutation.request.request_id.empty()) {
      records_.push_back({{mutation.request.request_id, mutation.request.fingerprint},
                          SerializeAnswer(*outcome),
                          mutation.now});
    }
    applied_.outcomes.push_back(std::move(outcome));
  }

  WriteTransaction& tx_;
  const absl::Span<const Mutation> mutations_;
  Needs needs_;
  absl::Time now_ = absl::InfinitePast();
  Workspace workspace_;                 // as committed
  std::map<std::string, Ticket> made_;  // before, by id
  std::vector<RequestRecord> records_;
  Applied applied_;
};

}  // namespace

absl::Status PostgresStore::MigrateSchema(const DatabaseOptions& options) {
  return Migrate(options, kSchema, intake_migrations());
}

PostgresStore::PostgresStore(const DatabaseOptions& options, absl::Duration archive_after)
    : archive_after_(archive_after),
      committer_(options, PrepareCommitter),
      sweeper_(options),
      reads_(options, options.connections),
      feeds_(ForFeeds(options), kFeedThreads) {}

absl::StatusOr<Applied> PostgresStore::Apply(absl::Span<const Mutation> mutations) {
  known_.Learn(std::exchange(committed_, {}));
  Applied applied;
  absl::Status status;
  for (const bool on_known : {true, false}) {
    // How long a transaction may take is the connection's business, not that of one caller in it.
    status = committer_.Write(
        [&](WriteTransaction& tx) {
          Batch batch(tx, mutations);
          if (!on_known || !batch.RunOn(known_)) batch.Run(in_doubt_);
          applied = batch.TakeApplied();
          committed_ = batch.TakeWorkspace();
          return absl::OkStatus();
        },
        absl::InfiniteFuture());
    if (status.ok()) {
      in_doubt_ = false;
      return applied;
    }
    known_.Forget();
    committed_ = Workspace();
    // Another node was at work on a pool: read, then.
    if (absl::IsAborted(status)) continue;
    in_doubt_ = true;
    break;
  }
  return status;
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
  SweptPool pool;
  SweptChanges swept;
  ArchivedTickets archived;
  const auto sweep = [&](auto rows, auto& count) {
    return sweeper_.Transact(
        [&](pqxx::work& tx) {
          count = rows(tx);
          return absl::OkStatus();
        },
        absl::InfiniteFuture());
  };
  MUSTER_RETURN_IF_ERROR(
      sweep([&](pqxx::work& tx) { return SweepRequests(tx, now); }, report.requests));
  MUSTER_RETURN_IF_ERROR(sweep(SweepDeletedPools, pool));
  report.tickets = pool.tickets;
  MUSTER_RETURN_IF_ERROR(sweep([&](pqxx::work& tx) { return SweepChanges(tx, now); }, swept));
  if (archive_after_ > absl::ZeroDuration()) {
    MUSTER_RETURN_IF_ERROR(sweep(
        [&](pqxx::work& tx) { return ArchiveTickets(tx, now - archive_after_, archive_from_); },
        archived));
    archive_from_ = archived.go_on_after;
  }
  report.archived = archived.count;
  report.changes = swept.changes;
  report.deleted_queues = swept.deleted_queues;
  report.more = report.requests == kMaxSwept || pool.more || swept.changes > 0 ||
                !archived.go_on_after.empty();
  return report;
}

}  // namespace muster::intake
