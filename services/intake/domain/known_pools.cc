#include "services/intake/domain/known_pools.h"

#include <utility>

namespace muster::intake {
namespace {

// What one takes, about.
size_t BytesOf(const Ticket& ticket) {
  size_t bytes = sizeof(Ticket) + 256 + ticket.subject.size() + ticket.text.size();
  for (const auto& [key, value] : ticket.attributes) bytes += 64 + key.size() + value.size();
  if (!ticket.origin.has_value()) return bytes;
  bytes += ticket.origin->reason.size();
  for (const TranscriptTurn& turn : ticket.origin->transcript) {
    bytes += sizeof(TranscriptTurn) + turn.speaker.size() + turn.text.size();
  }
  return bytes;
}

}  // namespace

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

bool KnownPools::LoadWith(Ticket ticket, Workspace* workspace) const {
  if (!LoadPool(ticket.pool_id, workspace) ||
      !LoadQueue(ticket.pool_id, ticket.queue_id, workspace)) {
    return false;
  }
  workspace->LoadTicket(std::move(ticket));
  return true;
}

std::set<std::string> KnownPools::TakeTickets(const Needs& needs, Workspace* workspace) {
  std::set<std::string> others;
  for (const std::string& ticket_id : needs.tickets) {
    const auto known = tickets_.find(ticket_id);
    if (known == tickets_.end()) {
      others.insert(ticket_id);
      continue;
    }
    KnownTicket taken = std::move(known->second);
    tickets_.erase(known);
    ticket_bytes_ -= taken.bytes;
    const auto pool = pools_.find(taken.ticket.pool_id);
    if (pool == pools_.end() || taken.ticket.revision <= pool->second.known_since ||
        !LoadWith(std::move(taken.ticket), workspace)) {
      others.insert(ticket_id);
    }
  }
  return others;
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

void KnownPools::Learn(Workspace workspace) {
  LearnPools(workspace);
  LearnQueues(workspace);
  LearnTickets(workspace);
  if (queues_ > kMostQueues) Forget();
}

void KnownPools::LearnPools(const Workspace& workspace) {
  for (const auto& [pool_id, slot] : workspace.pools) {
    const auto known = pools_.find(pool_id);
    // What is known of its queues was known at another revision.
    if (known != pools_.end() &&
        (!slot.exists || slot.deleted() || known->second.pool.revision != slot.loaded_revision)) {
      queues_ -= known->second.queues.size();
      pools_.erase(known);
    }
    if (!slot.exists) continue;
    const auto [entry, is_new] = pools_.try_emplace(pool_id);
    KnownPool& pool = entry->second;
    if (is_new) pool.known_since = slot.loaded_revision;
    pool.pool = slot.pool;
    pool.pool.revision = slot.revision;
    pool.base_revision = slot.base_revision;
  }
}

void KnownPools::LearnQueues(const Workspace& workspace) {
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
}

void KnownPools::LearnTickets(Workspace& workspace) {
  for (auto& [ticket_id, slot] : workspace.tickets) {
    const auto pool = pools_.find(slot.ticket.pool_id);
    if (pool == pools_.end() || slot.ticket.revision <= pool->second.known_since ||
        !IsLive(slot.ticket.state)) {
      continue;
    }
    const size_t bytes = BytesOf(slot.ticket);
    if (ticket_bytes_ + bytes > kMostTicketBytes) {
      tickets_.clear();
      ticket_bytes_ = 0;
    }
    KnownTicket& known = tickets_[ticket_id];
    ticket_bytes_ += bytes - known.bytes;
    known = {std::move(slot.ticket), bytes};
  }
}

void KnownPools::Forget() {
  pools_.clear();
  queues_ = 0;
  tickets_.clear();
  ticket_bytes_ = 0;
}

}  // namespace muster::intake
