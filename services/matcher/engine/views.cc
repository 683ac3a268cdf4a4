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

OfferView Core::ViewOfOffer(Index w) const {
  const WorkRecord& work = works_[w];
  const TicketRecord& ticket = tickets_[work.ticket];
  return {.offer = work.id,
          .ticket_id = ticket.id.str(),
          .agent_id = agents_[work.agent].id.str(),
          .queue_id = queues_[ticket.queue].id.str(),
          .weight = work.weight,
          .make_time = ToTime(work.made),
          .deadline = ToTime(work.deadline),
          .offer_timeout = work.offer_timeout,
          .acknowledged = work.acknowledged};
}

AssignmentView Core::ViewOfAssignment(Index w) const {
  const WorkRecord& work = works_[w];
  return {.assignment = work.id,
          .ticket_id = tickets_[work.ticket].id.str(),
          .agent_id = agents_[work.agent].id.str(),
          .queue_id = queues_[work.queue].id.str(),
          .weight = work.weight,
          .state = work.state == WorkState::kWrapUp ? AssignmentState::kWrapUp
                                                    : AssignmentState::kActive,
          .assign_time = ToTime(work.assigned),
          .wrap_up_deadline = ToTime(work.deadline)};
}

TicketView Core::ViewOfTicket(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  const QueueRecord& queue = queues_[ticket.queue];
  return {.ticket_id = ticket.id.str(),
          .queue_id = queue.id.str(),
          .state = ticket.state,
          .create_time = ToTime(ticket.create),
          .priority_ahead = ToDuration(ticket.priority + queue.ahead),
          .expire_time = ToTime(ticket.expire_at)};
}

QueueStats Core::ViewOfQueue(Index q) const {
  const QueueRecord& queue = queues_[q];
  QueueStats stats{.queue_id = queue.id.str(),
                   .waiting = queue.waiting,
                   .offered = queue.offered,
                   .assigned = queue.assigned,
                   .wrap_up = queue.wrap_up};
  for (const auto& [key, l] : queue.lines) {
    // Less will do later on: only what nobody will fit even then is without hope.
    if (lines_[lines_[l].last].fitting == 0) stats.unservable += lines_[l].waiting.size();
  }
  return stats;
}

Nanos Core::OldestWaiting(Index q) const {
  Nanos oldest = kNever;
  const QueueRecord& queue = queues_[q];
  if (!queue.exists && queue.waiting > 0) {  // they wait for the queue, in no line
    tickets_.ForEach([&](Index t) {
      const TicketRecord& ticket = tickets_[t];
      if (ticket.queue != q || ticket.state != TicketState::kWaiting) return;
      oldest = std::min(oldest, ticket.create);
    });
  }
  const WaitOrder order = Waits();
  for (const auto& [key, l] : queue.lines) {
    Lane::Cursor<WaitOrder> cursor(lines_[l].waiting, order);
    while (const Entry* entry = cursor.Next()) {
      oldest = std::min(oldest, tickets_[entry->record].create);
      if (lines_[l].prioritised == 0) break;  // by rank is by creation then
    }
  }
  return oldest;
}

std::optional<std::size_t> Core::PositionOf(Index t) const {
  const TicketRecord& ticket = tickets_[t];
  if (ticket.state == TicketState::kOffered) return 0;
  if (!ticket.waits) return std::nullopt;
  std::size_t ahead = 0;
  const WaitOrder order = Waits();
  for (const auto& [key, l] : queues_[ticket.queue].lines) {
    Lane::Cursor<WaitOrder> cursor(lines_[l].waiting, order);
    while (const Entry* entry = cursor.Next()) {
      const TicketRecord& other = tickets_[entry->record];
      const bool before =
          other.rank != ticket.rank ? other.rank < ticket.rank : Older(entry->record, t);
      if (!before) break;
      ++ahead;
    }
  }
  return ahead + 1;
}

bool Engine::IsOpen() const { return core_->open_; }
PoolStats Engine::Pool() const { return core_->pool_; }

std::vector<QueueStats> Engine::Queues() const {
  std::vector<QueueStats> all;
  std::vector<Nanos> oldest(core_->queues_.slots(), kNever);
  for (const Index w : core_->pending_) {
    const TicketRecord& ticket = core_->tickets_[core_->works_[w].ticket];
    oldest[ticket.queue] = std::min(oldest[ticket.queue], ticket.create);
  }
  for (const std::string_view id : core_->queue_order_) {
    const Index q = core_->FindQueue(id);
    all.push_back(core_->ViewOfQueue(q));
    oldest[q] = std::min(oldest[q], core_->OldestWaiting(q));
    if (oldest[q] != kNever) all.back().oldest_create_time = ToTime(oldest[q]);
  }
  return all;
}

std::optional<QueueStats> Engine::Queue(std::string_view queue_id) const {
  const Index q = core_->FindQueue(queue_id);
  if (q == kNone) return std::nullopt;
  QueueStats stats = core_->ViewOfQueue(q);
  Nanos oldest = core_->OldestWaiting(q);
  for (const Index w : core_->pending_) {
    const TicketRecord& ticket = core_->tickets_[core_->works_[w].ticket];
    if (ticket.queue == q) oldest = std::min(oldest, ticket.create);
  }
  if (oldest != kNever) stats.oldest_create_time = ToTime(oldest);
  return stats;
}

std::vector<OfferView> Engine::PendingOffers() const {
  std::vector<OfferView> all;
  for (const Index w : core_->pending_) all.push_back(core_->ViewOfOffer(w));
  SortByOffer(&all);
  return all;
}

std::vector<OfferView> Engine::PendingOffersOf(std::string_view agent_id) const {
  std::vector<OfferView> all;
  const Index a = core_->FindAgent(agent_id);
  if (a == kNone) return all;
  for (const Index w : core_->agents_[a].works) {
    if (core_->works_[w].state == WorkState::kOffer) all.push_back(core_->ViewOfOffer(w));
  }
  SortByOffer(&all);
  return all;
}

std::optional<OfferView> Engine::PendingOffer(const OfferId& offer) const {
  const Index w = core_->FindWork(offer);
  if (w == kNone || core_->works_[w].state != WorkState::kOffer) return std::nullopt;
  return core_->ViewOfOffer(w);
}

std::vector<AssignmentView> Engine::LiveAssignments() const {
  std::vector<AssignmentView> all;
  core_->works_.ForEach([&](Index w) {
    if (core_->works_[w].state != WorkState::kOffer) all.push_back(core_->ViewOfAssignment(w));
  });
  SortByAssignment(&all);
  return all;
}

std::vector<AssignmentView> Engine::LiveAssignmentsOf(std::string_view agent_id) const {
  std::vector<AssignmentView> all;
  const Index a = core_->FindAgent(agent_id);
  if (a == kNone) return all;
  for (const Index w : core_->agents_[a].works) {
    if (core_->works_[w].state != WorkState::kOffer) all.push_back(core_->ViewOfAssignment(w));
  }
  SortByAssignment(&all);
  return all;
}

std::optional<AssignmentView> Engine::LiveAssignment(const AssignmentId& assignment) const {
  const Index w = core_->FindWork(assignment);
  if (w == kNone || core_->works_[w].state == WorkState::kOffer) return std::nullopt;
  return core_->ViewOfAssignment(w);
}

std::optional<AgentView> Engine::Agent(std::string_view agent_id) const {
  const Index a = core_->FindAgent(agent_id);
  if (a == kNone) return std::nullopt;
  const AgentRecord& agent = core_->agents_[a];
  if (!agent.registered && agent.works.empty()) return std::nullopt;  // a name that tickets prefer
  return AgentView{.agent_id = agent.id.str(),
                   .registered = agent.registered,
                   .presence = agent.presence,
                   .connected = core_->profiles_[a].spec.connected,
                   .capacity = agent.capacity,
                   .busy_units = agent.busy,
                   .reserved_units = agent.reserved,
                   .idle_since = ToTime(agent.idle_since)};
}

std::optional<TicketView> Engine::Ticket(std::string_view ticket_id) const {
  const Index t = core_->FindTicket(ticket_id);
  if (t == kNone) return std::nullopt;
  return core_->ViewOfTicket(t);
}

std::optional<std::size_t> Engine::Position(std::string_view ticket_id) const {
  const Index t = core_->FindTicket(ticket_id);
  if (t == kNone) return std::nullopt;
  return core_->PositionOf(t);
}

std::vector<TicketView> Engine::Waiting(std::string_view queue_id, std::size_t limit) const {
  std::vector<TicketView> first;
  const Index q = core_->FindQueue(queue_id);
  if (q == kNone) return first;
  std::vector<Index> tickets;  // the first of each line: no other can be among the first of all
  const Core::WaitOrder order = core_->Waits();
  for (const auto& [key, l] : core_->queues_[q].lines) {
    Lane::Cursor<Core::WaitOrder> cursor(core_->lines_[l].waiting, order);
    for (std::size_t taken = 0; taken < limit; ++taken) {
      const Entry* entry = cursor.Next();
      if (entry == nullptr) break;
      tickets.push_back(entry->record);
    }
  }
  std::sort(tickets.begin(), tickets.end(), [this](Index t, Index u) {
    const Nanos a = core_->tickets_[t].rank;
    const Nanos b = core_->tickets_[u].rank;
    return a != b ? a < b : core_->Older(t, u);
  });
  for (std::size_t i = 0; i < std::min(limit, tickets.size()); ++i) {
    first.push_back(core_->ViewOfTicket(tickets[i]));
  }
  return first;
}

}  // namespace muster::engine
