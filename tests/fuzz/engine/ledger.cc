#include "tests/fuzz/engine/ledger.h"

#include <algorithm>
#include <variant>

namespace muster::fuzz {

using namespace engine;  // NOLINT: the vocabulary of this file

namespace {

template <class Variant>
ActToken ActOf(const Variant& of) {
  return std::visit(
      [](const auto& x) -> ActToken {
        if constexpr (requires { x.act; }) {
          return x.act;
        } else {
          return 0;
        }
      },
      of);
}

}  // namespace

void Ledger::Expect(bool ok, std::string_view subject, std::string_view what) {
  if (!ok && complaint_.empty()) complaint_ = std::string(subject) + " " + std::string(what);
}

void Ledger::CountAnswers(const Event& event, const Effects& effects) {
  const ActToken act = ActOf(event);
  int answers = 0;
  for (const Effect& effect : effects) {
    const ActToken answered = ActOf(effect);
    if (answered == 0) continue;
    ++answers;
    Expect(answered == act, "the event", "led to answers to another act");
  }
  Expect(answers == (act == 0 ? 0 : 1), "the act", "has " + std::to_string(answers) + " answers");
}

void Ledger::Learn(const Event& event, const Effects& effects, absl::Time now, absl::Time wakeup) {
  now_ = now;
  accepted_.clear();
  made_.clear();
  CountAnswers(event, effects);
  std::visit([this](const auto& e) { On(e); }, event);
  for (const Effect& effect : effects) std::visit([this](const auto& e) { See(e); }, effect);
  // Those who were offered something by this event know now who else was.
  for (const auto& [ticket, agent] : made_) CheckOrder(ticket, agent);
  CheckAfter(wakeup);
}

void Ledger::On(const TicketQueued& e) { tickets_[e.ticket.ticket_id].Take(e.ticket); }

void Ledger::On(const TicketDetailed& e) {
  if (tickets_.contains(e.ticket.ticket_id)) tickets_[e.ticket.ticket_id].Take(e.ticket);
}

void Ledger::On(const TicketGone& e) {
  const auto it = tickets_.find(e.ticket_id);
  if (it == tickets_.end() || it->second.state != TicketState::kWaiting) return;
  tickets_.erase(it);  // those that are offered or assigned go by effects
}

void Ledger::On(const AgentChanged& e) { agents_[e.agent.agent_id] = {e.agent, true, false}; }

void Ledger::On(const AgentRemoved& e) {
  if (const auto it = agents_.find(e.agent_id); it != agents_.end()) it->second.registered = false;
  for (auto& [id, ticket] : tickets_) ticket.turned_down.erase(e.agent_id);
}

void Ledger::On(const AssignmentRestored& e) {
  if (assignments_.contains(e.assignment)) return;
  Ticket& ticket = tickets_[e.ticket_id];
  const bool taken = ticket.state == TicketState::kAssigned || ticket.state == TicketState::kServed;
  if (taken) return;
  if (ticket.spec.ticket_id.empty()) ticket.spec = {e.ticket_id, e.queue_id, e.create_time};
  const bool active = e.state == AssignmentState::kActive;
  ticket.state = active ? TicketState::kAssigned : TicketState::kServed;
  ticket.reserved_for.clear();
  assignments_[e.assignment] = {e.ticket_id, e.agent_id, e.weight, !active,
                                active ? absl::InfiniteFuture() : e.wrap_up_deadline};
}

void Ledger::On(const AssignmentFailed& e) {
  const auto it = assignments_.find(e.assignment);
  if (it == assignments_.end()) return;
  Excuse(it->second.ticket, it->second.agent);
  if (e.forget_ticket) {
    tickets_.erase(it->second.ticket);
  } else {
    tickets_[it->second.ticket].state = TicketState::kWaiting;
  }
  assignments_.erase(it);
}

void Ledger::See(const MakeOffer& e) {
  Ticket& ticket = tickets_[std::string(e.ticket_id)];
  CheckOffer(e, ticket);
  const std::string agent(e.agent_id);
  offers_[e.offer] = {std::string(e.ticket_id), agent, std::string(e.queue_id), e.weight,
                      e.deadline};
  ticket.state = TicketState::kOffered;
  ticket.offers.insert(e.offer);
  if (ticket.reserved_for != agent) ticket.reserved_for.clear();
  last_offer_ = e.offer;
  made_.emplace_back(std::string(e.ticket_id), agent);
}

void Ledger::See(const MoveDeadline& e) {
  const auto it = offers_.find(e.offer);
  Expect(it != offers_.end(), "an offer", "was acknowledged that was not pending");
  if (it != offers_.end()) it->second.deadline = e.deadline;
}

void Ledger::See(const EndOffer& e) {
  const auto it = offers_.find(e.offer);
  Expect(it != offers_.end(), "an offer", "ended that was not pending");
  if (it == offers_.end()) return;
  const Offer offer = it->second;
  offers_.erase(it);
  Ticket& ticket = tickets_[offer.ticket];
  ticket.offers.erase(e.offer);
  const bool answered =
      e.outcome == OfferOutcome::kAccepted || e.outcome == OfferOutcome::kDeclined;
  Expect(!answered || now_ < offer.deadline, offer.ticket, "was answered too late");
  Expect(e.outcome != OfferOutcome::kExpired || now_ >= offer.deadline, offer.ticket,
         "expired too early");
  const QueueRules& rules = queues_[offer.queue].rules;
  Excuse(offer.ticket, offer.agent);
  if (e.outcome == OfferOutcome::kAccepted) accepted_[e.offer] = offer;
  if (e.outcome == OfferOutcome::kDeclined) TurnDown(offer, rules.decline_price);
  if (e.outcome == OfferOutcome::kExpired) TurnDown(offer, rules.expiry_price);
  if (e.outcome == OfferOutcome::kDeclined || e.outcome == OfferOutcome::kExpired) {
    ticket.reserved_for.clear();
  }
  if (e.reason == reason::kTicketGone) {
    if (ticket.offers.empty()) tickets_.erase(offer.ticket);
  } else if (ticket.offers.empty() && ticket.state == TicketState::kOffered) {
    ticket.state = TicketState::kWaiting;
  }
}

void Ledger::TurnDown(const Offer& offer, absl::Duration price) {
  tickets_[offer.ticket].turned_down[offer.agent] = now_ + price;
}

void Ledger::Excuse(const std::string& ticket, const std::string& agent) {
  const QueueRules& rules = QueueOf(tickets_[ticket]).rules;
  absl::Time& until = tickets_[ticket].excused[agent];
  until = std::max({until, now_ + rules.decline_price, now_ + rules.expiry_price});
}

void Ledger::See(const Assign& e) {
  const bool was_accepted = accepted_.erase(e.assignment) == 1;
  Expect(was_accepted, e.ticket_id, "was assigned without an accepted offer");
  const auto it = tickets_.find(std::string(e.ticket_id));
  Expect(it != tickets_.end(), e.ticket_id, "was assigned and is not known");
  if (it == tickets_.end()) return;
  Expect(it->second.state == TicketState::kWaiting || it->second.state == TicketState::kOffered,
         e.ticket_id, "was assigned twice");
  it->second.state = TicketState::kAssigned;
  it->second.reserved_for.clear();
  assignments_[e.assignment] = {std::string(e.ticket_id), std::string(e.agent_id), e.weight};
}

void Ledger::See(const StartWrapUp& e) {
  const auto it = assignments_.find(e.assignment);
  Expect(it != assignments_.end(), "an assignment", "goes to wrap-up that was not live");
  if (it == assignments_.end()) return;
  it->second.wrap_up = true;
  it->second.deadline = e.deadline;
  tickets_[it->second.ticket].state = TicketState::kServed;
}

void Ledger::See(const EndAssignment& e) {
  const auto it = assignments_.find(e.assignment);
  Expect(it != assignments_.end(), "an assignment", "ended that was not live");
  if (it == assignments_.end()) return;
  const bool taken_back = e.reason == reason::kRequeued || e.reason == reason::kTransferred ||
                          e.reason == reason::kAgentLost;
  const bool lives_on = taken_back && e.from == AssignmentState::kActive;
  if (lives_on) {
    Excuse(it->second.ticket, it->second.agent);
    tickets_[it->second.ticket].state = TicketState::kWaiting;
  } else {
    tickets_.erase(it->second.ticket);
  }
  assignments_.erase(it);
}

void Ledger::See(const RequeueTicket& e) {
  Ticket& ticket = tickets_[std::string(e.ticket_id)];
  Expect(ticket.state == TicketState::kWaiting, e.ticket_id, "was put back while somebody has it");
  ticket.spec.queue_id = std::string(e.queue_id);
  ticket.reserved_for = std::string(e.agent_id);
  ticket.turned_down.erase(ticket.reserved_for);
  ticket.put_back = true;
  if (e.reason == reason::kAgentLost) ticket.spec.interrupted = true;
}

void Ledger::See(const ExpireTicket& e) {
  const auto it = tickets_.find(std::string(e.ticket_id));
  Expect(it != tickets_.end() && it->second.state == TicketState::kWaiting, e.ticket_id,
         "expired though it did not wait");
  Expect(e.expire_time <= now_, e.ticket_id, "expired too early");
  tickets_.erase(std::string(e.ticket_id));
}

void Ledger::See(const HoldTicket& e) {
  const auto it = tickets_.find(std::string(e.ticket_id));
  Expect(it != tickets_.end() && it->second.offers.empty(), e.ticket_id,
         "was set aside while somebody has it");
  const std::uint32_t most = queues_[std::string(e.queue_id)].rules.most_refusals;
  Expect(most > 0 && e.refusals >= most, e.ticket_id, "was set aside too early");
  tickets_.erase(std::string(e.ticket_id));
}

void Ledger::See(const PauseAgent& e) {
  agents_[std::string(e.agent_id)].paused = true;
  Expect(pool_.ignored_offers_to_pause > 0 && e.ignored >= pool_.ignored_offers_to_pause,
         e.agent_id, "was paused too early");
}

void Ledger::Compare(const engine::Engine& engine) {
  for (const auto& [id, ticket] : tickets_) {
    const std::optional<TicketView> view = engine.Ticket(id);
    Expect(view.has_value(), id, "is lost");
    if (view) Expect(view->state == ticket.state, id, "is in another state than it should be");
  }
  const PoolStats pool = engine.Pool();
  Expect(pool.waiting + pool.offered + pool.assigned + pool.wrap_up == tickets_.size(),
         "the engine", "has other tickets than it was told");
  const absl::Status inside = engine.CheckInvariants();
  Expect(inside.ok(), "inside:", std::string(inside.message()));
}

}  // namespace muster::fuzz
