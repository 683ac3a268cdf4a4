#include "services/matcher/engine/engine.h"

#include <algorithm>
#include <utility>

#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

Core::Core(EngineOptions options)
    : options_(options),
      next_number_(options.first_offer_number),
      ended_(limits::kMaxEndedOffers) {}

void Core::Apply(const Event& event, absl::Time now, Effects* out) {
  now_ = std::max(now_, now);
  out_ = out;
  queues_.Reclaim();
  tickets_.Reclaim();
  agents_.Reclaim();
  offers_.Reclaim();
  assignments_.Reclaim();
  FireDue();
  std::visit([this](const auto& e) { On(e); }, event);
  FireDue();  // what the event brought may be overdue already: nothing of it is offered
  Match();
  out_ = nullptr;
}

void Core::FireDue() {
  while (const std::optional<Timer> due = timers_.TakeDue(now_)) Fire(*due);
}

void Core::Fire(const Timer& timer) {
  switch (timer.kind) {
    case TimerKind::kOfferDeadline:
      return ExpireOffer(timer.record);
    case TimerKind::kWrapUpEnd:
      return FinishAssignment(timer.record, reason::kAfterWorkElapsed, 0);
    case TimerKind::kTicketExpiry:
      return Expire(timer.record);
    case TimerKind::kPriceEnd:
      return PriceEnded(timer.record);
  }
}

void Core::On(const MatchingOpened&) {
  if (open_) return;
  open_ = true;
  tickets_.ForEach([this](Index t) {
    if (tickets_[t].line == kNone) return;
    ArmExpiry(t);
    touched_tickets_.push_back(t);
  });
}

void Core::On(const MatchingClosed&) {
  if (!open_) return;
  open_ = false;
  std::vector<std::pair<std::uint64_t, Index>> pending;
  offers_.ForEach([&](Index o) { pending.emplace_back(offers_[o].number, o); });
  std::sort(pending.begin(), pending.end());
  for (const auto& [number, o] : pending) RevokeToQueue(o, reason::kMatchingClosed);
}

void Core::Refuse(ActToken act, absl::StatusCode code, std::string_view reason,
                  std::string subject) {
  Emit(Reject{.code = code, .reason = reason, .subject = std::move(subject), .act = act});
}

Engine::Engine(EngineOptions options) : core_(std::make_unique<Core>(options)) {}
Engine::~Engine() = default;

void Engine::Apply(const Event& event, absl::Time now, Effects* out) {
  core_->Apply(event, now, out);
}
std::optional<TicketExplanation> Engine::ExplainTicket(std::string_view ticket_id) const {
  const Index t = Find(core_->ticket_ids_, ticket_id);
  if (t == kNone) return std::nullopt;
  const TicketRecord& ticket = core_->tickets_[t];
  TicketExplanation e;
  e.ticket_id = ticket.spec.ticket_id;
  e.queue_id = ticket.spec.queue_id;
  e.state = ticket.state;
  e.queue_known = core_->queues_[ticket.queue].exists;
  e.paused = !core_->open_;
  e.position = Position(ticket_id);
  e.terms.wait = core_->now_ - ticket.spec.create_time;
  if (ticket.line != kNone) e.fitting = core_->lines_[ticket.line].fitting;
  e.unservable = ticket.line != kNone && e.fitting == 0;
  return e;
}
std::optional<AgentExplanation> Engine::ExplainAgent(std::string_view agent_id) const {
  const std::optional<AgentView> view = Agent(agent_id);
  if (!view) return std::nullopt;
  AgentExplanation e;
  e.agent_id = view->agent_id;
  e.registered = view->registered;
  e.presence = view->presence;
  e.connected = view->connected;
  e.capacity = view->capacity;
  return e;
}
absl::Time Engine::NextWakeup() const { return core_->NextWakeup(); }
absl::Status Engine::CheckInvariants() const { return core_->CheckInvariants(); }

}  // namespace muster::engine
