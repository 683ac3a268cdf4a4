#include "services/matcher/tape/tape.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace muster::tape {
namespace {

// A block: kind, size of the content, content, and a hash over all that, chained to the one before.
enum BlockKind : std::uint8_t { kHead = 'H', kEvents = 'E', kEnd = 'Z' };
constexpr std::size_t kHashBytes = 8;

struct Preamble {
  std::string bytes{kMagic};
  Preamble() { PutFixed32(kVersion, &bytes); }
};

}  // namespace

std::string_view Text(EndReason reason) {
  switch (reason) {
    case EndReason::kCurrent:
      return "the run went on";
    case EndReason::kFull:
      return "the matcher's tape was full";
    case EndReason::kBeyondLimits:
      return "an event was beyond the limits of a tape";
    case EndReason::kInterrupted:
      return "recording was interrupted";
  }
  return "";
}

BlockWriter BlockWriter::After(std::string_view block) {
  BlockWriter writer;
  if (block.size() >= kHashBytes) {
    writer.chain_ = ByteSource(block.substr(block.size() - kHashBytes)).Fixed64();
  }
  return writer;
}

std::string BlockWriter::Seal(std::uint8_t kind, std::string_view content) {
  std::string block;
  block.reserve(content.size() + 1 + 4 + kHashBytes);
  PutByte(kind, &block);
  PutFixed32(static_cast<std::uint32_t>(content.size()), &block);
  block.append(content);
  chain_ = Hash(block, chain_);
  PutFixed64(chain_, &block);
  return block;
}

std::string BlockWriter::Begin(const TapeHead& head) {
  std::string content;
  FieldWriter out(nullptr, absl::UnixEpoch(), &content);
  const auto& [epoch, first_offer_number, record_decisions] = head.options;
  out(head.pool_id, head.recorded_by, epoch, first_offer_number, record_decisions);
  return Preamble().bytes + Seal(kHead, content);
}

std::string BlockWriter::Events(std::string_view events) { return Seal(kEvents, events); }

std::string BlockWriter::End(EndReason reason) {
  const char content = static_cast<char>(reason);
  return Seal(kEnd, std::string_view(&content, 1));
}

absl::Status TapeReader::Damaged(std::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("the tape is damaged near byte ", size_ - file_.left(), ", after ", events_,
                   " events: ", absl::string_view(what.data(), what.size())));
}

absl::StatusOr<TapeReader> TapeReader::Open(std::string_view bytes) {
  TapeReader tape(bytes);
  if (tape.file_.Bytes(kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError("this is not a tape");
  }
  const std::uint32_t version = tape.file_.Fixed32();
  if (tape.file_.ok() && version != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("a tape of version ", version, "; this program plays version ", kVersion));
  }
  if (absl::Status status = tape.ReadHead(); !status.ok()) return status;
  return tape;
}

absl::Status TapeReader::ReadHead() {
  absl::StatusOr<Block> block = NextBlock();
  if (!block.ok()) return block.status();
  ByteSource content(block->content);
  Words words;
  FieldReader in(&words, absl::UnixEpoch(), &content);
  auto& [epoch, first_offer_number, record_decisions] = head_.options;
  in(head_.pool_id, head_.recorded_by, epoch, first_offer_number, record_decisions);
  if (block->kind != kHead || !content.ok() || !content.empty()) {
    return Damaged("its head cannot be read");
  }
  return absl::OkStatus();
}

absl::StatusOr<TapeReader::Block> TapeReader::NextBlock() {
  if (file_.empty()) return Damaged("it is cut off before its end");
  Block block{file_.Byte(), {}};
  const std::uint32_t size = file_.Fixed32();
  if (!file_.ok() || size > file_.left()) return Damaged("a block is cut off");
  if (size > kMaxBlockBytes) return Damaged("a block is larger than can be");
  block.content = file_.Bytes(size);
  std::string frame;
  PutByte(block.kind, &frame);
  PutFixed32(size, &frame);
  chain_ = Hash(block.content, Hash(frame, chain_));
  const std::uint64_t hash = file_.Fixed64();
  if (!file_.ok()) return Damaged("a block is cut off");
  if (hash != chain_) return Damaged("a check sum is wrong");
  return block;
}

absl::StatusOr<std::optional<TapedEvent>> TapeReader::Next() {
  if (ended_) return std::nullopt;
  while (block_.empty()) {
    absl::StatusOr<Block> block = NextBlock();
    if (!block.ok()) return block.status();
    if (block->kind == kEnd) {
      const std::uint8_t reason = ByteSource(block->content).Byte();
      if (block->content.size() != 1 || reason > static_cast<std::uint8_t>(kLastEndReason)) {
        return Damaged("its end cannot be read");
      }
      if (!file_.empty()) return Damaged("something follows its end");
      end_ = static_cast<EndReason>(reason);
      ended_ = true;
      return std::nullopt;
    }
    if (block->kind != kEvents) return Damaged("a block of an unknown kind");
    block_ = ByteSource(block->content);
  }
  absl::StatusOr<TapedEvent> event = reader_.Next(&block_);
  if (!event.ok()) return Damaged(std::string(event.status().message()));
  ++events_;
  return std::optional<TapedEvent>(*std::move(event));
}

}  // namespace muster::tape
