// A tape as a file: what a pool's engine was told and when, with a mark of what it did each time,
// so that the run can be played again and held against itself. The format is in
// docs/decisions/0012-tape.md.
//
// Pure: bytes in, bytes out. Not thread-safe.
//
//   BlockWriter blocks;                                   // writing: parts to be put after another
//   file << blocks.Begin(head) << blocks.Events(bytes) << blocks.End(EndReason::kCurrent);
//
//   MUSTER_ASSIGN_OR_RETURN(TapeReader tape, TapeReader::Open(bytes));           // reading
//   while (true) {
//     absl::StatusOr<std::optional<TapedEvent>> event = tape.Next();
//     if (!event.ok() || !event->has_value()) break;
//   }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/matcher/engine/engine.h"
#include "services/matcher/tape/event_codec.h"

namespace muster::tape {

inline constexpr std::string_view kMagic = "MUSTAPE\n";
// Rises when the fields of an event change, or their meaning: an old tape is then refused, with
// both versions named.
inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::size_t kMaxBlockBytes = 1 << 24;

struct TapeHead {
  std::string pool_id;
  std::string recorded_by;  // the program's version, for people
  engine::EngineOptions options;
};

// Why a tape ends where it ends.
enum class EndReason : std::uint8_t {
  kCurrent = 0,       // the run went on; no more was asked for
  kFull = 1,          // the matcher's bound on tapes was reached
  kBeyondLimits = 2,  // an event could not be written
  kInterrupted = 3,   // whoever fetched it stopped
};
inline constexpr EndReason kLastEndReason = EndReason::kInterrupted;
std::string_view Text(EndReason reason);

// Makes the blocks of a file, each with a check sum that covers all before it.
class BlockWriter {
 public:
  BlockWriter() = default;
  // Goes on after a block that was written elsewhere.
  static BlockWriter After(std::string_view block);

  std::string Begin(const TapeHead& head);
  // Whole events, in the order of EventWriter; at most kMaxBlockBytes.
  std::string Events(std::string_view events);
  std::string End(EndReason reason);

 private:
  std::string Seal(std::uint8_t kind, std::string_view content);

  std::uint64_t chain_ = kHashSeed;
};

class TapeReader {
 public:
  // INVALID_ARGUMENT if it is no tape, FAILED_PRECONDITION if it is one of another version,
  // DATA_LOSS if its head is damaged. `bytes` must stay.
  static absl::StatusOr<TapeReader> Open(std::string_view bytes);

  const TapeHead& head() const { return head_; }
  // Nothing after the end; DATA_LOSS where the tape is damaged or cut off.
  absl::StatusOr<std::optional<TapedEvent>> Next();
  std::uint64_t events() const { return events_; }  // read so far
  EndReason end_reason() const { return end_; }     // at the end

 private:
  explicit TapeReader(std::string_view bytes) : file_(bytes), size_(bytes.size()), block_({}) {}
  struct Block {
    std::uint8_t kind;
    std::string_view content;
  };
  absl::StatusOr<Block> NextBlock();
  absl::Status ReadHead();
  absl::Status Damaged(std::string_view what) const;

  ByteSource file_;
  std::size_t size_;
  ByteSource block_;
  std::uint64_t chain_ = kHashSeed;
  TapeHead head_;
  EventReader reader_;
  std::uint64_t events_ = 0;
  EndReason end_ = EndReason::kCurrent;
  bool ended_ = false;
};

}  // namespace muster::tape
