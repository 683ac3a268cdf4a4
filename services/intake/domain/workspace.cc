#include "services/intake/domain/workspace.h"

#include "services/intake/domain/acts.h"

namespace muster::intake {
namespace {

struct NeedsOfAct {
  Needs& needs;

  void operator()(const CreatePool& act) { Whole(act.pool.pool_id); }
  void operator()(const UpdatePool& act) { needs.pools.insert(act.pool.pool_id); }
  void operator()(const DeletePool& act) { Whole(act.pool_id); }
  void operator()(const ApplyPool& act) { Whole(act.pool.pool_id); }
  void operator()(const CreateQueue& act) { Whole(act.queue.pool_id); }
  void operator()(const UpdateQueue& act) { One(act.queue.pool_id, act.queue.queue_id); }
  void operator()(const DeleteQueue& act) { One(act.pool_id, act.queue_id); }
  void operator()(const CreateTicket& act) { One(act.ticket.pool_id, act.ticket.queue_id); }
  void operator()(const CancelTicket& act) { needs.tickets.insert(act.ticket_id); }
  void operator()(const ReleaseTicket& act) { needs.tickets.insert(act.ticket_id); }
  void operator()(const RecordProgress& act) {
    needs.pools.insert(act.pool_id);
    for (const ProgressEntry& entry : act.entries) {
      needs.tickets.insert(entry.ticket_id);
      if (!entry.queue_id.empty()) One(act.pool_id, entry.queue_id);
    }
  }

  void Whole(const std::string& pool_id) {
    needs.pools.insert(pool_id);
    needs.whole_pools.insert(pool_id);
  }
  void One(const std::string& pool_id, const std::string& queue_id) {
    needs.pools.insert(pool_id);
    needs.queues.insert({pool_id, queue_id});
  }
};

}  // namespace

void AddNeeds(const Mutation& mutation, Needs& needs) {
  std::visit(NeedsOfAct{needs}, mutation.act);
}

void Workspace::LoadPool(Pool pool, int64_t base_revision) {
  PoolSlot slot;
  slot.existed = slot.exists = true;
  slot.loaded_revision = slot.revision = pool.revision;
  slot.base_revision = base_revision;
  slot.pool = std::move(pool);
  pools[slot.pool.pool_id] = std::move(slot);
}

void Workspace::LoadDeletedPool(const std::string& pool_id, int64_t revision) {
  PoolSlot slot;
  slot.pool.pool_id = pool_id;
  slot.loaded_revision = slot.revision = slot.base_revision = revision;
  pools.emplace(pool_id, std::move(slot));
}

void Workspace::LoadQueue(Queue queue, int64_t waiting, int64_t live) {
  QueueSlot slot;
  slot.existed = slot.exists = true;
  slot.waiting = waiting;
  slot.live = live;
  slot.queue = std::move(queue);
  QueueKey key(slot.queue.pool_id, slot.queue.queue_id);
  queues[std::move(key)] = std::move(slot);
}

void Workspace::LoadTicket(Ticket ticket) {
  const PoolSlot* pool = FindPool(ticket.pool_id);
  if (pool == nullptr || ticket.revision <= pool->base_revision) return;
  TicketSlot slot;
  slot.existed = true;
  slot.loaded_revision = ticket.revision;
  slot.loaded_state = ticket.state;
  slot.ticket = std::move(ticket);
  tickets[slot.ticket.ticket_id] = std::move(slot);
}

PoolSlot* Workspace::FindPool(const std::string& pool_id) {
  auto it = pools.find(pool_id);
  return it != pools.end() && it->second.exists ? &it->second : nullptr;
}

QueueSlot* Workspace::FindQueue(const std::string& pool_id, const std::string& queue_id) {
  auto it = queues.find({pool_id, queue_id});
  return it != queues.end() && it->second.exists ? &it->second : nullptr;
}

TicketSlot* Workspace::FindTicket(const std::string& ticket_id) {
  auto it = tickets.find(ticket_id);
  if (it == tickets.end()) return nullptr;
  // A pool that was deleted earlier in this batch took its ended tickets with it.
  const PoolSlot* pool = FindPool(it->second.ticket.pool_id);
  if (pool == nullptr || it->second.ticket.revision <= pool->base_revision) return nullptr;
  return &it->second;
}

std::vector<QueueSlot*> Workspace::QueuesOf(const std::string& pool_id) {
  std::vector<QueueSlot*> found;
  for (auto it = queues.lower_bound({pool_id, ""});
       it != queues.end() && it->first.first == pool_id; ++it) {
    if (it->second.exists) found.push_back(&it->second);
  }
  return found;
}

std::vector<PoolChange> Workspace::Changes() const {
  std::map<std::string, PoolChange> changes;
  for (const auto& [pool_id, slot] : pools) {
    if (!slot.changed()) continue;
    PoolChange& change = changes[pool_id];
    change.pool_id = pool_id;
    change.from_revision = slot.loaded_revision;
    change.to_revision = slot.revision;
    change.pool_deleted = slot.deleted();
    if (slot.exists && slot.pool.update_revision > slot.loaded_revision) change.pool = slot.pool;
  }
  for (const auto& [key, slot] : queues) {
    if (slot.exists && slot.settings_changed) changes[key.first].queues.push_back(slot.queue);
    if (!slot.exists && slot.existed && slot.deleted_revision > 0) {
      changes[key.first].deleted_queues.push_back({key.second, slot.deleted_revision});
    }
  }
  for (const auto& [ticket_id, slot] : tickets) {
    if (!slot.changed()) continue;
    PoolChange& change = changes[slot.ticket.pool_id];
    change.tickets.push_back(slot.ticket);
    change.states_before.push_back(slot.loaded_state);
  }
  std::vector<PoolChange> result;
  for (auto& [pool_id, change] : changes) result.push_back(std::move(change));
  return result;
}

absl::StatusOr<Outcome> Apply(Workspace& workspace, const Mutation& mutation) {
  return std::visit([&](const auto& act) { return Do(workspace, act, mutation.now); },
                    mutation.act);
}

}  // namespace muster::intake
