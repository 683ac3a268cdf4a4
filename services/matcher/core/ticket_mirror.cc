#include "services/matcher/core/ticket_mirror.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace muster::matcher {

namespace in = intake::v1;

void TicketMirror::Apply(TicketSnapshot snapshot, Events* events) {
  absl::flat_hash_set<std::string> queues, tickets;
  for (const in::Queue& queue : snapshot.queues) queues.insert(queue.queue_id());
  for (const in::Ticket& ticket : snapshot.tickets) tickets.insert(ticket.ticket_id());

  if (snapshot.pool) Apply(*snapshot.pool, events);
  for (in::Queue& queue : snapshot.queues) Apply(std::move(queue), events);
  std::vector<std::string> gone;
  for (const auto& [id, ticket] : tickets_) {
    if (!tickets.contains(id)) gone.push_back(id);
  }
  std::sort(gone.begin(), gone.end());  // a hash map's order must not decide who is offered what
  for (const std::string& id : gone) {
    // Only the matcher resolves and expires tickets, and drops them here when it does.
    events->push_back(engine::TicketGone{id, engine::GoneReason::kCancelled});
    tickets_.erase(id);
    told_.erase(id);
  }
  for (in::Ticket& ticket : snapshot.tickets) Apply(std::move(ticket), events);
  std::vector<std::string> removed;
  for (const auto& [id, queue] : queues_) {
    if (!queues.contains(id)) removed.push_back(id);
  }
  for (const std::string& id : removed) RemoveQueue(id, events);
}

void TicketMirror::Apply(in::WatchTicketsResponse::Changes changes, Events* events) {
  if (changes.has_pool()) Apply(changes.pool(), events);
  for (in::Queue& queue : *changes.mutable_queues()) Apply(std::move(queue), events);
  for (in::Ticket& ticket : *changes.mutable_tickets()) Apply(std::move(ticket), events);
  for (const std::string& id : changes.deleted_queue_ids()) RemoveQueue(id, events);
}

// Its revision changes all the time, its rules hardly ever.
void TicketMirror::Apply(const in::Pool& pool, Events* events) {
  engine::PoolRules rules = ToPoolRules(pool);
  if (rules == pool_rules_) return;
  pool_rules_ = rules;
  events->push_back(engine::PoolChanged{rules});
}

void TicketMirror::Apply(in::Queue queue, Events* events) {
  const std::string id = queue.queue_id();
  events->push_back(engine::QueueChanged{id, ToQueueRules(queue)});
  facts_[id] = {queue.display_name(), TargetWaitOf(queue)};
  queues_[id] = std::move(queue);
}

void TicketMirror::RemoveQueue(const std::string& queue_id, Events* events) {
  if (queues_.erase(queue_id) == 0) return;
  facts_.erase(queue_id);
  events->push_back(engine::QueueRemoved{queue_id});
}

void TicketMirror::Apply(in::Ticket ticket, Events* events) {
  const std::string id = ticket.ticket_id();
  switch (ticket.state()) {
    case in::TICKET_STATE_QUEUED:
    case in::TICKET_STATE_ASSIGNED:
      if (IsOld(ticket)) return;
      told_.erase(id);
      if (ticket.state() == in::TICKET_STATE_QUEUED) {
        events->push_back(engine::TicketQueued{ToTicketSpec(ticket)});
      } else {
        events->push_back(engine::TicketDetailed{ToTicketSpec(ticket)});
      }
      tickets_[id] = std::make_shared<const in::Ticket>(std::move(ticket));
      return;
    case in::TICKET_STATE_CANCELLED:
      // Whatever is on its way to intake about it will be refused.
      told_.erase(id);
      tickets_.erase(id);
      events->push_back(engine::TicketGone{id, engine::GoneReason::kCancelled});
      return;
    default:
      if (!IsOld(ticket)) told_.erase(id);
      if (tickets_.erase(id) > 0) {
        events->push_back(engine::TicketGone{id, engine::GoneReason::kOther});
      }
  }
}

bool TicketMirror::IsOld(const in::Ticket& ticket) const {
  auto it = told_.find(ticket.ticket_id());
  return it != told_.end() && ticket.progress_revision() < it->second;
}

void TicketMirror::Told(const std::string& ticket_id, int64_t revision) {
  int64_t& told = told_[ticket_id];
  told = std::max(told, revision);
}

void TicketMirror::Refused(const std::string& ticket_id, int64_t revision) {
  auto it = told_.find(ticket_id);
  if (it != told_.end() && it->second == revision) told_.erase(it);
}

void TicketMirror::Move(const TicketMove& move) {
  auto it = tickets_.find(move.ticket_id);
  if (it == tickets_.end()) return;
  auto moved = std::make_shared<in::Ticket>(*it->second);
  PutWhereMoved(move, moved.get());
  it->second = std::move(moved);
}

TicketPtr TicketMirror::Ticket(const std::string& ticket_id) const {
  auto it = tickets_.find(ticket_id);
  return it == tickets_.end() ? nullptr : it->second;
}

const in::Queue* TicketMirror::Queue(const std::string& queue_id) const {
  auto it = queues_.find(queue_id);
  return it == queues_.end() ? nullptr : &it->second;
}

}  // namespace muster::matcher
