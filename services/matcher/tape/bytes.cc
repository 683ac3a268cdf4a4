#include "services/matcher/tape/bytes.h"

namespace muster::tape {
namespace {

constexpr std::uint64_t kHashPrime = 0x100000001b3;
constexpr int kGroupBits = 7;
constexpr std::uint8_t kMoreFollow = 0x80;
constexpr int kMostGroups = 10;  // of a 64-bit number

template <typename T>
void PutFixed(T number, std::string* out) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out->push_back(static_cast<char>(static_cast<std::uint8_t>(number >> (8 * i))));
  }
}

template <typename T>
T FixedOf(std::string_view bytes) {
  T number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    number |= static_cast<T>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  }
  return number;
}

}  // namespace

std::uint64_t Hash(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * kHashPrime;
  return hash;
}

void PutByte(std::uint8_t byte, std::string* out) { out->push_back(static_cast<char>(byte)); }

void PutNumber(std::uint64_t number, std::string* out) {
  for (; number >= kMoreFollow; number >>= kGroupBits) {
    PutByte(static_cast<std::uint8_t>(number) | kMoreFollow, out);
  }
  PutByte(static_cast<std::uint8_t>(number), out);
}

void PutSigned(std::int64_t number, std::string* out) {
  const auto bits = static_cast<std::uint64_t>(number);
  PutNumber((bits << 1) ^ (number < 0 ? ~std::uint64_t{0} : 0), out);
}

void PutFixed32(std::uint32_t number, std::string* out) { PutFixed(number, out); }
void PutFixed64(std::uint64_t number, std::string* out) { PutFixed(number, out); }

std::string_view ByteSource::Bytes(std::uint64_t count) {
  if (count > bytes_.size()) {
    Fail();
    return {};
  }
  const std::string_view taken = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return taken;
}

std::uint8_t ByteSource::Byte() {
  const std::string_view byte = Bytes(1);
  return byte.empty() ? 0 : static_cast<std::uint8_t>(byte[0]);
}

std::uint64_t ByteSource::Number() {
  std::uint64_t number = 0;
  for (int group = 0; group < kMostGroups; ++group) {
    const std::uint8_t byte = Byte();
    const std::uint64_t bits = byte & (kMoreFollow - 1);
    const int shift = group * kGroupBits;
    // One way to write each number: nothing beyond 64 bits, no empty last group.
    if ((bits << shift) >> shift != bits || (group > 0 && byte == 0)) break;
    number |= bits << shift;
    if (byte < kMoreFollow) return number;
  }
  Fail();
  return 0;
}

std::int64_t ByteSource::Signed() {
  const std::uint64_t bits = Number();
  return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

std::uint32_t ByteSource::Fixed32() { return FixedOf<std::uint32_t>(Bytes(4)); }
std::uint64_t ByteSource::Fixed64() { return FixedOf<std::uint64_t>(Bytes(8)); }

}  // namespace muster::tape
