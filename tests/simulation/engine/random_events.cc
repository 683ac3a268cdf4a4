#include "tests/simulation/engine/random_events.h"

#include <algorithm>
#include <iterator>

namespace muster::engine {
namespace {

constexpr std::uint64_t kQueues = 4;
constexpr std::uint64_t kAgents = 9;
constexpr std::uint64_t kSkills = 3;
constexpr std::uint64_t kLanguages = 2;
constexpr std::size_t kMostTickets = 25;
constexpr std::uint64_t kEpochBefore = 1;  // of restored assignments

}  // namespace

absl::Duration RandomEvents::Pause() {
  if (OneIn(3)) return absl::ZeroDuration();
  if (OneIn(40)) return absl::Seconds(Below(300));
  return absl::Milliseconds(Below(4000));
}

std::vector<SkillLevel> RandomEvents::Skills(std::uint64_t most) {
  std::vector<SkillLevel> skills;
  for (std::uint64_t n = Below(most + 1); n > 0; --n) {
    skills.push_back({Name("s", kSkills), static_cast<int>(1 + Below(5))});
  }
  return skills;
}

Event RandomEvents::Queue() {
  const std::string id = Name("q", kQueues);
  if (OneIn(6)) return QueueRemoved{id};
  QueueRules rules;
  if (OneIn(2)) rules.required_skills = {{Name("s", kSkills), static_cast<int>(1 + Below(2))}};
  rules.weight = static_cast<std::uint32_t>(1 + Below(2));
  rules.priority_ahead = absl::Seconds(Below(3) * 10);
  rules.offer_timeout = absl::Seconds(10 + Below(2) * 10);
  if (OneIn(2)) rules.acknowledge_timeout = absl::Seconds(5);
  if (OneIn(2)) rules.time_to_live = absl::Seconds(60 + Below(200));
  rules.after_work_time = absl::Seconds(Below(2) * 15);
  if (OneIn(3)) {
    RelaxStep first{.after = absl::Seconds(5 + Below(20)),
                    .skills = {{Name("s", kSkills), static_cast<int>(Below(3))}}};
    RelaxStep second{.after = first.after + absl::Seconds(Below(30)), .any_language = true};
    rules.relax_steps = {first, second};
  }
  if (OneIn(2)) rules.preferred_skills = {{Name("s", kSkills), static_cast<int>(1 + Below(5))}};
  rules.target_wait = absl::Seconds(Below(3) * 15);
  rules.target_boost = absl::Seconds(Below(3) * 15);
  rules.missing_level_price = absl::Seconds(Below(3) * 5);
  rules.known_agent_bonus = absl::Seconds(Below(3) * 20);
  rules.capacity_claim_after = absl::Seconds(Below(3) * 10);
  rules.offers_at_once = OneIn(3) ? static_cast<std::uint32_t>(1 + Below(3)) : 1;
  rules.most_refusals = OneIn(4) ? static_cast<std::uint32_t>(1 + Below(3)) : 0;
  if (OneIn(6)) rules.phase = static_cast<Phase>(Below(3));
  rules.decline_price = absl::Seconds(40);  // the same for all: the model keeps no history of rules
  rules.expiry_price = absl::Seconds(15);
  return QueueChanged{id, rules};
}

Event RandomEvents::Pool() {
  PoolRules rules;
  rules.fair_window = absl::Seconds(Below(3) * 60);
  rules.idle_bound = absl::Seconds(Below(3) * 40);
  rules.loaded_price = absl::Seconds(Below(3) * 20);
  rules.scarcity = !OneIn(4);
  rules.scarcity_bound = absl::Seconds(Below(3) * 15);
  rules.most_offers_per_agent = static_cast<std::uint32_t>(Below(3));
  rules.ignored_offers_to_pause = static_cast<std::uint32_t>(Below(4));
  if (OneIn(6)) rules.phase = static_cast<Phase>(Below(3));
  return PoolChanged{rules};
}

Event RandomEvents::Ticket(const NaiveMatcher& model, absl::Time now, bool details) {
  const auto known = model.tickets();
  const bool again = details || OneIn(6) || known.size() >= kMostTickets;
  TicketSpec spec;
  spec.ticket_id = again ? AnyTicket(model) : "t" + std::to_string(++tickets_made_);
  spec.queue_id = Name("q", kQueues);
  // On whole seconds, so that ties occur.
  spec.create_time = absl::FromUnixSeconds(absl::ToUnixSeconds(now)) - absl::Seconds(Below(7));
  spec.priority_ahead = OneIn(4) ? absl::Seconds(Below(3) * 5) : absl::ZeroDuration();
  if (OneIn(4)) spec.language = Name("l", kLanguages);
  if (OneIn(3)) spec.extra_skills = Skills(2);
  if (OneIn(3)) spec.preferred_agent_id = Name("a", kAgents);
  spec.interrupted = OneIn(12);
  if (details) return TicketDetailed{spec};
  return TicketQueued{spec};
}

Event RandomEvents::Agent(absl::Time now) {
  AgentSpec spec;
  spec.agent_id = Name("a", kAgents);
  if (OneIn(8)) return AgentRemoved{spec.agent_id};
  spec.skills = {{"s0", static_cast<int>(1 + Below(5))}};
  for (const SkillLevel& s : Skills(3)) spec.skills.push_back(s);
  if (OneIn(2)) spec.languages.push_back(Name("l", kLanguages));
  spec.capacity = static_cast<std::uint32_t>(Below(4));
  spec.presence = Presence::kOnline;
  if (OneIn(4)) spec.presence = static_cast<Presence>(Below(4));
  if (OneIn(3)) spec.presence_time = now - absl::Seconds(Below(5)) + absl::Seconds(1);
  spec.connected = !OneIn(6);
  spec.session_id = Name("session", 3);
  return AgentChanged{spec};
}

Event RandomEvents::Restored(const NaiveMatcher& model, absl::Time now) {
  AssignmentRestored e;
  e.assignment = {kEpochBefore, ++restored_made_};
  e.ticket_id = OneIn(2) ? "r" + std::to_string(restored_made_) : AnyTicket(model);
  e.agent_id = Name("a", kAgents);
  e.queue_id = Name("q", kQueues);
  e.weight = static_cast<std::uint32_t>(1 + Below(2));
  e.create_time = now - absl::Seconds(30);
  e.assign_time = now - absl::Seconds(10);
  if (OneIn(2)) {
    e.state = AssignmentState::kWrapUp;
    e.wrap_up_deadline = now + absl::Seconds(Below(20)) - absl::Seconds(5);
  }
  return e;
}

OfferId RandomEvents::Pick(const NaiveMatcher& model, const NaiveMatcher::Pairs& from) {
  const OfferId last = model.last_offer();
  if (OneIn(30)) return {kEpochBefore + Below(3), Below(last.number + 2)};
  if (from.empty() || OneIn(10)) return {last.epoch, last.number - std::min(last.number, Below(6))};
  return std::next(from.begin(), static_cast<std::ptrdiff_t>(Below(from.size())))->first;
}

std::string RandomEvents::Owner(const NaiveMatcher::Pairs& from, const OfferId& id) {
  const auto it = from.find(id);
  if (it == from.end() || OneIn(20)) return OneIn(2) ? "" : Name("a", kAgents);
  return it->second.second;
}

std::string RandomEvents::AnyTicket(const NaiveMatcher& model) {
  const auto known = model.tickets();
  if (known.empty() || OneIn(20)) return "t" + std::to_string(1 + Below(tickets_made_ + 1));
  return std::next(known.begin(), static_cast<std::ptrdiff_t>(Below(known.size())))->first;
}

Event RandomEvents::OperationsAct(const NaiveMatcher& model) {
  if (OneIn(2)) return TicketRequeued{AnyTicket(model), ++act_};
  TicketTransferred e{.ticket_id = AnyTicket(model), .act = ++act_};
  if (OneIn(2)) {
    e.to_queue_id = Name("q", kQueues);
  } else {
    e.to_agent_id = Name("a", kAgents);
  }
  return e;
}

Event RandomEvents::Next(const NaiveMatcher& model, absl::Time now) {
  const std::uint64_t dice = Below(100);
  const NaiveMatcher::Pairs& pairs = dice < 78 ? model.offers() : model.assignments();
  if (dice < 22) return Ticket(model, now, OneIn(10));
  if (dice < 27) return TicketGone{AnyTicket(model), static_cast<GoneReason>(Below(2))};
  if (dice < 42) return Agent(now);
  if (dice < 45) return Queue();
  if (dice < 46) return Pool();
  if (dice < 50) return OperationsAct(model);
  if (dice < 52) return Restored(model, now);
  if (dice < 54) {
    if (OneIn(3)) return MatchingClosed{};
    return MatchingOpened{};
  }
  if (dice < 55) return TimePassed{};
  const OfferId id = Pick(model, pairs);
  const std::string agent = Owner(pairs, id);
  if (dice < 63) return OfferReceived{id, agent, ++act_};
  if (dice < 74) return OfferAccepted{id, agent, ++act_};
  if (dice < 78) return OfferDeclined{id, agent, ++act_};
  if (dice < 79) return AssignmentLost{id};
  if (dice < 86) return WrapUpStarted{id, agent, ++act_};
  if (dice < 98) return AssignmentCompleted{id, agent, ++act_};
  return AssignmentFailed{id, OneIn(3)};
}

}  // namespace muster::engine
