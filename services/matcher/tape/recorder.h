// Keeps the tape of one run in memory, up to a bound; then the tape ends, and says so.
//
// Threading: belongs to the pool's sequencer. Does no I/O, and adds a copy of what is new to a
// buffer.
//
//   Recorder recorder(head, 8 << 20);
//   recorder.Add(event, now, effects);                 // right after Engine::Apply
//   TapePart part = recorder.Read(0);                  // from the beginning
//   part = recorder.Read(part.next);                   // what has come since
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "services/matcher/tape/tape.h"

namespace muster::tape {

// Whole events, as EventWriter wrote them.
struct TapePart {
  std::string events;
  std::uint64_t next = 0;  // where to go on
  bool more = false;       // there is more already
  // Nothing will ever come after this part.
  std::optional<EndReason> end;
};

class Recorder {
 public:
  // `max_bytes` 0: nothing is recorded.
  Recorder(TapeHead head, std::size_t max_bytes);

  void Add(const engine::Event& event, absl::Time now, const engine::Effects& effects);

  bool on() const { return max_bytes_ > 0; }
  const TapeHead& head() const { return head_; }
  std::size_t bytes() const { return bytes_; }
  // The events from `from`, which is 0 or a part's `next`; some 64 KiB at most, so that it is
  // quick.
  TapePart Read(std::uint64_t from) const;

 private:
  const TapeHead head_;
  const std::size_t max_bytes_;
  EventWriter writer_;
  std::string scratch_;
  // All are full but the last: of whole events, about as long as each other.
  std::deque<std::string> chunks_;
  std::deque<std::uint64_t> starts_;
  std::size_t bytes_ = 0;
  std::optional<EndReason> end_;
};

}  // namespace muster::tape
