#include "services/matcher/tape/field_io.h"

#include "absl/strings/string_view.h"

namespace muster::tape {
namespace {

// A duration is a form, and then what the form says. Whole seconds are what rules are made of.
enum Form : std::uint8_t {
  kZero = 0,
  kSeconds = 1,       // whole seconds
  kSecondsTicks = 2,  // and quarters of a nanosecond, the finest that there is
  kForever = 3,
  kMinusForever = 4,
  kRelative = 8,  // added: the time is so much after the event's own
};
constexpr std::int64_t kTicksPerSecond = 4'000'000'000;
const absl::Duration kTick = absl::Nanoseconds(1) / 4;
// Times as near as this are written relative to the event's own, and nothing of them is lost.
constexpr absl::Duration kNear = absl::Hours(24 * 365);

// Texts: 0 announces a new one, 1 is the empty one, then the words by number.
constexpr std::uint64_t kNewText = 0;
constexpr std::uint64_t kEmptyText = 1;
constexpr std::uint64_t kFirstWord = 2;

}  // namespace

// Who reads clears its list at the same word.
std::uint64_t Words::NumberOf(std::string_view text) {
  if (numbers_.size() == kMaxWords) numbers_.clear();
  const absl::string_view key(text.data(), text.size());
  if (const auto it = numbers_.find(key); it != numbers_.end()) return it->second;
  numbers_.emplace(key, numbers_.size());
  return kNew;
}

void Words::Add(std::string_view text) {
  if (list_.size() == kMaxWords) list_.clear();
  list_.emplace_back(text);
}

void FieldWriter::Put(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    ok_ = false;
    return;
  }
  if (text.empty()) return PutNumber(kEmptyText, out_);
  if (words_ != nullptr) {
    const std::uint64_t number = words_->NumberOf(text);
    if (number != Words::kNew) return PutNumber(kFirstWord + number, out_);
  }
  PutNumber(kNewText, out_);
  PutNumber(text.size(), out_);
  out_->append(text);
}

void FieldWriter::PutDuration(absl::Duration value, std::uint8_t relative) {
  if (value == absl::InfiniteDuration()) return PutByte(relative | kForever, out_);
  if (value == -absl::InfiniteDuration()) return PutByte(relative | kMinusForever, out_);
  absl::Duration rest;
  const std::int64_t seconds = absl::IDivDuration(value, absl::Seconds(1), &rest);
  const std::int64_t ticks = absl::IDivDuration(rest, kTick, &rest);
  if (seconds == 0 && ticks == 0) return PutByte(relative | kZero, out_);
  PutByte(relative | (ticks == 0 ? kSeconds : kSecondsTicks), out_);
  PutSigned(seconds, out_);
  if (ticks != 0) PutSigned(ticks, out_);  // of the same sign
}

void FieldWriter::Put(absl::Time value) {
  const absl::Duration from_base = value - base_;
  if (from_base > -kNear && from_base < kNear) return PutDuration(from_base, kRelative);
  PutDuration(value - absl::UnixEpoch(), 0);
}

void FieldReader::Take(bool& value) {
  const std::uint8_t byte = in_->Byte();
  if (byte > 1) in_->Fail();
  value = byte == 1;
}

void FieldReader::Take(std::string& text) {
  const std::uint64_t head = in_->Number();
  if (head == kEmptyText) return text.clear();
  if (head == kNewText) {
    const std::uint64_t size = in_->Number();
    if (size == 0 || size > kMaxTextBytes) return in_->Fail();
    text = in_->Bytes(size);
    if (in_->ok()) words_->Add(text);
    return;
  }
  const std::string* word = words_->At(head - kFirstWord);
  if (word == nullptr) return in_->Fail();
  text = *word;
}

absl::Duration FieldReader::TakeDuration(std::uint8_t form) {
  switch (form) {
    case kZero:
      return absl::ZeroDuration();
    case kForever:
      return absl::InfiniteDuration();
    case kMinusForever:
      return -absl::InfiniteDuration();
    case kSeconds:
    case kSecondsTicks: {
      const std::int64_t seconds = in_->Signed();
      const std::int64_t ticks = form == kSecondsTicks ? in_->Signed() : 0;
      if (ticks <= -kTicksPerSecond || ticks >= kTicksPerSecond) break;
      return absl::Seconds(seconds) + ticks * kTick;
    }
    default:
      break;
  }
  in_->Fail();
  return absl::ZeroDuration();
}

void FieldReader::Take(absl::Duration& value) { value = TakeDuration(in_->Byte()); }

void FieldReader::Take(absl::Time& value) {
  const std::uint8_t form = in_->Byte();
  const bool relative = (form & kRelative) != 0;
  const absl::Duration duration = TakeDuration(form & ~kRelative);
  value = (relative ? base_ : absl::UnixEpoch()) + duration;
}

}  // namespace muster::tape
