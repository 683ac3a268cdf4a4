#include "services/matcher/tape/recorder.h"

#include <algorithm>
#include <utility>

namespace muster::tape {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;

}  // namespace

Recorder::Recorder(TapeHead head, std::size_t max_bytes)
    : head_(std::move(head)), max_bytes_(max_bytes) {}

void Recorder::Add(const engine::Event& event, absl::Time now, const engine::Effects& effects) {
  if (!on() || end_) return;
  scratch_.clear();
  if (!writer_.Append(event, now, effects, &scratch_)) {
    end_ = EndReason::kBeyondLimits;
  } else if (bytes_ + scratch_.size() > max_bytes_) {
    end_ = EndReason::kFull;
  }
  if (end_) {
    writer_ = EventWriter();  // the words are not needed any more
    return;
  }
  if (chunks_.empty() || chunks_.back().size() + scratch_.size() > kChunkBytes) {
    chunks_.emplace_back().reserve(std::min(max_bytes_ - bytes_, kChunkBytes));
    starts_.push_back(bytes_);
  }
  chunks_.back() += scratch_;
  bytes_ += scratch_.size();
}

TapePart Recorder::Read(std::uint64_t from) const {
  TapePart part;
  part.next = from;
  if (from < bytes_) {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), from);
    const auto chunk = static_cast<std::size_t>(after - starts_.begin() - 1);
    part.events = chunks_[chunk].substr(from - starts_[chunk]);
    part.next = starts_[chunk] + chunks_[chunk].size();
  }
  part.more = part.next < bytes_;
  if (!part.more) part.end = end_;
  return part;
}

}  // namespace muster::tape
