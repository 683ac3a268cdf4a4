// The course of time in a play; what the engine wants done is in play_effects.cc.
#include "services/simulation/play.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::simulation {
namespace {

constexpr std::uint64_t kAskEvery = 1 << 16;  // happenings between two calls of GoOn

constexpr std::size_t kDigits = 12;

}  // namespace

Nanos NanosOf(absl::Time time) {
  const Nanos nanos = absl::ToUnixNanos(time);
  return TimeOf(nanos) < time ? nanos + 1 : nanos;
}

std::string TicketId(std::uint64_t serial) {
  std::string id(kDigits, '0');
  for (std::size_t i = kDigits; serial > 0; serial /= 10) id[--i] += serial % 10;
  return id;
}

std::uint64_t SerialOf(std::string_view ticket_id) {
  std::uint64_t serial = 0;
  for (const char digit : ticket_id) serial = serial * 10 + static_cast<std::uint64_t>(digit - '0');
  return serial;
}

Play::Play(const Plan& plan, CustomerSource& customers, std::uint64_t replication)
    : plan_(plan),
      customers_(customers),
      engine_(engine::EngineOptions{}),
      tally_(plan),
      agents_(plan.agents.size()),
      waiting_(plan.queues.size()) {
  for (std::uint64_t type = 0; type < plan.types.size(); ++type) {
    answers_.emplace_back(plan.seed, replication, Purpose::kAnswer, type);
  }
}

void Play::SetUp() {
  Tell(engine::PoolChanged{plan_.pool});
  for (const QueuePlan& queue : plan_.queues) {
    Tell(engine::QueueChanged{queue.queue_id, queue.rules});
  }
  std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> shifts;
  for (std::uint32_t a = 0; a < plan_.agents.size(); ++a) {
    const AgentPlan& agent = plan_.agents[a];
    agent_places_[agent.spec.agent_id] = a;
    Tell(engine::AgentChanged{agent.spec});
    for (std::uint32_t s = 0; s < agent.shifts.size(); ++s) {
      shifts.push_back({agent.shifts[s].rank, a, s});
    }
  }
  std::sort(shifts.begin(), shifts.end());
  for (const auto& [rank, agent, shift] : shifts) PlanShift(agent, shift, 0);
  Tell(engine::MatchingOpened{});
  TakeNextCustomer();
}

absl::Status Play::Run(const GoOn& go_on) {
  SetUp();
  for (std::uint64_t done = 0; !Over(); ++done) {
    if (done % kAskEvery == 0 && go_on && !go_on(now_)) {
      return absl::CancelledError("interrupted");
    }
    if (next_serial_ > kMostTickets) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", kMostTickets, " tickets: shorten the horizon"));
    }
    const absl::Time wakeup = engine_.NextWakeup();
    if (wakeup < TimeOf(agenda_.NextTime())) {
      now_ = NanosOf(wakeup);
      Tell(engine::TimePassed{});
      continue;
    }
    const Happening next = agenda_.Take();
    now_ = next.at;
    Happen(next);
  }
  if (plan_.measure_until != kNever) now_ = std::max(now_, plan_.measure_until);
  for (std::uint32_t a = 0; a < agents_.size(); ++a) WriteTime(a);
  for (const auto& [serial, ticket] : tickets_) {
    if (!ticket.assigned && ticket.counts) {
      tally_.NeverServed(plan_.types[ticket.customer.type].queue);
    }
  }
  return absl::OkStatus();
}

bool Play::Over() const {
  if (agenda_.Empty() && engine_.NextWakeup() == absl::InfiniteFuture()) return true;
  if (next_customer_ || plan_.measure_until == kNever || now_ < plan_.measure_until) return false;
  return counted_waiting_ == 0 || now_ - plan_.measure_until > kLongestAftermath;
}

void Play::TakeNextCustomer() {
  next_customer_ = customers_.Next();
  if (next_customer_) agenda_.Add(next_customer_->at, Kind::kTicketComes);
}

void Play::Happen(const Happening& happening) {
  const auto agent = static_cast<std::uint32_t>(happening.subject);
  switch (happening.kind) {
    case Kind::kAgentComes:
      Go(agent, true);
      if (plan_.agents[agent].daily) {
        const Nanos from = plan_.agents[agent].shifts[happening.detail].from;
        PlanShift(agent, happening.detail, now_ - from + kDay);
      }
      return;
    case Kind::kTicketComes: {
      const Customer customer = *next_customer_;
      TakeNextCustomer();
      return Come(customer);
    }
    case Kind::kWorkEnds:
      return FinishWork(happening.subject);
    case Kind::kAgentGoes:
      return Go(agent, false);
    case Kind::kCustomerLeaves:
      return Leave(happening.subject);
    case Kind::kAnswer:
      return AnswerOffer(happening.subject, static_cast<Answer>(happening.detail));
    case Kind::kWrapUpEnds:
      return FinishWrapUp(happening.subject);
    case Kind::kAgentBack:
      return ComeBack(agent);
  }
}

void Play::PlanShift(std::uint32_t agent, std::uint64_t shift, Nanos midnight) {
  const Shift& times = plan_.agents[agent].shifts[shift];
  agenda_.Add(midnight + times.from, Kind::kAgentComes, agent, shift);
  if (times.until != kNever) agenda_.Add(midnight + times.until, Kind::kAgentGoes, agent, shift);
}

void Play::Come(const Customer& customer) {
  const TicketType& type = plan_.types[customer.type];
  const QueuePlan& queue = plan_.queues[type.queue];
  const bool counts = tally_.Counts(now_);
  if (counts) tally_.Came(type.queue, now_);
  const std::uint64_t serial = next_serial_++;
  if (plan_.most_present && tickets_.size() >= *plan_.most_present) {
    if (counts) tally_.Blocked(type.queue);
    return;
  }
  const bool full = waiting_[type.queue] >= queue.most_waiting ||
                    (plan_.most_waiting && all_waiting_ >= *plan_.most_waiting);
  Ticket& ticket = tickets_[serial];
  ticket.customer = customer;
  ticket.serial = serial;
  ticket.counts = counts;
  ++waiting_[type.queue];
  ++all_waiting_;
  counted_waiting_ += counts ? 1 : 0;
  Tell(engine::TicketQueued{{.ticket_id = TicketId(serial),
                             .queue_id = queue.queue_id,
                             .create_time = TimeOf(now_),
                             .priority_ahead = type.priority_ahead,
                             .language = type.language,
                             .extra_skills = type.extra_skills}});
  const auto found = tickets_.find(serial);
  if (found == tickets_.end() || found->second.assigned) return;
  if (full && found->second.offers == 0) {  // no agent is free for it, and no place
    if (counts) tally_.Blocked(type.queue);
    GiveUpPlace(found->second);
    tickets_.erase(found);
    return Tell(engine::TicketGone{TicketId(serial), engine::GoneReason::kOther});
  }
  agenda_.AddAfter(now_, customer.patience, Kind::kCustomerLeaves, serial);
}

void Play::Leave(std::uint64_t serial) {
  const auto found = tickets_.find(serial);
  if (found == tickets_.end() || found->second.assigned) return;
  EndWait(found->second, Ending::kLeft);
  tickets_.erase(found);
  Tell(engine::TicketGone{TicketId(serial), engine::GoneReason::kCancelled});
}

void Play::FinishWork(std::uint64_t serial) {
  const Ticket& ticket = tickets_.at(serial);
  const QueuePlan& queue = plan_.queues[plan_.types[ticket.customer.type].queue];
  const std::string& agent = plan_.agents[ticket.agent].spec.agent_id;
  const engine::AssignmentId assignment = ticket.assignment;
  if (queue.rules.after_work_time > absl::ZeroDuration() && ticket.customer.after_work > 0) {
    return Tell(engine::WrapUpStarted{assignment, agent});
  }
  Tell(engine::AssignmentCompleted{assignment, agent});
}

void Play::FinishWrapUp(std::uint64_t serial) {
  const auto found = tickets_.find(serial);
  if (found == tickets_.end()) return;  // the engine ended it first
  Tell(engine::AssignmentCompleted{found->second.assignment,
                                   plan_.agents[found->second.agent].spec.agent_id});
}

void Play::Go(std::uint32_t agent, bool on_duty) {
  WriteTime(agent);
  agents_[agent].on_duty = on_duty;
  if (!on_duty) agents_[agent].paused = false;
  Present(agent);
}

void Play::ComeBack(std::uint32_t agent) {
  if (!agents_[agent].paused) return;
  agents_[agent].paused = false;
  Present(agent);
}

void Play::AnswerOffer(std::uint64_t number, Answer answer) {
  const auto found = offers_.find(number);
  if (found == offers_.end()) return;  // it is over already
  const engine::OfferId id = found->second.id;
  const std::string& agent = plan_.agents[found->second.agent].spec.agent_id;
  if (answer == kAccept) return Tell(engine::OfferAccepted{id, agent});
  Tell(engine::OfferDeclined{id, agent});
}

PlayFigures Play::Sum() {
  PlayFigures figures = tally_.Sum();
  figures.tickets = static_cast<double>(next_serial_);
  figures.decisions = static_cast<double>(decisions_);
  figures.events = static_cast<double>(events_);
  return figures;
}

}  // namespace muster::simulation
