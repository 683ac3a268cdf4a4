// One event after the other as bytes, each with its time and a mark of the effects that it had.
//
// The mark is the kinds of the effects and a hash over all that is in them, field by field: equal
// marks mean equal effects, byte for byte, whatever built the program. It is made without text
// (DebugString), so that recording costs little beside the engine itself.
//
// Pure; not thread-safe. Events must be read in the order in which they were written.
//
//   EventWriter writer;                                  // when recording
//   if (!writer.Append(event, now, effects, &bytes)) ... // beyond the format's limits
//   EventReader reader;                                  // when playing
//   ByteSource source(bytes);
//   absl::StatusOr<TapedEvent> taped = reader.Next(&source);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/event.h"
#include "services/matcher/tape/field_io.h"

namespace muster::tape {

struct EffectsMark {
  std::string kinds;  // a byte for each effect, in order
  std::uint64_t hash = 0;

  friend bool operator==(const EffectsMark&, const EffectsMark&) = default;
};

// "MakeOffer Assign", for people.
std::string KindsText(const EffectsMark& mark);

struct TapedEvent {
  engine::Event event;
  absl::Time now;
  EffectsMark effects;
};

class EventWriter {
 public:
  // False: something in the event is beyond field_io.h's limits; nothing more can be appended.
  bool Append(const engine::Event& event, absl::Time now, const engine::Effects& effects,
              std::string* out);

 private:
  Words words_;
  absl::Time last_ = absl::UnixEpoch();
  EffectsMark mark_;  // used again and again
  std::string scratch_;
};

class EventReader {
 public:
  // DATA_LOSS if the bytes are no event.
  absl::StatusOr<TapedEvent> Next(ByteSource* in);

 private:
  Words words_;
  absl::Time last_ = absl::UnixEpoch();
};

// `scratch` keeps its room from call to call.
void MarkOf(const engine::Effects& effects, EffectsMark* mark, std::string* scratch);

}  // namespace muster::tape
