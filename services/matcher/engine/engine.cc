#include "services/matcher/engine/engine.h"

#include <algorithm>
#include <utility>

#include "services/matcher/engine/checks.h"
#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"

namespace muster::engine {

Core::Core(EngineOptions options)
    : options_(options), next_number_(options.first_offer_number), ended_(limits::kMaxEndedOffers) {
  On(PoolChanged{});
}

void Core::Apply(const Event& event, absl::Time now, Effects* out) {
  if (now > now_time_) {
    now_time_ = std::min(now, limits::kMaxTime);
    now_ = ToNanos(now_time_);
  }
  out_ = out;
  decisions_used_ = 0;
  queues_.Reclaim();
  tickets_.Reclaim();
  agents_.Reclaim();
  profiles_.Reclaim();
  works_.Reclaim();
  lines_.Reclaim();
  FireDue();
  std::visit([this](const auto& e) { On(e); }, event);
  FireDue();  // what the event brought may be overdue already: nothing of it is offered
  Match();
  out_ = nullptr;
}

// What fires takes its own timer away.
void Core::Fire(const Timer& timer) {
  switch (timer.kind) {
    case TimerKind::kOfferDeadline:
      return ExpireOffer(timer.record);
    case TimerKind::kWrapUpEnd:
      return FinishAssignment(timer.record, reason::kAfterWorkElapsed, 0);
    case TimerKind::kTicketExpiry:
      return Expire(timer.record);
    case TimerKind::kRelaxStep:
    case TimerKind::kClaim:
      return Relist(timer.record);
    case TimerKind::kPriceEnd:
      return PriceEnded(timer.record);
  }
}

void Core::On(const MatchingOpened&) {
  if (open_) return;
  open_ = true;
  TouchAll();
}

void Core::On(const MatchingClosed&) {
  if (!open_) return;
  open_ = false;
  std::vector<std::pair<std::uint64_t, Index>> pending;
  for (const Index w : pending_) pending.emplace_back(works_[w].id.number, w);
  std::sort(pending.begin(), pending.end());
  for (const auto& [number, w] : pending) RevokeToQueue(w, reason::kMatchingClosed);
}

void Core::On(const PoolChanged& event) {
  const PoolRules& rules = event.rules;
  if (!WithinLimits(rules)) {
    return Refuse(0, absl::StatusCode::kInvalidArgument, reason::kLimitExceeded, "pool");
  }
  pool_rules_ = rules;
  fair_window_ = ToNanos(rules.fair_window);
  idle_bound_ = ToNanos(rules.idle_bound);
  loaded_price_ = ToNanos(rules.loaded_price);
  scarcity_bound_ = rules.scarcity ? ToNanos(rules.scarcity_bound) : 0;
  scarcity_step_ = scarcity_bound_ / limits::kScarcitySteps;
  if (scarcity_step_ == 0) scarcity_bound_ = 0;
  // Those who stand do so by the old prices.
  lines_.ForEach([this](Index l) {
    lines_[l].learnt = std::min(lines_[l].learnt, scarcity_bound_);
    heads_[l].worth = scarcity_bound_ == 0 ? 0 : lines_[l].learnt / scarcity_step_;
  });
  TouchAll();
}

// Agents too: they stand by the rules of the moment, and some may be kept for a ticket.
void Core::TouchAll() {
  agents_.ForEach([this](Index a) {
    if (agents_[a].claim != kNone) return Loosen(a);
    Unstand(a);
    if (CanStand(agents_[a])) Stand(a);
  });
  tickets_.ForEach([this](Index t) {
    if (tickets_[t].waits) {
      Relist(t);
    } else if (tickets_[t].shared) {
      Touch(t);
    }
  });
  burst_ = true;
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
absl::Time Engine::NextWakeup() const { return core_->NextWakeup(); }
absl::Status Engine::CheckInvariants() const { return core_->CheckInvariants(); }

}  // namespace muster::engine
