#include "services/intake/domain/known_pools.h"

#include <utility>

namespace muster::intake {

bool KnownPools::Load(const Needs& needs, Workspace* workspace) const {
  if (!needs.whole_pools.empty()) return false;
  for (const std::string& pool_id : needs.pools) {
    if (!LoadPool(pool_id, workspace)) return false;
  }
  for (const auto& [pool_id, queue_id] : needs.queues) {
    if (!LoadQueue(pool_id, queue_id, workspace)) return false;
  }
  return true;
}

bool KnownPools::LoadWith(const Ticket& ticket, Workspace* workspace) const {
  if (!LoadPool(ticket.pool_id, workspace) ||
      !LoadQueue(ticket.pool_id, ticket.queue_id, workspace)) {
    return false;
  }
  workspace->LoadTicket(ticket);
  return true;
}

bool KnownPools::LoadPool(const std::string& pool_id, Workspace* workspace) const {
  if (workspace->pools.count(pool_id) > 0) return true;
  const auto known = pools_.find(pool_id);
  if (known == pools_.end()) return false;
  workspace->LoadPool(known->second.pool, known->second.base_revision);
  return true;
}

bool KnownPools::LoadQueue(const std::string& pool_id, const std::string& queue_id,
                           Workspace* workspace) const {
  if (workspace->queues.count({pool_id, queue_id}) > 0) return true;
  const auto pool = pools_.find(pool_id);
  if (pool == pools_.end()) return false;
  const auto known = pool->second.queues.find(queue_id);
  if (known == pool->second.queues.end()) return false;
  workspace->LoadQueue(known->second.queue, known->second.waiting, known->second.live);
  return true;
}

void KnownPools::Learn(const Workspace& workspace) {
  for (const auto& [pool_id, slot] : workspace.pools) {
    const auto known = pools_.find(pool_id);
    // What is known of its queues was known at another revision.
    if (known != pools_.end() &&
        (!slot.exists || slot.deleted() || known->second.pool.revision != slot.loaded_revision)) {
      queues_ -= known->second.queues.size();
      pools_.erase(known);
    }
    if (!slot.exists) continue;
    KnownPool& pool = pools_[pool_id];
    pool.pool = slot.pool;
    pool.pool.revision = slot.revision;
    pool.base_revision = slot.base_revision;
  }
  for (const auto& [key, slot] : workspace.queues) {
    const auto pool = pools_.find(key.first);
    if (pool == pools_.end()) continue;
    std::map<std::string, KnownQueue>& queues = pool->second.queues;
    if (slot.exists) {
      if (queues.count(key.second) == 0) ++queues_;
      queues[key.second] = {slot.queue, slot.waiting, slot.live};
    } else {
      queues_ -= queues.erase(key.second);
    }
  }
  if (queues_ > kMostQueues) Forget();
}

void KnownPools::Forget() {
  pools_.clear();
  queues_ = 0;
}

}  // namespace muster::intake
