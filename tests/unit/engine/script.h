// Plays an engine from a script, so that the rules' cases can be read as data.
//
// Each line is an event, or, after "=>", the effect that must follow next; an event must have
// exactly the effects that are listed below it. After each event the engine's invariants are
// checked, and that each act has got exactly one answer. "@7" before an event sets the clock to 7
// s. Not thread-safe.
//
//   RunScript(R"(
//     queue card skills=fr:2 timeout=20      agent ID, ticket ID QUEUE likewise; see script.cc for
//     the keys open agent ann skills=fr:3 ticket t1 card
//     => offer 1 t1 ann                      offers and assignments by number
//     @5 decline 1 ann
//     => ended 1 DECLINED
//   )");
#pragma once

#include <string>
#include <string_view>

#include "services/matcher/engine/engine.h"

namespace muster::engine {

inline constexpr std::uint64_t kScriptEpoch = 7;  // an id of another epoch is written "3/12"

absl::Time At(double seconds);  // on the scripts' clock

// The event of one script line, without its "@".
Event ParseEvent(std::string_view line, ActToken act);

// What a script says of an effect.
std::string Brief(const Effect& effect);

// The token that the effect answers, or 0.
ActToken AnsweredAct(const Effect& effect);

// Plays the script on the engine; fails the running test where it does not hold.
void RunScript(Engine* engine, std::string_view script);
void RunScript(std::string_view script);  // on a new one

}  // namespace muster::engine
