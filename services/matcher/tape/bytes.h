// Numbers and text as bytes, the same on every machine: the lowest layer of a tape.
//
// Whole numbers are written in groups of seven bits, the lowest first; signed ones folded so that
// small negative ones are short (both as in protobuf's "varint" and "sint64" encodings).
// Pure; not thread-safe.
//
//   std::string out;
//   PutNumber(300, &out);
//   ByteSource in(out);
//   if (in.Number() == 300 && in.ok()) ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::tape {

inline constexpr std::uint64_t kHashSeed = 0xcbf29ce484222325;

// FNV-1a, 64 bits (Fowler, Noll and Vo). Goes on from `seed`, so that parts can be chained.
std::uint64_t Hash(std::string_view bytes, std::uint64_t seed = kHashSeed);

void PutByte(std::uint8_t byte, std::string* out);
void PutNumber(std::uint64_t number, std::string* out);
void PutSigned(std::int64_t number, std::string* out);
void PutFixed32(std::uint32_t number, std::string* out);  // lowest byte first
void PutFixed64(std::uint64_t number, std::string* out);

// Takes from the front. Once something was missing or malformed ok() stays false, and everything
// that is taken is zero or empty.
class ByteSource {
 public:
  explicit ByteSource(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t Byte();
  std::uint64_t Number();
  std::int64_t Signed();
  std::uint32_t Fixed32();
  std::uint64_t Fixed64();
  std::string_view Bytes(std::uint64_t count);

  void Fail() {
    ok_ = false;
    bytes_ = {};
  }
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace muster::tape
