// The fields of everything that is on a tape, in the order in which it is there. One list serves
// writing, reading and marking. Internal to services/matcher/tape.
//
// Each list takes its struct apart by structured binding: a field that is added to the engine's
// types does not compile until it is listed here. Then kVersion (tape.h) has to rise as well,
// unless only effects have changed.
//
// `Io` says what is done with the fields: Io::Of<T> is T, or const T when writing.
//
//   template <class Io> void Fields(Io& io, typename Io::template Of<QueueRemoved>& e);
#pragma once

#include <cstdint>
#include <string_view>

#include "services/matcher/engine/decision.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/event.h"

namespace muster::tape {

template <class Io, class T>
using Of = typename Io::template Of<T>;

// ---- numbers that stand for types and values: never used again for another meaning

template <class Event>
inline constexpr std::uint8_t kEventKind = 0;
template <class Effect>
inline constexpr std::uint8_t kEffectKind = 0;
template <class Effect>
inline constexpr std::string_view kEffectName = "";
template <class Enum>
inline constexpr Enum kLastOf = Enum{};

#define MUSTER_TAPE_EVENT(type, number) \
  template <>                           \
  inline constexpr std::uint8_t kEventKind<engine::type> = number
MUSTER_TAPE_EVENT(QueueChanged, 1);
MUSTER_TAPE_EVENT(QueueRemoved, 2);
MUSTER_TAPE_EVENT(TicketQueued, 3);
MUSTER_TAPE_EVENT(TicketDetailed, 4);
MUSTER_TAPE_EVENT(TicketGone, 5);
MUSTER_TAPE_EVENT(AgentChanged, 6);
MUSTER_TAPE_EVENT(AgentRemoved, 7);
MUSTER_TAPE_EVENT(OfferReceived, 8);
MUSTER_TAPE_EVENT(OfferAccepted, 9);
MUSTER_TAPE_EVENT(OfferDeclined, 10);
MUSTER_TAPE_EVENT(WrapUpStarted, 11);
MUSTER_TAPE_EVENT(AssignmentCompleted, 12);
MUSTER_TAPE_EVENT(TicketRequeued, 13);
MUSTER_TAPE_EVENT(TicketTransferred, 14);
MUSTER_TAPE_EVENT(AssignmentRestored, 15);
MUSTER_TAPE_EVENT(AssignmentFailed, 16);
MUSTER_TAPE_EVENT(MatchingOpened, 17);
MUSTER_TAPE_EVENT(MatchingClosed, 18);
MUSTER_TAPE_EVENT(TimePassed, 19);
MUSTER_TAPE_EVENT(PoolChanged, 20);
MUSTER_TAPE_EVENT(AssignmentLost, 21);
#undef MUSTER_TAPE_EVENT

#define MUSTER_TAPE_EFFECT(type, number)                            \
  template <>                                                       \
  inline constexpr std::uint8_t kEffectKind<engine::type> = number; \
  template <>                                                       \
  inline constexpr std::string_view kEffectName<engine::type> = #type
MUSTER_TAPE_EFFECT(MakeOffer, 1);
MUSTER_TAPE_EFFECT(MoveDeadline, 2);
MUSTER_TAPE_EFFECT(EndOffer, 3);
MUSTER_TAPE_EFFECT(Assign, 4);
MUSTER_TAPE_EFFECT(StartWrapUp, 5);
MUSTER_TAPE_EFFECT(EndAssignment, 6);
MUSTER_TAPE_EFFECT(RequeueTicket, 7);
MUSTER_TAPE_EFFECT(ExpireTicket, 8);
MUSTER_TAPE_EFFECT(ResendToAgent, 9);
MUSTER_TAPE_EFFECT(Unchanged, 10);
MUSTER_TAPE_EFFECT(Reject, 11);
MUSTER_TAPE_EFFECT(HoldTicket, 12);
MUSTER_TAPE_EFFECT(PauseAgent, 13);
MUSTER_TAPE_EFFECT(DecisionMade, 14);
#undef MUSTER_TAPE_EFFECT

template <>
inline constexpr engine::Presence kLastOf<engine::Presence> = engine::Presence::kDraining;
template <>
inline constexpr engine::Phase kLastOf<engine::Phase> = engine::Phase::kDraining;
template <>
inline constexpr engine::GoneReason kLastOf<engine::GoneReason> = engine::GoneReason::kOther;
template <>
inline constexpr engine::AssignmentState kLastOf<engine::AssignmentState> =
    engine::AssignmentState::kWrapUp;

// ---- what events are made of

template <class Io>
void Fields(Io& io, Of<Io, engine::OfferId>& id) {
  auto& [epoch, number] = id;
  io(epoch, number);
}
template <class Io>
void Fields(Io& io, Of<Io, engine::SkillLevel>& s) {
  auto& [skill, level] = s;
  io(skill, level);
}
template <class Io>
void Fields(Io& io, Of<Io, engine::RelaxStep>& s) {
  auto& [after, skills, any_language] = s;
  io(after, skills, any_language);
}
template <class Io>
void Fields(Io& io, Of<Io, engine::QueueRules>& r) {
  auto& [required, preferred, steps, weight, ahead, offer, acknowledge, live, after_work, decline,
         expiry, target, boost, level, language, known, claim, at_once, refusals, phase] = r;
  io(required, preferred, steps, weight, ahead, offer, acknowledge, live, after_work, decline,
     expiry, target, boost, level, language, known, claim, at_once, refusals, phase);
}
template <class Io>
void Fields(Io& io, Of<Io, engine::PoolRules>& r) {
  auto& [window, idle, loaded, scarcity, scarcity_bound, most_offers, ignored, phase] = r;
  io(window, idle, loaded, scarcity, scarcity_bound, most_offers, ignored, phase);
}
template <class Io>
void Fields(Io& io, Of<Io, engine::TicketSpec>& t) {
  auto& [ticket, queue, create_time, ahead, language, skills, preferred, interrupted] = t;
  io(ticket, queue, create_time, ahead, language, skills, preferred, interrupted);
}
template <class Io>
void Fields(Io& io, Of<Io, engine::AgentSpec>& a) {
  auto& [agent, skills, languages, capacity, presence, since, connected, session] = a;
  io(agent, skills, languages, capacity, presence, since, connected, session);
}

// ---- events

#define MUSTER_TAPE_FIELDS(type, ...)            \
  template <class Io>                            \
  void Fields(Io& io, Of<Io, engine::type>& x) { \
    auto& [__VA_ARGS__] = x;                     \
    io(__VA_ARGS__);                             \
  }
MUSTER_TAPE_FIELDS(QueueChanged, queue, rules)
MUSTER_TAPE_FIELDS(QueueRemoved, queue)
MUSTER_TAPE_FIELDS(TicketQueued, ticket)
MUSTER_TAPE_FIELDS(TicketDetailed, ticket)
MUSTER_TAPE_FIELDS(TicketGone, ticket, why)
MUSTER_TAPE_FIELDS(AgentChanged, agent)
MUSTER_TAPE_FIELDS(AgentRemoved, agent)
MUSTER_TAPE_FIELDS(OfferReceived, offer, agent, act)
MUSTER_TAPE_FIELDS(OfferAccepted, offer, agent, act)
MUSTER_TAPE_FIELDS(OfferDeclined, offer, agent, act)
MUSTER_TAPE_FIELDS(WrapUpStarted, assignment, agent, act)
MUSTER_TAPE_FIELDS(AssignmentCompleted, assignment, agent, act)
MUSTER_TAPE_FIELDS(TicketRequeued, ticket, act)
MUSTER_TAPE_FIELDS(TicketTransferred, ticket, to_queue, to_agent, act)
MUSTER_TAPE_FIELDS(AssignmentRestored, assignment, ticket, agent, queue, weight, state, create_time,
                   assign_time, wrap_up_deadline)
MUSTER_TAPE_FIELDS(AssignmentFailed, assignment, forget)
MUSTER_TAPE_FIELDS(AssignmentLost, assignment)
MUSTER_TAPE_FIELDS(PoolChanged, rules)
template <class Io>
void Fields(Io&, Of<Io, engine::MatchingOpened>&) {}
template <class Io>
void Fields(Io&, Of<Io, engine::MatchingClosed>&) {}
template <class Io>
void Fields(Io&, Of<Io, engine::TimePassed>&) {}

// ---- effects: only ever written, for the mark

MUSTER_TAPE_FIELDS(MakeOffer, offer, ticket, agent, queue, weight, made, deadline, timeout, waited)
MUSTER_TAPE_FIELDS(MoveDeadline, offer, agent, deadline, act)
MUSTER_TAPE_FIELDS(EndOffer, offer, ticket, agent, queue, outcome, reason, made, ended, act)
MUSTER_TAPE_FIELDS(Assign, assignment, ticket, agent, queue, weight, created, made, assigned,
                   waited, act)
MUSTER_TAPE_FIELDS(StartWrapUp, assignment, ticket, agent, queue, start, deadline, act)
MUSTER_TAPE_FIELDS(EndAssignment, assignment, ticket, agent, queue, from, reason, ended, act)
MUSTER_TAPE_FIELDS(RequeueTicket, ticket, queue, agent, reason, act)
MUSTER_TAPE_FIELDS(ExpireTicket, ticket, queue, created, expired)
MUSTER_TAPE_FIELDS(HoldTicket, ticket, queue, reason, refusals, created)
MUSTER_TAPE_FIELDS(PauseAgent, agent, reason, ignored)
MUSTER_TAPE_FIELDS(ResendToAgent, agent, session, offers, assignments)
MUSTER_TAPE_FIELDS(Unchanged, offer, act)
MUSTER_TAPE_FIELDS(Reject, code, reason, subject, act)
MUSTER_TAPE_FIELDS(Terms, wait, priority, urgency, known, idle, misfit, loaded, scarcity)
MUSTER_TAPE_FIELDS(RunnerUp, ticket, agent, terms)
MUSTER_TAPE_FIELDS(Ineligible, skill, language, offline, paused, full, declined)
MUSTER_TAPE_FIELDS(Decision, offer, ticket, agent, queue, time, trigger, step, terms, runners_up,
                   eligible, ineligible)
#undef MUSTER_TAPE_FIELDS
template <class Io>
void Fields(Io& io, Of<Io, engine::DecisionMade>& made) {
  auto& [decision] = made;
  io(*decision);
}

}  // namespace muster::tape
