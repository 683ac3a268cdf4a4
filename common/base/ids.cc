#include "common/base/ids.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <random>

#include "absl/time/clock.h"

namespace muster {
namespace {

// Crockford's base 32: its order is the order of the bytes, so ids sort as they were made.
constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kTimeDigits = 10;
constexpr int kRandomDigits = 16;

// 80 random bits in two halves of 40.
struct Tail {
  uint64_t high = 0;
  uint64_t low = 0;
};
constexpr uint64_t kHalf = (uint64_t{1} << 40) - 1;

class UlidMaker {
 public:
  std::string Next() {
    std::lock_guard lock(mutex_);
    int64_t millis = absl::ToUnixMillis(absl::Now());
    if (millis > millis_) {
      millis_ = millis;
      // The top bit stays free, so that counting up within a millisecond cannot overflow.
      tail_ = {random_() & (kHalf >> 1), random_() & kHalf};
    } else if (tail_.low == kHalf) {
      tail_ = {tail_.high + 1, 0};
    } else {
      ++tail_.low;
    }
    std::string text(kTimeDigits + kRandomDigits, '0');
    Put(&text[0], static_cast<uint64_t>(millis_), kTimeDigits);
    Put(&text[kTimeDigits], tail_.high, kRandomDigits / 2);
    Put(&text[kTimeDigits + kRandomDigits / 2], tail_.low, kRandomDigits / 2);
    return text;
  }

 private:
  static void Put(char* out, uint64_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i, value >>= 5) out[i] = kDigits[value & 31];
  }

  static std::mt19937_64 Seeded() {
    std::random_device device;
    std::array<uint32_t, 8> words;
    std::generate(words.begin(), words.end(), [&] { return device(); });
    std::seed_seq seed(words.begin(), words.end());
    return std::mt19937_64(seed);
  }

  std::mutex mutex_;
  std::mt19937_64 random_ = Seeded();
  int64_t millis_ = 0;
  Tail tail_;
};

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string NewId(std::string_view prefix) {
  static UlidMaker* maker = new UlidMaker;
  std::string id(prefix);
  id += '-';
  id += maker->Next();
  return id;
}

bool IsValidId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength) return false;
  if (!IsAlphanumeric(id.front()) || !IsAlphanumeric(id.back())) return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsValidRequestId(std::string_view request_id) {
  if (request_id.empty() || request_id.size() > kMaxRequestIdLength) return false;
  return std::all_of(request_id.begin(), request_id.end(),
                     [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace muster
