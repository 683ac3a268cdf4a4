// What the engine wants done in a play.
//
// Effects are dealt with in order, and what follows from them at the same instant is put down in
// `acts_` and told afterwards: the engine is never called while its effects are being read.
#include <algorithm>
#include <utility>
#include <variant>

#include "services/simulation/arrivals.h"
#include "services/simulation/play.h"

namespace muster::simulation {
namespace {

// Of a ticket: more offers than this share their luck with earlier ones.
constexpr std::uint64_t kOffersBits = 10;

}  // namespace

void Play::Deliver() {
  if (delivering_) return;
  delivering_ = true;
  const absl::Time now = TimeOf(now_);
  for (std::size_t next = 0; next < acts_.size(); ++next) {
    effects_.clear();
    engine_.Apply(acts_[next], now, &effects_);
    ++events_;
    for (const engine::Effect& effect : effects_) {
      std::visit([this](const auto& e) { Do(e); }, effect);
    }
  }
  acts_.clear();
  delivering_ = false;
}

void Play::Do(const engine::MakeOffer& effect) {
  const std::uint32_t agent = AgentOf(effect.agent_id);
  const GroupPlan& group = plan_.groups[plan_.agents[agent].group];
  Ticket& ticket = tickets_.at(SerialOf(effect.ticket_id));
  ++decisions_;
  if (ticket.counts) tally_.OfferMade(plan_.agents[agent].group);
  offers_[effect.offer.number] = {effect.offer, agent, ticket.counts};
  const std::uint64_t offer = ticket.offers++ % (1 << kOffersBits);
  const AnswerPlan& answers = group.answers;
  const bool instant = answers.delay.IsZero();
  if (instant && answers.decline_rate == 0 && answers.ignore_rate == 0) {
    return Tell(engine::OfferAccepted{effect.offer, std::string(effect.agent_id)});
  }
  Random random =
      answers_[ticket.customer.type].Of((ticket.customer.number << kOffersBits) | offer);
  const double luck = random.Uniform();
  const Nanos delay = ToNanos(answers.delay.Draw(random));
  Tell(engine::OfferReceived{effect.offer, std::string(effect.agent_id)});
  if (luck < answers.ignore_rate) return;
  const Answer answer = luck < answers.ignore_rate + answers.decline_rate ? kDecline : kAccept;
  agenda_.AddAfter(now_, delay, Kind::kAnswer, effect.offer.number, answer);
}

void Play::Do(const engine::EndOffer& effect) {
  const auto found = offers_.find(effect.offer.number);
  if (effect.outcome != engine::OfferOutcome::kAccepted && found->second.counts) {
    tally_.OfferRefused(plan_.agents[found->second.agent].group);
  }
  offers_.erase(found);
}

void Play::Do(const engine::Assign& effect) {
  Ticket& ticket = tickets_.at(SerialOf(effect.ticket_id));
  const std::uint32_t agent = AgentOf(effect.agent_id);
  ticket.agent = agent;
  ticket.weight = effect.weight;
  ticket.assignment = effect.assignment;
  WriteTime(agent);
  agents_[agent].units += effect.weight;
  EndWait(ticket, Ending::kServed);
  ticket.assigned = true;
  agenda_.AddAfter(now_, ticket.customer.handle, Kind::kWorkEnds, ticket.serial);
}

void Play::Do(const engine::StartWrapUp& effect) {
  const Ticket& ticket = tickets_.at(SerialOf(effect.ticket_id));
  agenda_.AddAfter(now_, ticket.customer.after_work, Kind::kWrapUpEnds, ticket.serial);
}

void Play::Do(const engine::EndAssignment& effect) {
  const std::uint64_t serial = SerialOf(effect.ticket_id);
  const Ticket& ticket = tickets_.at(serial);
  const std::uint32_t agent = ticket.agent;
  WriteTime(agent);
  agents_[agent].units -= ticket.weight;
  tickets_.erase(serial);
  if (agents_[agent].units == 0 && !agents_[agent].on_duty) Present(agent);
}

void Play::Do(const engine::ExpireTicket& effect) { Lose(effect.ticket_id, Ending::kExpired); }

void Play::Do(const engine::HoldTicket& effect) { Lose(effect.ticket_id, Ending::kHeld); }

void Play::Lose(std::string_view ticket_id, Ending ending) {
  const auto found = tickets_.find(SerialOf(ticket_id));
  EndWait(found->second, ending);
  tickets_.erase(found);
}

void Play::Do(const engine::PauseAgent& effect) {
  const std::uint32_t agent = AgentOf(effect.agent_id);
  const GroupPlan& group = plan_.groups[plan_.agents[agent].group];
  agents_[agent].paused = true;
  Present(agent);
  agenda_.AddAfter(now_, absl::ToInt64Nanoseconds(group.answers.back_after), Kind::kAgentBack,
                   agent);
}

std::uint32_t Play::AgentOf(std::string_view agent_id) const {
  return agent_places_.find(absl::string_view(agent_id.data(), agent_id.size()))->second;
}

// Tells the engine the agent's presence, where it is another than it was.
void Play::Present(std::uint32_t a) {
  Agent& agent = agents_[a];
  engine::Presence presence = engine::Presence::kOffline;
  if (agent.on_duty) {
    presence = agent.paused ? engine::Presence::kPaused : engine::Presence::kOnline;
  } else if (agent.units > 0) {
    presence = engine::Presence::kDraining;
  }
  if (presence == agent.told) return;
  agent.told = presence;
  engine::AgentChanged event{plan_.agents[a].spec};
  event.agent.presence = presence;
  Tell(std::move(event));
}

void Play::WriteTime(std::uint32_t a) {
  Agent& agent = agents_[a];
  const AgentPlan& plan = plan_.agents[a];
  tally_.Spent(plan.group, agent.since, now_, agent.on_duty, plan.spec.capacity, agent.units);
  agent.since = now_;
}

void Play::GiveUpPlace(const Ticket& ticket) {
  --waiting_[plan_.types[ticket.customer.type].queue];
  --all_waiting_;
  counted_waiting_ -= ticket.counts ? 1 : 0;
}

void Play::EndWait(Ticket& ticket, Ending ending) {
  GiveUpPlace(ticket);
  if (!ticket.counts) return;
  tally_.Ended(plan_.types[ticket.customer.type].queue, ticket.customer.at,
               now_ - ticket.customer.at, ending, plan_.agents[ticket.agent].group);
}

}  // namespace muster::simulation
