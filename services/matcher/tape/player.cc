#include "services/matcher/tape/player.h"

#include <utility>

namespace muster::tape {
namespace {

void Count(const engine::Effects& effects, PlayResult* result) {
  for (const engine::Effect& effect : effects) {
    const std::string text = DebugString(effect);
    result->text_hash = Hash("\n", Hash(text, result->text_hash));
    ++result->by_kind[text.substr(0, text.find('{'))];
    ++result->effects;
  }
}

Difference DifferenceOf(std::uint64_t number, const TapedEvent& taped,
                        const engine::Effects& effects) {
  Difference difference{number, taped.now, DebugString(taped.event), KindsText(taped.effects), {}};
  for (const engine::Effect& effect : effects) difference.played.push_back(DebugString(effect));
  return difference;
}

}  // namespace

absl::StatusOr<PlayResult> Play(std::string_view bytes) {
  absl::StatusOr<TapeReader> tape = TapeReader::Open(bytes);
  if (!tape.ok()) return tape.status();
  PlayResult result;
  result.head = tape->head();
  engine::Engine engine(result.head.options);
  engine::Effects effects;
  EffectsMark mark;
  std::string scratch;
  while (true) {
    absl::StatusOr<std::optional<TapedEvent>> taped = tape->Next();
    if (!taped.ok()) result.status = taped.status();
    if (!taped.ok() || !taped->has_value()) break;
    const TapedEvent& event = **taped;
    if (result.events++ == 0) result.first = event.now;
    result.last = event.now;
    effects.clear();
    engine.Apply(event.event, event.now, &effects);
    MarkOf(effects, &mark, &scratch);
    Count(effects, &result);
    if (mark == event.effects) continue;
    result.difference = DifferenceOf(result.events, event, effects);
    break;
  }
  result.end = tape->end_reason();
  return result;
}

}  // namespace muster::tape
