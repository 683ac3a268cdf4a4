// What the engine shows of itself.
#include <algorithm>

#include "services/matcher/engine/core.h"

namespace muster::engine {
namespace {

template <typename View>
void SortByOffer(std::vector<View>* views) {
  std::sort(views->begin(), views->end(),
            [](const View& a, const View& b) { return a.offer < b.offer; });
}

void SortByAssignment(std::vector<AssignmentView>* views) {
  std::sort(views->begin(), views->end(), [](const AssignmentView& a, const AssignmentView& b) {
    return a.assignment < b.assignment;
  });
}

}  // namespace

OfferView Core::ViewOfOffer(Index o) const {
  const OfferRecord& offer = offers_[o];
  const TicketRecord& ticket = tickets_[offer.ticket];
  return {.offer = IdOf(offer),
          .ticket_id = ticket.spec.ticket_id,
          .agent_id = agents_[offer.agent].spec.agent_id,
          .queue_id = ticket.spec.queue_id,
          .weight = offer.weight,
          .make_time = offer.make_time,
          .deadline = offer.deadline,
          .offer_timeout = offer.offer_timeout,
          .acknowledged = offer.acknowledged};
}

AssignmentView Core::ViewOfAssignment(Index s) const {
  const AssignmentRecord& assignment = assignments_[s];
  return {.assignment = assignment.id,
          .ticket_id = assignment.ticket_id,
          .agent_id = agents_[assignment.agent].spec.agent_id,
          .queue_id = queues_[assignment.queue].id,
          .weight = assignment.weight,
          .state = assignment.state,
          .assign_time = assignment.assign_time,
          .wrap_up_deadline = assignment.wrap_up_deadline};
}

TicketView Core::ViewOfTicket(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  return {.ticket_id = ticket.spec.ticket_id,
          .queue_id = ticket.spec.queue_id,
          .state = ticket.state,
          .create_time = ticket.spec.create_time,
          .priority_ahead = ticket.spec.priority_ahead + queues_[ticket.queue].rules.priority_ahead,
          .expire_time = ticket.expire_at};
}

QueueStats Core::ViewOfQueue(Index q) const {
  const QueueRecord& queue = queues_[q];
  QueueStats stats{.queue_id = queue.id,
                   .waiting = queue.waiting,
                   .offered = queue.offered,
                   .assigned = queue.assigned,
                   .wrap_up = queue.wrap_up};
  for (const auto& [key, l] : queue.lines) {
    if (lines_[l].fitting == 0) stats.unservable += lines_[l].waiting.size();
  }
  if (!queue.unassigned.empty()) stats.oldest_create_time = queue.unassigned.begin()->first;
  return stats;
}

bool Engine::IsOpen() const { return core_->open_; }
PoolStats Engine::Pool() const { return core_->pool_; }

std::vector<QueueStats> Engine::Queues() const {
  std::vector<QueueStats> all;
  for (const std::string_view id : core_->queue_order_) {
    all.push_back(core_->ViewOfQueue(Find(core_->queue_ids_, id)));
  }
  return all;
}

std::optional<QueueStats> Engine::Queue(std::string_view queue_id) const {
  const Index q = Find(core_->queue_ids_, queue_id);
  if (q == kNone) return std::nullopt;
  return core_->ViewOfQueue(q);
}

std::vector<OfferView> Engine::PendingOffers() const {
  std::vector<OfferView> all;
  core_->offers_.ForEach([&](Index o) { all.push_back(core_->ViewOfOffer(o)); });
  SortByOffer(&all);
  return all;
}

std::vector<OfferView> Engine::PendingOffersOf(std::string_view agent_id) const {
  std::vector<OfferView> all;
  const Index a = Find(core_->agent_ids_, agent_id);
  if (a == kNone) return all;
  for (const Index o : core_->agents_[a].offers) all.push_back(core_->ViewOfOffer(o));
  return all;
}

std::optional<OfferView> Engine::PendingOffer(const OfferId& offer) const {
  const auto it = core_->offer_numbers_.find(offer.number);
  if (offer.epoch != core_->options_.epoch || it == core_->offer_numbers_.end()) {
    return std::nullopt;
  }
  return core_->ViewOfOffer(it->second);
}

std::vector<AssignmentView> Engine::LiveAssignments() const {
  std::vector<AssignmentView> all;
  core_->assignments_.ForEach([&](Index s) { all.push_back(core_->ViewOfAssignment(s)); });
  SortByAssignment(&all);
  return all;
}

std::vector<AssignmentView> Engine::LiveAssignmentsOf(std::string_view agent_id) const {
  std::vector<AssignmentView> all;
  const Index a = Find(core_->agent_ids_, agent_id);
  if (a == kNone) return all;
  for (const Index s : core_->agents_[a].assignments) all.push_back(core_->ViewOfAssignment(s));
  SortByAssignment(&all);
  return all;
}

std::optional<AssignmentView> Engine::LiveAssignment(const AssignmentId& assignment) const {
  const auto it = core_->assignment_ids_.find(assignment);
  if (it == core_->assignment_ids_.end()) return std::nullopt;
  return core_->ViewOfAssignment(it->second);
}

std::optional<AgentView> Engine::Agent(std::string_view agent_id) const {
  const Index a = Find(core_->agent_ids_, agent_id);
  if (a == kNone) return std::nullopt;
  const AgentRecord& agent = core_->agents_[a];
  return AgentView{.agent_id = agent.spec.agent_id,
                   .registered = agent.registered,
                   .presence = agent.spec.presence,
                   .connected = agent.spec.connected,
                   .capacity = agent.registered ? agent.spec.capacity : 0,
                   .busy_units = agent.busy,
                   .reserved_units = agent.reserved,
                   .idle_since = agent.idle_since};
}

std::optional<TicketView> Engine::Ticket(std::string_view ticket_id) const {
  const Index t = Find(core_->ticket_ids_, ticket_id);
  if (t == kNone) return std::nullopt;
  return core_->ViewOfTicket(t);
}

std::optional<std::size_t> Engine::Position(std::string_view ticket_id) const {
  const Index t = Find(core_->ticket_ids_, ticket_id);
  if (t == kNone) return std::nullopt;
  const TicketRecord& ticket = core_->tickets_[t];
  if (ticket.state == TicketState::kOffered) return 0;
  if (ticket.line == kNone) return std::nullopt;
  std::size_t ahead = 0;
  for (const auto& [key, l] : core_->queues_[ticket.queue].lines) {
    for (const TicketKey& other : core_->lines_[l].waiting) {
      if (!(other < ticket.key)) break;
      ++ahead;
    }
  }
  return ahead + 1;
}

std::vector<TicketView> Engine::Waiting(std::string_view queue_id, std::size_t limit) const {
  std::vector<TicketView> first;
  const Index q = Find(core_->queue_ids_, queue_id);
  if (q == kNone) return first;
  std::vector<TicketKey> keys;  // the first of each line: no other can be among the first of all
  for (const auto& [key, l] : core_->queues_[q].lines) {
    std::size_t taken = 0;
    for (const TicketKey& ticket : core_->lines_[l].waiting) {
      if (taken++ == limit) break;
      keys.push_back(ticket);
    }
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 0; i < std::min(limit, keys.size()); ++i) {
    first.push_back(core_->ViewOfTicket(keys[i].ticket));
  }
  return first;
}

}  // namespace muster::engine
