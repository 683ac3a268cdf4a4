#include "tests/unit/matcher/tape/events.h"

#include <deque>
#include <string>

namespace muster::tape {
namespace {

using namespace engine;  // NOLINT: events by the dozen

QueueRules Rules() {
  QueueRules rules;
  rules.required_skills = {{"chat", 2}, {"русский", 5}};
  rules.preferred_skills = {{"billing", 4}};
  rules.relax_steps = {{absl::Seconds(30), {{"chat", 1}}, false}, {absl::Seconds(90), {}, true}};
  rules.weight = 2;
  rules.priority_ahead = absl::Milliseconds(1500);
  rules.offer_timeout = absl::Seconds(15);
  rules.acknowledge_timeout = absl::Nanoseconds(1) / 4;
  rules.time_to_live = absl::InfiniteDuration();
  rules.after_work_time = absl::Nanoseconds(1'000'000'001);
  rules.decline_price = absl::Minutes(2);
  rules.expiry_price = absl::Hours(3);
  rules.target_wait = absl::Seconds(25);
  rules.target_boost = absl::Seconds(35);
  rules.missing_level_price = absl::Seconds(11);
  rules.missing_language_price = absl::Seconds(31);
  rules.known_agent_bonus = absl::Seconds(61);
  rules.capacity_claim_after = absl::Seconds(62);
  rules.offers_at_once = 3;
  rules.most_refusals = 4;
  rules.phase = Phase::kDraining;
  return rules;
}

PoolRules OfPool() {
  return {absl::Minutes(31), absl::Seconds(121), absl::Seconds(59), false, absl::Seconds(29), 5, 6,
          Phase::kPaused};
}

TicketSpec Ticket() {
  return {"ticket-01HF3Z", "cards", kStart - absl::Hours(20), -absl::Seconds(5), "pt-BR",
          {{"vip", 3}},    "ann-01"};
}

AgentSpec Agent() {
  return {"ann-01",
          {{"chat", 5}, {"billing", 1}},
          {"en", "pt-BR"},
          1000,
          Presence::kPaused,
          kStart,
          false,
          "session-7"};
}

}  // namespace

std::vector<Event> EveryEvent() {
  const OfferId id{~std::uint64_t{0}, 1'234'567};
  return {QueueChanged{"cards", Rules()},
          QueueRemoved{"cards"},
          TicketQueued{Ticket()},
          TicketDetailed{Ticket()},
          TicketGone{"ticket-01HF3Z", GoneReason::kOther},
          AgentChanged{Agent()},
          AgentRemoved{"ann-01"},
          OfferReceived{id, "ann-01", 8},
          OfferAccepted{id, "", 9},
          OfferDeclined{id, "ann-01", ~std::uint64_t{0}},
          WrapUpStarted{id, "ann-01", 11},
          AssignmentCompleted{id, "ann-01", 12},
          TicketRequeued{"ticket-01HF3Z", 13},
          TicketTransferred{"ticket-01HF3Z", "loans", "bo-02", 14},
          AssignmentRestored{id, "ticket-01HF3Z", "ann-01", "cards", 7, AssignmentState::kWrapUp,
                             absl::InfinitePast(), absl::UnixEpoch(), absl::InfiniteFuture()},
          AssignmentFailed{id, true},
          PoolChanged{OfPool()},
          AssignmentLost{id},
          MatchingOpened{},
          MatchingClosed{},
          TimePassed{}};
}

void PlayRun(const EngineOptions& options, int tickets, const Tell& tell) {
  Engine engine(options);
  Effects effects;
  absl::Time now = kStart;
  std::deque<MakeOffer> offers;
  std::deque<std::string> agents;
  std::deque<Assign> assigned;
  const auto apply = [&](const Event& event) {
    now += absl::Milliseconds(137);
    effects.clear();
    engine.Apply(event, now, &effects);
    tell(event, now, effects);
    for (const Effect& effect : effects) {
      if (const auto* e = std::get_if<MakeOffer>(&effect)) {
        offers.push_back(*e);
        agents.emplace_back(e->agent_id);
      }
      if (const auto* e = std::get_if<Assign>(&effect)) assigned.push_back(*e);
    }
  };
  apply(QueueChanged{"cards", {.required_skills = {{"chat", 2}}}});
  for (int a = 0; a < 3; ++a) {
    apply(AgentChanged{{.agent_id = "agent-" + std::to_string(a),
                        .skills = {{"chat", 2 + a}},
                        .presence = Presence::kOnline}});
  }
  apply(MatchingOpened{});
  for (int t = 0; t < tickets; ++t) {
    apply(TicketQueued{{.ticket_id = "ticket-" + std::to_string(t),
                        .queue_id = "cards",
                        .create_time = now - absl::Microseconds(10)}});
    ActToken act = static_cast<ActToken>(t) * 10;
    if (!offers.empty()) {
      const OfferId offer = offers.front().offer;
      const std::string agent = agents.front();
      offers.pop_front();
      agents.pop_front();
      apply(OfferReceived{offer, agent, ++act});
      if (t % 4 == 3) {
        apply(OfferDeclined{offer, agent, ++act});
      } else {
        apply(OfferAccepted{offer, agent, ++act});
      }
    }
    if (assigned.size() > 1) {
      const AssignmentId id = assigned.front().assignment;
      assigned.pop_front();
      apply(AssignmentCompleted{id, "", ++act});
    }
  }
}

std::string TapeOfRun(const EngineOptions& options, int tickets) {
  EventWriter writer;
  std::string events;
  PlayRun(options, tickets, [&](const auto& event, absl::Time now, const auto& effects) {
    writer.Append(event, now, effects, &events);
  });
  BlockWriter blocks;
  std::string tape = blocks.Begin({"bank", "test", options});
  tape += blocks.Events(events);
  return tape + blocks.End(EndReason::kCurrent);
}

}  // namespace muster::tape
