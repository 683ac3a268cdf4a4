#include "tests/fuzz/engine/world.h"

#include <algorithm>
#include <iterator>

namespace muster::fuzz {

using namespace engine;  // NOLINT: the vocabulary of this file

namespace {

constexpr std::uint64_t kQueues = 3;
constexpr std::uint64_t kAgents = 5;
constexpr std::uint64_t kSkills = 2;
constexpr std::uint64_t kLanguages = 2;
constexpr std::size_t kMostTickets = 12;
constexpr std::uint64_t kEpochBefore = 1;  // of restored assignments
constexpr std::size_t kTail = 40;

}  // namespace

World::World(Bug bug, std::string_view bytes)
    : bug_(bug), choices_(bytes), subject_(MakeSubject(bug)) {}

std::string World::Run() {
  Step(MatchingOpened{}, now_);
  while (!choices_.empty() && wrong_.empty()) {
    now_ += choices_.OneIn(16)  ? absl::Seconds(choices_.Below(200))
            : choices_.OneIn(2) ? absl::ZeroDuration()
                                : absl::Milliseconds(250 * choices_.Below(16));
    // What is due is done first, now and then late.
    if (choices_.OneIn(2)) {
      while (wrong_.empty() && subject_->NextWakeup() < now_) {
        Step(TimePassed{}, subject_->NextWakeup());
      }
    }
    if (wrong_.empty()) Step(TimePassed{}, now_);
    if (wrong_.empty()) Step(Next(), now_);
  }
  return wrong_;
}

void World::Step(const Event& event, absl::Time at) {
  ++events_;
  effects_.clear();
  subject_->Apply(event, at, &effects_);
  if (keep_log_) {
    log_.push_back(absl::FormatTime(at, absl::UTCTimeZone()) + " " + DebugString(event));
    for (const Effect& effect : effects_) log_.push_back("  " + DebugString(effect));
  }
  ledger_.Learn(event, effects_, at, subject_->NextWakeup());
  // What a planted bug hides the engine's own views would tell: here the account must do.
  if (bug_ == Bug::kNone && ledger_.complaint().empty()) ledger_.Compare(subject_->engine());
  wrong_ = ledger_.complaint();
}

std::string World::Tail() const {
  std::string tail;
  for (std::size_t i = log_.size() - std::min(log_.size(), kTail); i < log_.size(); ++i) {
    tail += log_[i] + "\n";
  }
  return tail;
}

Event World::Next() {
  const std::uint64_t kind = choices_.Below(100);
  if (kind < 24) return Ticket(/*details=*/kind < 2);
  if (kind < 28) {
    const auto why = static_cast<GoneReason>(choices_.Below(2));
    return TicketGone{AnyTicket(), why};
  }
  if (kind < 42) return Agent();
  if (kind < 48) return Queue();
  if (kind < 50) return Pool();
  if (kind < 54) return Operations();
  if (kind < 56) return Restored();
  if (kind < 57) return MatchingClosed{};
  if (kind < 60) return MatchingOpened{};
  if (kind < 82) return OfferAct();
  return AssignmentAct();
}

std::vector<SkillLevel> World::Skills(std::uint64_t most) {
  std::vector<SkillLevel> skills;
  for (std::uint64_t n = choices_.Below(most + 1); n > 0; --n) {
    skills.push_back({choices_.Name("s", kSkills), static_cast<int>(1 + choices_.Below(5))});
  }
  return skills;
}

Event World::Queue() {
  const std::string id = choices_.Name("q", kQueues);
  if (choices_.OneIn(8)) return QueueRemoved{id};
  QueueRules rules;
  if (choices_.OneIn(2)) {
    rules.required_skills = {
        {choices_.Name("s", kSkills), static_cast<int>(1 + choices_.Below(4))}};
  }
  if (choices_.OneIn(3)) rules.preferred_skills = Skills(1);
  for (std::uint64_t n = choices_.Below(3); n > 0; --n) {
    rules.relax_steps.insert(
        rules.relax_steps.begin(),
        {absl::Seconds(10 * n), {{choices_.Name("s", kSkills), static_cast<int>(n == 1)}}, n == 2});
  }
  rules.weight = static_cast<std::uint32_t>(1 + choices_.Below(2));
  rules.priority_ahead = absl::Seconds(10 * choices_.Below(3));
  rules.offer_timeout = absl::Seconds(10 + 10 * choices_.Below(2));
  if (choices_.OneIn(2)) rules.acknowledge_timeout = absl::Seconds(5);
  if (choices_.OneIn(2)) rules.time_to_live = absl::Seconds(60 + choices_.Below(200));
  rules.after_work_time = absl::Seconds(15 * choices_.Below(2));
  rules.decline_price = absl::Seconds(40);  // always: the account keeps no history of rules
  rules.expiry_price = absl::Seconds(15);
  rules.capacity_claim_after = absl::Seconds(20 * choices_.Below(4));
  rules.target_wait = absl::Seconds(20 * choices_.Below(3));
  if (choices_.OneIn(4)) rules.offers_at_once = static_cast<std::uint32_t>(1 + choices_.Below(5));
  rules.most_refusals = static_cast<std::uint32_t>(choices_.Below(4));
  if (choices_.OneIn(8)) rules.phase = static_cast<Phase>(choices_.Below(3));
  return QueueChanged{id, rules};
}

Event World::Pool() {
  PoolRules rules;
  rules.fair_window = absl::Minutes(choices_.Below(3));
  rules.idle_bound = absl::Seconds(60 * choices_.Below(3));
  rules.loaded_price = absl::Seconds(30 * choices_.Below(3));
  rules.scarcity = !choices_.OneIn(2);
  rules.most_offers_per_agent = static_cast<std::uint32_t>(choices_.Below(3));
  rules.ignored_offers_to_pause = static_cast<std::uint32_t>(choices_.Below(4));
  if (choices_.OneIn(8)) rules.phase = static_cast<Phase>(choices_.Below(3));
  return PoolChanged{rules};
}

Event World::Agent() {
  AgentSpec spec;
  spec.agent_id = choices_.Name("a", kAgents);
  if (choices_.OneIn(10)) return AgentRemoved{spec.agent_id};
  spec.skills = {{"s0", static_cast<int>(1 + choices_.Below(5))}};
  for (const SkillLevel& s : Skills(2)) spec.skills.push_back(s);
  if (choices_.OneIn(2)) spec.languages.push_back(choices_.Name("l", kLanguages));
  spec.capacity = static_cast<std::uint32_t>(choices_.Below(4));
  spec.presence = Presence::kOnline;
  if (choices_.OneIn(4)) spec.presence = static_cast<Presence>(choices_.Below(4));
  if (choices_.OneIn(3)) spec.presence_time = now_ - absl::Seconds(choices_.Below(5));
  spec.connected = !choices_.OneIn(8);
  spec.session_id = choices_.Name("session", 3);
  return AgentChanged{spec};
}

Event World::Ticket(bool details) {
  const bool again = details || choices_.OneIn(8) || ledger_.tickets().size() >= kMostTickets;
  TicketSpec spec;
  spec.ticket_id = again ? AnyTicket() : "t" + std::to_string(++tickets_made_);
  spec.queue_id = choices_.Name("q", kQueues);
  // On whole seconds, so that ties occur.
  spec.create_time =
      absl::FromUnixSeconds(absl::ToUnixSeconds(now_)) - absl::Seconds(choices_.Below(7));
  // Never told anew: intake does not change it.
  if (const auto known = ledger_.tickets().find(spec.ticket_id); known != ledger_.tickets().end()) {
    spec.create_time = known->second.spec.create_time;
  }
  if (choices_.OneIn(4)) spec.priority_ahead = absl::Seconds(5 * choices_.Below(3));
  if (choices_.OneIn(4)) spec.language = choices_.Name("l", kLanguages);
  if (choices_.OneIn(4)) spec.extra_skills = Skills(2);
  if (choices_.OneIn(4)) spec.preferred_agent_id = choices_.Name("a", kAgents);
  spec.interrupted = choices_.OneIn(12);
  if (details) return TicketDetailed{spec};
  return TicketQueued{spec};
}

Event World::Restored() {
  AssignmentRestored e;
  e.assignment = {kEpochBefore, ++restored_made_};
  e.ticket_id = choices_.OneIn(2) ? AnyTicket() : "r" + std::to_string(restored_made_);
  e.agent_id = choices_.Name("a", kAgents);
  e.queue_id = choices_.Name("q", kQueues);
  e.weight = static_cast<std::uint32_t>(1 + choices_.Below(2));
  e.create_time = now_ - absl::Seconds(30);
  e.assign_time = now_ - absl::Seconds(10);
  if (choices_.OneIn(2)) {
    e.state = AssignmentState::kWrapUp;
    e.wrap_up_deadline = now_ + absl::Seconds(choices_.Below(20)) - absl::Seconds(5);
  }
  return e;
}

Event World::Operations() {
  if (choices_.OneIn(2)) return TicketRequeued{AnyTicket(), ++act_};
  TicketTransferred e{.ticket_id = AnyTicket(), .act = ++act_};
  if (choices_.OneIn(2)) {
    e.to_queue_id = choices_.Name("q", kQueues);
  } else {
    e.to_agent_id = choices_.Name("a", kAgents);
  }
  return e;
}

std::string World::AnyTicket() {
  const auto& known = ledger_.tickets();
  if (known.empty() || choices_.OneIn(20)) return choices_.Name("t", tickets_made_ % 200 + 2);
  return std::next(known.begin(), static_cast<std::ptrdiff_t>(choices_.Below(known.size())))->first;
}

template <class Map>
OfferId World::PickOf(const Map& map) {
  const OfferId last = ledger_.last_offer();
  if (choices_.OneIn(30)) return {kEpochBefore + choices_.Below(3), choices_.Below(250)};
  if (map.empty() || choices_.OneIn(8)) {
    return {last.epoch, last.number - std::min(last.number, choices_.Below(6))};
  }
  return std::next(map.begin(), static_cast<std::ptrdiff_t>(choices_.Below(map.size())))->first;
}

template <class Map>
std::string World::OwnerOf(const Map& map, const OfferId& id) {
  const auto it = map.find(id);
  if (it == map.end() || choices_.OneIn(20)) {
    return choices_.OneIn(2) ? "" : choices_.Name("a", kAgents);
  }
  return it->second.agent;
}

Event World::OfferAct() {
  const std::uint64_t kind = choices_.Below(8);
  const OfferId id = PickOf(ledger_.offers());
  const std::string agent = OwnerOf(ledger_.offers(), id);
  if (kind < 2) return OfferReceived{id, agent, ++act_};
  if (kind < 6) return OfferAccepted{id, agent, ++act_};
  return OfferDeclined{id, agent, ++act_};
}

Event World::AssignmentAct() {
  const std::uint64_t kind = choices_.Below(12);
  const OfferId id = PickOf(ledger_.assignments());
  const std::string agent = OwnerOf(ledger_.assignments(), id);
  if (kind < 4) return WrapUpStarted{id, agent, ++act_};
  if (kind < 10) return AssignmentCompleted{id, agent, ++act_};
  if (kind < 11) return AssignmentLost{id};
  return AssignmentFailed{id, choices_.OneIn(3)};
}

}  // namespace muster::fuzz
