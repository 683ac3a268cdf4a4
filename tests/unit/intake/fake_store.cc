#include "tests/unit/intake/fake_store.h"

#include <algorithm>
#include <utility>

#include "common/base/errors.h"

namespace muster::intake {
namespace {

constexpr absl::Duration kRequestMemory = absl::Hours(24);

absl::Status Missing(const char* kind, const char* field, const std::string& id) {
  absl::Status status = NotFound(kind, id);
  SetErrorField(status, field);
  return status;
}

template <class Range, class T>
bool Has(const Range& range, const T& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

}  // namespace

const FakeStore::PoolRow* FakeStore::FindPool(const std::string& pool_id) const {
  auto it = pools_.find(pool_id);
  return it == pools_.end() ? nullptr : &it->second;
}

const Ticket* FakeStore::FindTicket(const std::string& ticket_id) const {
  auto it = tickets_.find(ticket_id);
  if (it == tickets_.end()) return nullptr;
  const PoolRow* pool = FindPool(it->second.pool_id);
  return pool != nullptr && it->second.revision > pool->base_revision ? &it->second : nullptr;
}

Workspace FakeStore::Load(const Needs& needs) const {
  Workspace workspace;
  for (const auto& [pool_id, row] : pools_) workspace.LoadPool(row.pool, row.base_revision);
  for (const auto& [pool_id, revision] : deleted_pools_) {
    if (FindPool(pool_id) == nullptr) workspace.LoadDeletedPool(pool_id, revision);
  }
  for (const auto& [key, row] : queues_) workspace.LoadQueue(row.queue, row.waiting, row.live);
  for (const std::string& ticket_id : needs.tickets) {
    auto it = tickets_.find(ticket_id);
    if (it != tickets_.end()) workspace.LoadTicket(it->second);
  }
  return workspace;
}

void FakeStore::Save(const Workspace& workspace, absl::Time now) {
  for (const auto& [pool_id, slot] : workspace.pools) {
    if (slot.deleted()) {
      pools_.erase(pool_id);
      deleted_pools_[pool_id] = slot.deleted_revision;
    }
    if (!slot.exists || !slot.changed()) continue;
    PoolRow& row = pools_[pool_id];
    if (slot.created()) row.base_revision = row.purged_revision = slot.base_revision;
    row.pool = slot.pool;
  }
  for (const auto& [key, slot] : workspace.queues) {
    if (slot.exists) {
      queues_[key] = {slot.queue, slot.waiting, slot.live};
    } else if (slot.existed) {
      queues_.erase(key);
      deleted_queues_[{key.first, slot.deleted_revision}] = {key.second, now};
    }
  }
  for (const auto& [ticket_id, slot] : workspace.tickets) tickets_[ticket_id] = slot.ticket;
}

absl::StatusOr<Applied> FakeStore::Apply(absl::Span<const Mutation> batch) {
  std::lock_guard lock(mutex_);
  Needs needs;
  for (const Mutation& mutation : batch) AddNeeds(mutation, needs);
  Workspace workspace = Load(needs);
  Applied applied;
  for (const Mutation& mutation : batch) {
    const RequestMark& mark = mutation.request;
    auto known = requests_.find(mark.request_id);
    if (known != requests_.end()) {
      const bool same = known->second.fingerprint == mark.fingerprint;
      applied.outcomes.push_back(same ? known->second.answer
                                      : absl::StatusOr<Outcome>(RequestIdReused()));
      continue;
    }
    applied.outcomes.push_back(intake::Apply(workspace, mutation));
    // Within the batch a failure counts as an answer, too; it is forgotten below.
    if (!mark.request_id.empty()) {
      requests_.insert(
          {mark.request_id, {mark.fingerprint, applied.outcomes.back(), mutation.now}});
    }
  }
  for (auto it = requests_.begin(); it != requests_.end();) {
    it = it->second.answer.ok() ? std::next(it) : requests_.erase(it);
  }
  Save(workspace, batch.empty() ? absl::InfinitePast() : batch.back().now);
  applied.changes = workspace.Changes();
  return applied;
}

void FakeStore::GetPool(std::string pool_id, absl::Time, Done<Pool> done) {
  std::lock_guard lock(mutex_);
  const PoolRow* row = FindPool(pool_id);
  if (row == nullptr) return done(Missing("pool", "pool_id", pool_id));
  done(row->pool);
}

void FakeStore::GetQueue(std::string pool_id, std::string queue_id, absl::Time, Done<Queue> done) {
  std::lock_guard lock(mutex_);
  if (FindPool(pool_id) == nullptr) return done(Missing("pool", "pool_id", pool_id));
  auto it = queues_.find({pool_id, queue_id});
  if (it == queues_.end()) return done(Missing("queue", "queue_id", queue_id));
  done(it->second.queue);
}

void FakeStore::GetTicket(std::string ticket_id, absl::Time, Done<Ticket> done) {
  std::lock_guard lock(mutex_);
  const Ticket* ticket = FindTicket(ticket_id);
  if (ticket == nullptr) return done(Missing("ticket", "ticket_id", ticket_id));
  done(*ticket);
}

void FakeStore::ListPools(std::string after, int limit, absl::Time, Done<std::vector<Pool>> done) {
  std::lock_guard lock(mutex_);
  std::vector<Pool> pools;
  for (auto it = pools_.upper_bound(after);
       it != pools_.end() && pools.size() < static_cast<size_t>(limit); ++it) {
    pools.push_back(it->second.pool);
  }
  done(std::move(pools));
}

void FakeStore::ListQueues(std::string pool_id, std::string after, int limit, absl::Time,
                           Done<std::vector<Queue>> done) {
  std::lock_guard lock(mutex_);
  if (FindPool(pool_id) == nullptr) return done(Missing("pool", "pool_id", pool_id));
  std::vector<Queue> queues;
  for (auto it = queues_.upper_bound({pool_id, after});
       it != queues_.end() && it->first.first == pool_id &&
       queues.size() < static_cast<size_t>(limit);
       ++it) {
    queues.push_back(it->second.queue);
  }
  done(std::move(queues));
}

void FakeStore::ListTickets(TicketFilter filter, std::string after, int limit, absl::Time,
                            Done<std::vector<Ticket>> done) {
  std::lock_guard lock(mutex_);
  if (FindPool(filter.pool_id) == nullptr) return done(Missing("pool", "pool_id", filter.pool_id));
  std::vector<Ticket> tickets;
  for (const auto& [ticket_id, ticket] : tickets_) {
    if (ticket.pool_id != filter.pool_id || FindTicket(ticket_id) == nullptr) continue;
    if (!filter.states.empty() && !Has(filter.states, ticket.state)) continue;
    if (!filter.queue_id.empty() && ticket.queue_id != filter.queue_id) continue;
    if (!filter.customer_id.empty() && ticket.customer_id != filter.customer_id) continue;
    const bool later = filter.newest_first ? ticket_id < after : ticket_id > after;
    if (after.empty() || later) tickets.push_back(ticket);
  }
  if (filter.newest_first) std::reverse(tickets.begin(), tickets.end());
  if (tickets.size() > static_cast<size_t>(limit)) tickets.resize(limit);
  done(std::move(tickets));
}

void FakeStore::ReadSnapshot(std::string pool_id, absl::Time, Done<PoolSnapshot> done) {
  std::lock_guard lock(mutex_);
  const PoolRow* row = FindPool(pool_id);
  if (row == nullptr) return done(Missing("pool", "pool_id", pool_id));
  PoolSnapshot snapshot{.pool = row->pool};
  for (const auto& [key, queue] : queues_) {
    if (key.first == pool_id) snapshot.queues.push_back(queue.queue);
  }
  for (const auto& [ticket_id, ticket] : tickets_) {
    const bool ours = ticket.pool_id == pool_id && FindTicket(ticket_id) != nullptr;
    if (ours && IsLive(ticket.state)) snapshot.tickets.push_back(ticket);
  }
  done(std::move(snapshot));
}

absl::StatusOr<PoolChange> FakeStore::ChangesAfter(const std::string& pool_id, int64_t after,
                                                   size_t limit) {
  PoolChange change{.pool_id = pool_id, .from_revision = after};
  const PoolRow* row = FindPool(pool_id);
  if (row == nullptr) {
    auto gone = deleted_pools_.find(pool_id);
    if (gone == deleted_pools_.end()) return Missing("pool", "pool_id", pool_id);
    change.to_revision = gone->second;
    change.pool_deleted = true;
    if (after > gone->second) return OutOfRange("REVISION_UNKNOWN", "the pool never was at it");
    return change;
  }
  if (after > row->pool.revision) return OutOfRange("REVISION_UNKNOWN", "not there yet");
  if (after < row->purged_revision) return OutOfRange("REVISION_PURGED", "no longer kept");
  change.to_revision = row->pool.revision;
  for (const auto& [ticket_id, ticket] : tickets_) {
    if (ticket.pool_id == pool_id && ticket.revision > after) change.tickets.push_back(ticket);
  }
  const auto by_revision = [](const auto& a, const auto& b) { return a.revision < b.revision; };
  std::sort(change.tickets.begin(), change.tickets.end(), by_revision);
  if (change.tickets.size() >= limit) {
    change.tickets.resize(limit);
    change.to_revision = change.tickets.back().revision;
  }
  const int64_t updated = row->pool.update_revision;
  if (updated > after && updated <= change.to_revision) change.pool = row->pool;
  for (const auto& [key, queue] : queues_) {
    const int64_t revision = queue.queue.revision;
    if (key.first == pool_id && revision > after && revision <= change.to_revision) {
      change.queues.push_back(queue.queue);
    }
  }
  std::sort(change.queues.begin(), change.queues.end(), by_revision);
  for (auto it = deleted_queues_.upper_bound({pool_id, after});
       it != deleted_queues_.end() && it->first.first == pool_id &&
       it->first.second <= change.to_revision;
       ++it) {
    if (queues_.count({pool_id, it->second.queue_id}) > 0) continue;
    change.deleted_queues.push_back({it->second.queue_id, it->first.second});
  }
  return change;
}

void FakeStore::ReadChanges(std::string pool_id, int64_t after, int limit, absl::Time,
                            Done<PoolChange> done) {
  std::lock_guard lock(mutex_);
  done(ChangesAfter(pool_id, after, static_cast<size_t>(limit)));
}

void FakeStore::ReadRevisions(std::vector<std::string> pool_ids, absl::Time, Done<Revisions> done) {
  std::lock_guard lock(mutex_);
  Revisions revisions;
  for (const std::string& pool_id : pool_ids) {
    const PoolRow* row = FindPool(pool_id);
    if (row != nullptr) {
      revisions[pool_id] = row->pool.revision;
    } else if (deleted_pools_.count(pool_id) > 0) {
      revisions[pool_id] = deleted_pools_[pool_id];
    }
  }
  done(std::move(revisions));
}

void FakeStore::CountWaiting(absl::Time, Done<std::map<std::string, int64_t>> done) {
  std::lock_guard lock(mutex_);
  std::map<std::string, int64_t> waiting;
  for (const auto& [pool_id, row] : pools_) waiting[pool_id] = 0;
  for (const auto& [key, row] : queues_) waiting[key.first] += row.waiting;
  done(std::move(waiting));
}

absl::StatusOr<SweepReport> FakeStore::Sweep(absl::Time now) {
  std::lock_guard lock(mutex_);
  SweepReport report;
  report.requests = static_cast<int64_t>(std::erase_if(
      requests_, [&](const auto& row) { return row.second.created_at < now - kRequestMemory; }));
  report.tickets = static_cast<int64_t>(
      std::erase_if(tickets_, [&](const auto& row) { return FindTicket(row.first) == nullptr; }));
  report.deleted_queues = static_cast<int64_t>(std::erase_if(deleted_queues_, [&](const auto& row) {
    if (row.second.delete_time >= now - kChangeMemory) return false;
    auto pool = pools_.find(row.first.first);
    if (pool != pools_.end()) {
      int64_t& purged = pool->second.purged_revision;
      purged = std::max(purged, row.first.second);
    }
    return true;
  }));
  return report;
}

}  // namespace muster::intake
