#include "tests/bench/engine/engine_world.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "tests/bench/engine/allocations.h"

namespace muster::bench {
namespace {

constexpr std::uint32_t kSkills = 200;
constexpr std::uint32_t kQueues = 1000;
constexpr std::uint32_t kMostSkillsOfAgent = 5;
constexpr std::uint32_t kTwoSkillsEvery = 5;  // queues: every fifth wants two skills
constexpr std::uint32_t kIdleOf = 10;         // idle variant: all but one in so many
constexpr absl::Duration kJob = absl::Seconds(300);
constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kIdCharacters = 26;
constexpr std::size_t kNumberDigits = 8;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "the benchmark's world is wrong: %s\n", what);
  std::abort();
}

// Two digits for each byte: the world's own work is to cost little beside the engine's.
constexpr std::array<char, 512> kHexOfByte = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 512> hex{};
  for (std::size_t i = 0; i < 256; ++i) {
    hex[2 * i] = kDigits[i >> 4];
    hex[2 * i + 1] = kDigits[i & 15];
  }
  return hex;
}();

// 26 characters as of NewId: some that look random, then the number itself. `mixed` makes ids of
// the same number differ.
void WriteId(char kind, std::uint32_t number, std::uint64_t mixed, std::string* out) {
  out->resize(kIdCharacters);
  char* at = out->data();
  std::uint64_t bits = (mixed + number + 1) * 0xD1342543DE82EF95;
  bits ^= bits >> 29;
  at[0] = kind;
  at[1] = '-';
  for (std::size_t i = 2; i < kIdCharacters - kNumberDigits; i += 2, bits >>= 8) {
    std::memcpy(at + i, &kHexOfByte[2 * (bits & 255)], 2);
  }
  for (std::size_t i = kIdCharacters; i > kIdCharacters - kNumberDigits; i -= 2, number >>= 8) {
    std::memcpy(at + i - 2, &kHexOfByte[2 * std::size_t{number & 255}], 2);
  }
}

std::string IdOf(char kind, std::uint32_t number) {
  std::string id;
  WriteId(kind, number, 0, &id);
  return id;
}

constexpr std::string_view kSkillName = "skill-";
std::string SkillName(std::uint64_t number) {
  return std::string(kSkillName) + std::to_string(number);
}
std::size_t SkillNumber(const std::string& name) {
  return std::stoul(name.substr(kSkillName.size()));
}

template <typename Text>
std::uint32_t NumberIn(const Text& id) {
  if (id.size() != kIdCharacters) Fail("an effect has a strange id");
  std::uint32_t number = 0;
  for (std::size_t i = kIdCharacters - kNumberDigits; i < kIdCharacters; ++i) {
    number =
        number * 16 + static_cast<std::uint32_t>(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
  }
  return number;
}

bool Covers(const std::vector<engine::SkillLevel>& has, const engine::SkillLevel& need) {
  return std::any_of(has.begin(), has.end(), [&](const engine::SkillLevel& s) {
    return s.skill == need.skill && s.level >= need.level;
  });
}

template <typename Options>
Options OptionsOf(const WorldOptions& world) {
  Options options;
  if constexpr (requires { options.record_decisions; }) {
    options.record_decisions = world.record_decisions;
  }
  return options;
}

void TakeOut(std::vector<std::uint32_t>* from, std::uint32_t place) {
  (*from)[place] = from->back();
  from->pop_back();
}

}  // namespace

World::World(WorldOptions options)
    : options_(options),
      engine_(OptionsOf<engine::EngineOptions>(options)),
      step_(kJob / static_cast<std::int64_t>(options.agents)) {
  const std::uint32_t most_tickets = options_.agents + options_.waiting + 2;
  agents_.assign(options_.agents, {.place = kNowhere});
  tickets_.assign(most_tickets, {.place = kNowhere});
  for (std::uint32_t t = most_tickets; t > 0; --t) free_tickets_.push_back(t - 1);
  waiting_.reserve(most_tickets);
  busy_.reserve(options_.agents);
  effects_.reserve(64);
  HireAll();
  OccupyAll();
  FillLines();
}

std::uint64_t World::Below(std::uint64_t n) {
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  return random_state_ % n;
}

engine::AgentSpec World::MakeAgent(std::uint32_t number) {
  engine::AgentSpec spec;
  spec.agent_id = IdOf('a', number);
  const std::uint64_t count = 1 + Below(kMostSkillsOfAgent);
  while (spec.skills.size() < count) {
    engine::SkillLevel skill{SkillName(Below(kSkills)), static_cast<int>(1 + Below(5))};
    if (!Covers(spec.skills, {skill.skill, 1})) spec.skills.push_back(std::move(skill));
  }
  spec.languages = {"en"};
  spec.presence = engine::Presence::kOnline;
  spec.session_id = IdOf('c', number);
  return spec;
}

void World::MakeQueue(std::uint32_t number) {
  std::vector<engine::SkillLevel> needs = {
      {SkillName(number % kSkills), static_cast<int>(1 + number / kSkills)}};
  if (number % kTwoSkillsEvery == 0) {
    const auto& has = skills_[Below(skills_.size())];  // so that somebody has both
    needs.assign(has.begin(), has.begin() + std::min<std::ptrdiff_t>(2, std::ssize(has)));
  }
  engine::QueueChanged event{IdOf('q', number), {}};
  event.rules.required_skills = needs;
  demands_.push_back(std::move(needs));
  Apply(event);
}

void World::HireAll() {
  std::vector<engine::AgentChanged> hired;
  for (std::uint32_t a = 0; a < options_.agents; ++a) {
    engine::AgentSpec spec = MakeAgent(a);
    skills_.push_back(spec.skills);
    hired.push_back({std::move(spec)});
  }
  for (std::uint32_t q = 0; q < kQueues; ++q) MakeQueue(q);
  FindFits();
  Apply(engine::MatchingOpened{});
  const std::int64_t before = CountAllocations().live_bytes;
  for (engine::AgentChanged& event : hired) {  // nobody comes at the same moment as another
    now_ += absl::Microseconds(1);
    event.agent.presence_time = now_;
    Apply(std::move(event));
  }
  bytes_per_agent_ = static_cast<double>(CountAllocations().live_bytes - before) / options_.agents;
  skills_ = {};
}

void World::FindFits() {
  std::vector<std::vector<std::uint32_t>> by_skill(kSkills), fits(kQueues);
  for (std::uint32_t q = 0; q < kQueues; ++q)
    by_skill[SkillNumber(demands_[q][0].skill)].push_back(q);
  for (std::uint32_t a = 0; a < options_.agents; ++a) {
    first_queue_of_.push_back(static_cast<std::uint32_t>(queues_of_.size()));
    for (const engine::SkillLevel& skill : skills_[a]) {
      for (const std::uint32_t q : by_skill[SkillNumber(skill.skill)]) {
        const bool fit = std::all_of(demands_[q].begin(), demands_[q].end(),
                                     [&](const auto& need) { return Covers(skills_[a], need); });
        if (fit) {
          queues_of_.push_back(q);
          fits[q].push_back(a);
        }
      }
    }
  }
  first_queue_of_.push_back(static_cast<std::uint32_t>(queues_of_.size()));
  for (std::uint32_t q = 0; q < kQueues; ++q) {
    first_agent_of_.push_back(static_cast<std::uint32_t>(agents_of_.size()));
    agents_of_.insert(agents_of_.end(), fits[q].begin(), fits[q].end());
    if (!fits[q].empty()) usable_queues_.push_back(q);
  }
  first_agent_of_.push_back(static_cast<std::uint32_t>(agents_of_.size()));
}

// Tickets for idle agents, until as many are busy as the variant wants. Whom the engine chooses is
// its own affair. Agents that fit no queue at all stay idle.
void World::OccupyAll() {
  std::uint32_t next = 0;
  const std::uint32_t wanted =
      options_.waiting > 0 ? options_.agents : std::max(1u, options_.agents / kIdleOf);
  while (busy_.size() < wanted) {
    while (next < options_.agents && (agents_[next].place != kNowhere ||
                                      first_queue_of_[next] == first_queue_of_[next + 1])) {
      ++next;
    }
    if (next == options_.agents) return;
    now_ += step_;
    const std::uint32_t first = first_queue_of_[next];
    QueueTicket(queues_of_[first + Below(first_queue_of_[next + 1] - first)]);
    AcceptTheOffer();
  }
}

void World::FillLines() {
  if (options_.waiting == 0) return;
  const std::int64_t before = CountAllocations().live_bytes;
  for (std::uint32_t i = 0; i < options_.waiting; ++i) {
    now_ += step_;
    QueueTicket(usable_queues_[Below(usable_queues_.size())]);
  }
  if (waiting_.size() != options_.waiting) Fail("a ticket does not wait");
  bytes_per_ticket_ =
      static_cast<double>(CountAllocations().live_bytes - before) / options_.waiting;
}

void World::Apply(const engine::Event& event) {
  effects_.clear();
  engine_.Apply(event, now_, &effects_);
  if (!options_.tape) return;
  taped_.clear();
  tape_.Append(event, now_, effects_, &taped_);
}

void World::QueueTicket(std::uint32_t queue) {
  const std::uint32_t t = free_tickets_.back();
  free_tickets_.pop_back();
  tickets_[t] = {queue, static_cast<std::uint32_t>(waiting_.size())};
  waiting_.push_back(t);
  engine::TicketSpec& spec = std::get<engine::TicketQueued>(queued_).ticket;
  WriteId('t', t, Below(~std::uint64_t{0}), &spec.ticket_id);
  WriteId('q', queue, 0, &spec.queue_id);
  spec.create_time = now_;
  Apply(queued_);
}

void World::Complete(std::uint32_t a) {
  Agent& agent = agents_[a];
  agents_[busy_.back()].place = agent.place;
  TakeOut(&busy_, agent.place);
  agent.place = kNowhere;
  free_tickets_.push_back(agent.ticket);
  auto& event = std::get<engine::AssignmentCompleted>(completed_);
  event.assignment = agent.assignment;
  event.act = 1;
  WriteId('a', a, 0, &event.agent_id);
  Apply(completed_);
}

// The one that the last event led to.
void World::AcceptTheOffer() {
  const engine::MakeOffer* offer = nullptr;
  for (const engine::Effect& effect : effects_) {
    if (const auto* made = std::get_if<engine::MakeOffer>(&effect)) offer = made;
  }
  if (offer == nullptr) Fail("no offer was made");
  const std::uint32_t t = NumberIn(offer->ticket_id);
  const std::uint32_t a = NumberIn(offer->agent_id);
  tickets_[waiting_.back()].place = tickets_[t].place;
  TakeOut(&waiting_, tickets_[t].place);
  tickets_[t].place = kNowhere;
  agents_[a] = {offer->offer, t, static_cast<std::uint32_t>(busy_.size())};
  busy_.push_back(a);
  auto& event = std::get<engine::OfferAccepted>(accepted_);
  event.offer = offer->offer;
  event.act = 1;
  WriteId('a', a, 0, &event.agent_id);
  Apply(accepted_);
  const bool assigned = std::any_of(effects_.begin(), effects_.end(), [](const auto& effect) {
    return std::holds_alternative<engine::Assign>(effect);
  });
  if (!assigned) Fail("an acceptance led to no assignment");
}

// Any agent that fits; in the loaded variant, all of them are busy.
std::uint32_t World::SomeAgentOf(std::uint32_t queue) {
  const std::uint32_t first = first_agent_of_[queue];
  return agents_of_[first + Below(first_agent_of_[queue + 1] - first)];
}

void World::Decide() {
  now_ += step_;
  if (options_.waiting > 0) {
    QueueTicket(usable_queues_[Below(usable_queues_.size())]);
    // One who is sure to find a ticket, so that as many wait after it as before.
    Complete(SomeAgentOf(tickets_[waiting_[Below(waiting_.size())]].queue));
  } else {
    const std::uint32_t a = busy_[Below(busy_.size())];
    Complete(a);
    const std::uint32_t first = first_queue_of_[a];
    QueueTicket(queues_of_[first + Below(first_queue_of_[a + 1] - first)]);
  }
  AcceptTheOffer();
}

}  // namespace muster::bench
