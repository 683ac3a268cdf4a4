#include "tests/fuzz/engine/subject.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace muster::fuzz {
namespace {

using namespace engine;  // NOLINT: the vocabulary of this file

constexpr char kTwin = '~';  // marks the second standing of a ticket

class PlainSubject : public Subject {
 public:
  void Apply(const Event& event, absl::Time now, Effects* effects) override {
    engine_.Apply(event, now, effects);
  }
  absl::Time NextWakeup() const override { return engine_.NextWakeup(); }
  const Engine& engine() const override { return engine_; }

 protected:
  Engine engine_{{.epoch = 2, .record_decisions = true}};
};

// Changes what goes in, and what comes out.
class PlantedSubject final : public PlainSubject {
 public:
  explicit PlantedSubject(Bug bug) : bug_(bug) {}

  void Apply(const Event& event, absl::Time now, Effects* effects) override {
    const std::size_t before = effects->size();
    Event told = event;
    std::visit([this](auto& e) { Spoil(e); }, told);
    if (LoseDeclined(event, now, effects)) return;
    engine_.Apply(told, now, effects);
    if (const auto* queued = std::get_if<TicketQueued>(&told);
        queued != nullptr && bug_ == Bug::kDoubleOffer) {
      TicketQueued twin = *queued;
      twin.ticket.ticket_id += kTwin;
      Effects more;
      Keep(effects);
      engine_.Apply(twin, now, &more);
      effects->insert(effects->end(), more.begin(), more.end());
    }
    SpoilEffects(event, now, before, effects);
  }

  absl::Time NextWakeup() const override {
    const absl::Time next = engine_.NextWakeup();
    return bug_ == Bug::kLateWakeup ? next + absl::Seconds(1) : next;
  }

 private:
  template <class E>
  void Spoil(E&) {}
  void Spoil(QueueChanged& e) {
    if (bug_ == Bug::kRelaxStepSkipped) e.rules.relax_steps.clear();
    if (bug_ == Bug::kLivesForever) e.rules.time_to_live = absl::InfiniteDuration();
    if (bug_ == Bug::kPriceForgotten) e.rules.decline_price = e.rules.expiry_price = {};
  }
  void Spoil(TicketQueued& e) {
    if (bug_ == Bug::kLanguageIgnored) e.ticket.language.clear();
    if (bug_ == Bug::kOrderBroken && ++count_ % 2 == 0) e.ticket.priority_ahead += absl::Minutes(2);
  }
  void Spoil(AgentChanged& e) {
    if (bug_ == Bug::kCapacityMiscounted) ++e.agent.capacity;
    if (bug_ == Bug::kPauseIgnored && e.agent.presence == Presence::kPaused) {
      e.agent.presence = Presence::kOnline;
    }
  }

  // The engine believes that the ticket is gone, the world that it was declined.
  bool LoseDeclined(const Event& event, absl::Time now, Effects* effects) {
    const auto* declined = std::get_if<OfferDeclined>(&event);
    if (bug_ != Bug::kLostRequeue || declined == nullptr) return false;
    const std::optional<OfferView> offer = engine_.PendingOffer(declined->offer);
    const bool valid = offer && offer->deadline > now &&
                       (declined->agent_id.empty() || declined->agent_id == offer->agent_id);
    if (!valid) return false;
    engine_.Apply(TicketGone{offer->ticket_id}, now, effects);
    for (Effect& effect : *effects) {
      auto* end = std::get_if<EndOffer>(&effect);
      if (end == nullptr || !(end->offer == declined->offer)) continue;
      end->outcome = OfferOutcome::kDeclined;
      end->reason = {};
      end->act = declined->act;
    }
    return true;
  }

  void SpoilEffects(const Event& event, absl::Time now, std::size_t before, Effects* effects) {
    switch (bug_) {
      case Bug::kDoubleOffer:
        for (Effect& effect : *effects) std::visit([](auto& e) { MergeTwins(e); }, effect);
        return;
      case Bug::kTimerNotCancelled:
        return ExpireAccepted(now, effects);
      case Bug::kRevokedAccepted:
        return AcceptEnded(event, now, effects);
      case Bug::kAnswerLost:
        std::erase_if(*effects, [](const Effect& e) {
          return std::holds_alternative<Unchanged>(e) && std::get<Unchanged>(e).act != 0;
        });
        return;
      case Bug::kAnsweredTwice:
        for (std::size_t i = before; i < effects->size(); ++i) {
          const auto* assign = std::get_if<Assign>(&(*effects)[i]);
          if (assign == nullptr || assign->act == 0) continue;
          effects->push_back(Unchanged{assign->assignment, assign->act});
          return;
        }
        return;
      default:
        return;
    }
  }

  template <class E>
  static void MergeTwins(E& e) {
    if constexpr (requires { e.ticket_id.remove_suffix(1); }) {
      if (!e.ticket_id.empty() && e.ticket_id.back() == kTwin) e.ticket_id.remove_suffix(1);
    }
  }

  void ExpireAccepted(absl::Time now, Effects* effects) {
    for (auto it = accepted_.begin(); it != accepted_.end();) {
      if (it->second > now) {
        ++it;
        continue;
      }
      effects->insert(effects->begin(), EndOffer{.offer = it->first,
                                                 .outcome = OfferOutcome::kExpired,
                                                 .reason = reason::kNotAnswered,
                                                 .end_time = now});
      it = accepted_.erase(it);
    }
    for (const Effect& effect : *effects) {
      const auto* end = std::get_if<EndOffer>(&effect);
      if (end != nullptr && end->outcome == OfferOutcome::kAccepted) {
        accepted_.emplace_back(end->offer, end->make_time + absl::Seconds(20));
      }
    }
  }

  void AcceptEnded(const Event& event, absl::Time now, Effects* effects) {
    const auto* accepted = std::get_if<OfferAccepted>(&event);
    if (accepted == nullptr) return;
    for (Effect& effect : *effects) {
      const auto* reject = std::get_if<Reject>(&effect);
      if (reject == nullptr || reject->reason != reason::kOfferRevoked) continue;
      effect = Assign{.assignment = accepted->offer,
                      .ticket_id = "t1",
                      .agent_id = "a1",
                      .queue_id = "q0",
                      .assign_time = now,
                      .act = accepted->act};
      return;
    }
  }

  // Text of effects is the engine's until its next Apply: copies, so that there can be one.
  void Keep(Effects* effects) {
    kept_.clear();
    const auto keep = [this](std::string_view& text) { text = kept_.emplace_back(text); };
    for (Effect& effect : *effects) {
      std::visit(
          [&](auto& e) {
            if constexpr (requires { keep(e.ticket_id); }) keep(e.ticket_id);
            if constexpr (requires { keep(e.agent_id); }) keep(e.agent_id);
            if constexpr (requires { keep(e.queue_id); }) keep(e.queue_id);
            if constexpr (requires { keep(e.session_id); }) keep(e.session_id);
          },
          effect);
    }
    std::erase_if(*effects,
                  [](const Effect& e) { return std::holds_alternative<DecisionMade>(e); });
  }

  const Bug bug_;
  int count_ = 0;
  std::deque<std::pair<OfferId, absl::Time>> accepted_;
  std::deque<std::string> kept_;
};

}  // namespace

std::unique_ptr<Subject> MakeSubject(Bug bug) {
  if (bug == Bug::kNone) return std::make_unique<PlainSubject>();
  return std::make_unique<PlantedSubject>(bug);
}

}  // namespace muster::fuzz
