// What the fuzz test looks at: an engine, or one with a bug planted between it and the world. The
// bugs are such as happen: a return that is lost, a timer that is not cancelled, a step left out.
// Planting happens here, by changing what the engine is told or what it says; the engine itself has
// no such places.
//
// Not thread-safe.
//
//   std::unique_ptr<Subject> subject = MakeSubject(Bug::kLostRequeue);
//   subject->Apply(event, now, &effects);
#pragma once

#include <memory>
#include <string_view>

#include "services/matcher/engine/engine.h"

namespace muster::fuzz {

enum class Bug {
  kNone,
  kLostRequeue,         // a declined ticket does not come back to its line
  kDoubleOffer,         // a ticket stands in its line twice
  kCapacityMiscounted,  // an agent counts as having a unit more
  kTimerNotCancelled,   // an accepted offer expires all the same
  kOrderBroken,         // some tickets stand in their line too far ahead
  kRelaxStepSkipped,    // demands do not relax
  kRevokedAccepted,     // an offer that is over can be accepted
  kPriceForgotten,      // who declined is asked again at once
  kLanguageIgnored,     // anybody does, whatever the language
  kAnswerLost,          // who repeats an act waits for ever
  kAnsweredTwice,       // an acceptance is answered two times
  kLateWakeup,          // the next deadline is told too late
  kPauseIgnored,        // a paused agent gets offers
  kLivesForever,        // waiting tickets do not expire
};

struct PlantedBug {
  Bug bug;
  std::string_view name;
  std::string_view caught_as;  // part of what the checks say about it
};
inline constexpr PlantedBug kPlantedBugs[] = {
    {Bug::kRelaxStepSkipped, "relax step skipped", "waits though"},
    {Bug::kLostRequeue, "lost requeue", "waits though"},
    {Bug::kDoubleOffer, "double offer", "is offered to too many"},
    {Bug::kCapacityMiscounted, "capacity miscounted", "beyond its capacity"},
    {Bug::kTimerNotCancelled, "timer not cancelled", "was not pending"},
    {Bug::kOrderBroken, "order broken", "was passed over"},
    {Bug::kRevokedAccepted, "revoked offer accepted", "without an accepted offer"},
    {Bug::kPriceForgotten, "price forgotten", "turned it down"},
    {Bug::kLanguageIgnored, "language ignored", "does not fit"},
    {Bug::kAnswerLost, "answer lost", "answers"},
    {Bug::kAnsweredTwice, "answered twice", "answers"},
    {Bug::kLateWakeup, "late wakeup", "wakes too late"},
    {Bug::kPauseIgnored, "pause ignored", "is not at work"},
    {Bug::kLivesForever, "expiry forgotten", "should have expired"},
};

class Subject {
 public:
  virtual ~Subject() = default;
  virtual void Apply(const engine::Event& event, absl::Time now, engine::Effects* effects) = 0;
  virtual absl::Time NextWakeup() const = 0;
  virtual const engine::Engine& engine() const = 0;
};

std::unique_ptr<Subject> MakeSubject(Bug bug);

}  // namespace muster::fuzz
