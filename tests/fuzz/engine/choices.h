// Bytes as a source of choices: what drives the fuzz tests. A fuzzer that changes a byte changes
// one choice, and the rest stays as it was. When the bytes are used up, every choice is 0.
//
// Not thread-safe.
//
//   Choices choices(bytes);
//   while (!choices.empty()) Do(choices.Below(5));
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::fuzz {

class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}

  // 0 to n - 1, by one byte; n is at most 256.
  std::uint64_t Below(std::uint64_t n) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % n;
  }
  // True for one byte in n, and not when the bytes are used up.
  bool OneIn(std::uint64_t n) { return !bytes_.empty() && Below(n) == n - 1; }
  std::string Name(const char* prefix, std::uint64_t n) {
    return prefix + std::to_string(Below(n));
  }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

// Bytes that look random, from a seed: for runs without a fuzzer.
inline std::string RandomBytes(std::uint64_t seed, std::size_t size) {
  std::string bytes;
  std::uint64_t state = seed * 0x9E3779B97F4A7C15 + 1;
  while (bytes.size() < size) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bytes.push_back(static_cast<char>(state >> 32));
  }
  return bytes;
}

}  // namespace muster::fuzz
