// What an agent was told in its session and may ask for again: the last frames, numbered.
//
// Numbers begin with 1 and have no gaps. Of the frames so many are kept as the bounds allow, the
// latest; what the agent says it has seen is let go of before that.
//
// Threading: not thread-safe; the router holds it under its lock. An idle agent's takes no more
// than its session's id.
//
//   Outbox<EncodedFrame> outbox("s-1");
//   frame.set_sequence(outbox.next());
//   outbox.Add(encoded, encoded->size(), link);
//   if (outbox.HasAllAfter(seen)) outbox.Repeat(seen, link, [&](const EncodedFrame& f) { ... });
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/availability/domain/limits.h"

namespace muster::availability {

template <class Frame>
class Outbox {
 public:
  explicit Outbox(std::string session_id) : session_id_(std::move(session_id)) {}

  const std::string& session_id() const { return session_id_; }
  // The number of the next frame.
  int64_t next() const { return last_ + 1; }

  // `link`: on which it is sent, 0 if on none.
  void Add(Frame frame, size_t bytes, uint64_t link) {
    ++last_;
    bytes_ += bytes;
    kept_.push_back({std::move(frame), bytes, link});
    size_t drop = 0;
    while (kept_.size() - drop > kMaxOutboxFrames || bytes_ > kMaxOutboxBytes) {
      bytes_ -= kept_[drop++].bytes;
    }
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(drop));
  }

  // The agent has seen everything up to `sequence`. Numbers that were never given say nothing.
  void Forget(int64_t sequence) {
    if (sequence > last_) return;
    while (!kept_.empty() && First() <= sequence) {
      bytes_ -= kept_.front().bytes;
      kept_.erase(kept_.begin());
    }
  }

  bool HasAllAfter(int64_t sequence) const { return sequence >= First() - 1 && sequence <= last_; }

  // What comes after `sequence` goes on this link, but for what has been sent on it already: an
  // agent may say hello twice before it has read what came after the first.
  template <class Fn>
  void Repeat(int64_t sequence, uint64_t link, Fn fn) {
    const int64_t skip = std::max<int64_t>(sequence + 1 - First(), 0);
    for (size_t i = static_cast<size_t>(skip); i < kept_.size(); ++i) {
      if (std::exchange(kept_[i].link, link) != link) fn(kept_[i].frame);
    }
  }

 private:
  struct Kept {
    Frame frame;
    size_t bytes;
    uint64_t link;
  };

  // The number of the first that is kept, or would be the next.
  int64_t First() const { return last_ - static_cast<int64_t>(kept_.size()) + 1; }

  std::string session_id_;
  int64_t last_ = 0;
  size_t bytes_ = 0;
  std::vector<Kept> kept_;
};

}  // namespace muster::availability
