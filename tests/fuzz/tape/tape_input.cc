#include "tests/fuzz/tape/tape_input.h"

#include <string>

#include "services/matcher/tape/player.h"

namespace muster::fuzz {

std::string_view TryTape(std::string_view bytes) {
  const absl::StatusOr<tape::PlayResult> result = tape::Play(bytes);
  if (!result.ok()) return result.status().message().empty() ? "an error says nothing" : "";
  if (result->status.ok() && bytes.size() < tape::kMagic.size()) return "nothing was played";
  return "";
}

std::string_view TryEvents(std::string_view bytes) {
  tape::EventReader reader;
  tape::ByteSource source(bytes);
  tape::EventWriter writer, second_writer;
  tape::EventReader second;
  std::string written, again;
  while (!source.empty()) {
    const absl::StatusOr<tape::TapedEvent> event = reader.Next(&source);
    if (!event.ok()) return "";
    written.clear();
    again.clear();
    if (!writer.Append(event->event, event->now, {}, &written)) return "what was read is too long";
    tape::ByteSource back(written);
    const absl::StatusOr<tape::TapedEvent> same = second.Next(&back);
    if (!same.ok() || !back.empty()) return "what was written cannot be read";
    if (same->now != event->now) return "another time was read";
    second_writer.Append(same->event, same->now, {}, &again);
    if (again != written) return "another event was read";
  }
  return "";
}

}  // namespace muster::fuzz
